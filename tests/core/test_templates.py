"""Filters, tags and the habits of every template."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import engines
from django.test import RequestFactory

from core.forms import MoneyField
from core.links import Link, register
from core.templatetags import interface

ROOT = Path(settings.BASE_DIR)
TEMPLATES = [
    path
    for folder in [ROOT / "templates", *(ROOT / app / "templates" for app in settings.FIRST_PARTY_APPS)]
    for path in sorted(folder.rglob("*.html"))
]


def render(source: str, **context: Any) -> str:
    return engines["django"].from_string(source).render(context, RequestFactory().get("/list/?q=tea&cursor=abc"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ a|money }}", "¥1,234.50"),
        ("{{ b|money }}", "−¥8.20"),
        ("{{ a|money:'+' }}", "+¥1,234.50"),
        ("{{ a|money:'plain' }}", "1,234.50"),
        ("{{ none|money }}", "—"),
        ("{{ missing|money }}", "—"),
        ("{{ n|points }}", "12,380"),
        ("{{ n|points:'+' }}", "+12,380"),
        ("{{ b|quantity }}", "−8.2"),
        ("{{ ten|quantity }}", "10"),
        ("{{ share|percent }}", "12.5%"),
        ("{{ at|business_time }}", "2026-03-19 00:30"),
        ("{{ at|business_time:'seconds' }}", "2026-03-19 00:30:05"),
        ("{{ at|business_date }}", "2026-03-19"),
        ("{{ day|business_date }}", "2026-03-18"),
        ("{{ none|business_time }}", "—"),
        ("{{ midnight|last_day }}", "2026-03-18"),
        ("{{ at|last_day }}", "2026-03-19"),
        ("{{ none|last_day }}", "—"),
    ],
)
def test_figures_and_times_are_written_one_way(text: str, expected: str) -> None:
    context = {
        "a": Decimal("1234.5"),
        "b": Decimal("-8.2"),
        "n": 12380,
        "ten": Decimal("10.000"),
        "share": Decimal("0.125"),
        "at": datetime(2026, 3, 18, 16, 30, 5, tzinfo=UTC),
        "day": date(2026, 3, 18),
        "midnight": datetime(2026, 3, 18, 16, 0, tzinfo=UTC),
        "none": None,
    }

    assert render(text, **context) == expected


def test_a_badge_escapes_its_text() -> None:
    assert render("{% badge text 'tier-2' %}", text="<b>") == '<span class="badge badge-tier-2">&lt;b&gt;</span>'


def test_a_link_resolves_where_somebody_registered_it_and_is_empty_elsewhere() -> None:
    register(Link("test-stores", "stores:store-edit", "Store", kwargs=("pk",)))

    assert interface.link("test-stores:7") == "/stores/7/"
    assert interface.link("test-stores:x") == ""
    assert interface.link("nobody:7") == ""
    assert interface.link("") == ""


class SampleForm(forms.Form):
    amount = MoneyField(label="Amount", help_text="Before tax.")
    note = forms.CharField(label="Note", required=False)
    agreed = forms.BooleanField(label="Agreed")
    ways = forms.MultipleChoiceField(label="Ways", choices=[("a", "A")], widget=forms.CheckboxSelectMultiple)
    secret = forms.IntegerField(widget=forms.HiddenInput)


def test_a_field_is_wired_up_for_screen_readers() -> None:
    form = SampleForm({"amount": "x", "secret": "y"})

    html = render("{% form_fields form %}", form=form)

    assert '<label for="id_amount">Amount</label>' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_amount_helptext id_amount_error"' in html
    assert 'id="id_amount_helptext"' in html
    assert 'id="id_amount_error"' in html
    assert '<span class="field-unit">¥</span>' in html
    assert "<legend" in html
    assert html.index("alert-danger") < html.index("id_amount")
    assert html.count('name="secret"') == 1


def test_only_optional_fields_say_so() -> None:
    html = render("{% field form.note %}{% field form.amount %}", form=SampleForm())

    assert html.count('class="optional"') == 1


def test_pages_keep_the_filters_and_drop_the_cursor() -> None:
    page = Paginator(range(100), 10).get_page(2)

    html = render("{% pagination page target='rows' %}", page=page)

    assert 'href="?q=tea&amp;cursor=abc&amp;page=3"' in html
    assert 'hx-target="#rows"' in html
    assert '<span aria-current="page">2</span>' in html


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_template_has_inline_style_script_or_unescaped_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"\shx-on", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "<style" not in text
    assert "|safe" not in text
    assert "autoescape off" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_template_compiles(path: Path) -> None:
    engines["django"].from_string(path.read_text(encoding="utf-8"))


def test_classes_that_the_style_sheet_documents_exist() -> None:
    css = (ROOT / "static" / "app.css").read_text(encoding="utf-8")
    comment, rules = css.split("*/", 1)

    documented = set(re.findall(r"(?<=[\s(])\.([a-z][a-z-]+[a-z])(?![\w-])", comment))

    assert len(documented) > 60
    assert {name for name in documented if f".{name}" not in rules} == set()
