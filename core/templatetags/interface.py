"""Filters and tags that every template has without loading: figures, times, badges, form fields, lists, charts."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, Form, RadioSelect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import charts, links
from core.charts import Chart, Series
from core.days import local_day, zone

register = template.Library()

MINUS = "\u2212"
NOTHING = "\u2014"


def _signed(number: Decimal | int, figures: str, *, plus: bool) -> str:
    sign = MINUS if number < 0 else "+" if plus and number > 0 else ""
    return f"{sign}{figures}"


@register.filter
def money(amount: Decimal | int | None, option: str = "") -> str:
    """``¥1,234.50``; a real minus before the symbol; a dash for None. ``"+"`` shows the sign, ``"plain"`` no symbol."""
    if amount is None or amount == "":
        return NOTHING
    value = Decimal(amount)
    symbol = "" if option == "plain" else settings.CURRENCY_SYMBOL
    return _signed(value, f"{symbol}{abs(value):,.2f}", plus=option == "+")


@register.filter
def points(number: int | None, option: str = "") -> str:
    """``12,380``; a dash for None; ``"+"`` shows the sign of a gain."""
    if number is None:
        return NOTHING
    return _signed(number, f"{abs(int(number)):,}", plus=option == "+")


@register.filter
def quantity(number: Decimal | int | None) -> str:
    """``1.264`` or ``2``: up to three places, none that are empty."""
    if number is None:
        return NOTHING
    value = Decimal(number)
    figures = f"{abs(value):,.3f}".rstrip("0").rstrip(".")
    return _signed(value, figures, plus=False)


@register.filter
def percent(share: Decimal | int | None, places: int = 1) -> str:
    """``0.125`` as ``12.5%``; a dash for None."""
    if share is None:
        return NOTHING
    value = Decimal(share) * 100
    return _signed(value, f"{abs(value):,.{places}f}%", plus=False)


@register.filter
def business_time(at: datetime | None, option: str = "") -> str:
    """``2026-03-18 12:00`` in the installation's zone; ``"seconds"`` adds them."""
    if at is None:
        return NOTHING
    return timezone.localtime(at, zone()).strftime("%Y-%m-%d %H:%M:%S" if option == "seconds" else "%Y-%m-%d %H:%M")


@register.filter
def business_date(at: datetime | date | None) -> str:
    """``2026-03-18``: the local day of an instant, or a day as it is."""
    if at is None:
        return NOTHING
    return (timezone.localtime(at, zone()).date() if isinstance(at, datetime) else at).isoformat()


@register.filter
def last_day(ends_at: datetime | None) -> str:
    """The day that people mean by "valid until": the last local day before an exclusive end; a dash for no end."""
    if ends_at is None:
        return NOTHING
    return local_day(ends_at - timedelta(microseconds=1)).isoformat()


@register.simple_tag
def badge(text: Any, kind: str = "neutral") -> SafeString:
    """A small label; ``kind`` is success, warning, danger, info, accent, neutral or tier-0 ... tier-5."""
    return format_html('<span class="badge badge-{}">{}</span>', kind, text)


@register.simple_tag
def link(source: str) -> str:
    """The URL of ``kind:id`` (an entry's source), or nothing: ``{% link entry.source as url %}{% if url %}``."""
    return links.resolve(source) or ""


@register.filter
def link_label(source: str) -> str:
    """``kind:id`` in words."""
    return links.label_of(source)


@register.inclusion_tag("components/_field.html")
def field(bound: BoundField, unit: Any = "", wide: bool = False) -> dict[str, Any]:
    """One form field with label, unit, help and errors, wired up for screen readers."""
    widget = bound.field.widget
    kind = "input"
    if isinstance(widget, CheckboxInput):
        kind = "check"
    elif isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        kind = "choices"
    return {"field": bound, "kind": kind, "unit": unit or getattr(bound.field, "unit", ""), "wide": wide}


@register.inclusion_tag("components/_form_errors.html")
def form_errors(form: Form) -> dict[str, Any]:
    """The refusals that belong to no single field, and those of hidden ones."""
    hidden = [error for bound in form.hidden_fields() for error in bound.errors]
    return {"errors": [*form.non_field_errors(), *hidden]}


@register.inclusion_tag("components/_form_fields.html")
def form_fields(form: Form) -> dict[str, Any]:
    """All of a form's fields in order, hidden ones and general errors first; those that it names in ``apart`` are left
    to a part of the page of their own.
    """
    apart = getattr(form, "apart", ())
    return {"form": form, "fields": [bound for bound in form.visible_fields() if bound.name not in apart]}


@register.inclusion_tag("components/_pagination.html", takes_context=True)
def pagination(context: template.Context, page: Any, target: str = "") -> dict[str, Any]:
    """The foot of a list: count, page size, previous and next; ``target`` is the id that htmx swaps."""
    return {"page": page, "target": target, "request": context.get("request")}


@register.inclusion_tag("components/_sort_header.html", takes_context=True)
def sort_header(
    context: template.Context, page: Any, name: str, label: Any, numeric: bool = False, target: str = ""
) -> dict[str, Any]:
    """A column heading that sorts: first click ascending (numbers: descending), then the other way."""
    current = page.sort == name
    down = (not page.descending) if current else numeric
    direction = ("descending" if page.descending else "ascending") if current else ""
    return {
        "label": label,
        "key": f"-{name}" if down else name,
        "direction": direction,
        "numeric": numeric,
        "target": target,
        "request": context.get("request"),
    }


@register.inclusion_tag("components/_empty.html")
def empty_state(title: Any, text: Any = "", url: str = "", label: Any = "", icon: str = "inbox") -> dict[str, Any]:
    """What stands where a list has no rows: what it means and what to do next."""
    return {"title": title, "text": text, "url": url, "label": label, "icon": icon}


def _drawn(chart: Chart, head: Any = "") -> dict[str, Any]:
    return {"chart": chart, "head": head}


@register.inclusion_tag("components/_chart.html")
def line_chart(title: Any, labels: list[str], series: list[Series], head: Any = "") -> dict[str, Any]:
    """Lines over time, with the table beside. ``head`` names its first column."""
    return _drawn(charts.line(str(title), labels, series), head)


@register.inclusion_tag("components/_chart.html")
def bar_chart(title: Any, labels: list[str], series: list[Series], head: Any = "") -> dict[str, Any]:
    """Bars side by side."""
    return _drawn(charts.bar(str(title), labels, series), head)


@register.inclusion_tag("components/_chart.html")
def stacked_bar_chart(title: Any, labels: list[str], series: list[Series], head: Any = "") -> dict[str, Any]:
    """Bars on top of each other."""
    return _drawn(charts.stacked_bar(str(title), labels, series), head)


@register.inclusion_tag("components/_chart.html")
def donut_chart(title: Any, labels: list[str], values: list[Any], head: Any = "") -> dict[str, Any]:
    """Shares of a whole."""
    return _drawn(charts.donut(str(title), labels, values), head)


@register.inclusion_tag("components/_chart.html")
def heat_map(title: Any, columns: list[str], series: list[Series], head: Any = "") -> dict[str, Any]:
    """Weekday by hour, or anything else in a grid."""
    return _drawn(charts.heat_map(str(title), columns, series), head)


@register.filter
def chart_figure(number: Decimal | int) -> str:
    """A number in a chart's table."""
    return charts.text_of(number)


@register.filter
def chart_shade(index: int) -> int:
    """The colour number of a series, counted from 0: six colours, then again."""
    return index % charts.SERIES + 1
