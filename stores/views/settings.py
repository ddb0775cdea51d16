"""The shop's settings: what holds now, what will, who decided, and what the law says."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from core import settings
from core.settings import Setting
from stores import selectors, services
from stores.forms import SettingForm
from stores.models import SettingValue, Staff


@dataclass(frozen=True)
class Row:
    """A setting as the list shows it."""

    definition: Setting
    shown: str
    default: str
    is_default: bool
    value: SettingValue | None
    coming: SettingValue | None
    coming_shown: str
    warning: Any


def shown(definition: Setting, value: Any) -> str:
    """A value in the words of the form."""
    if definition.kind is bool:
        return _("yes") if value else _("no")
    labels = {choice: str(label) for choice, label in definition.choices}
    if value in labels:
        return labels[value]
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    return f"{value:,}" if isinstance(value, int) else str(value) or _("empty")


def _row(definition: Setting, value: SettingValue | None, coming: SettingValue | None) -> Row:
    current = definition.default if value is None else definition.kind(value.value)
    return Row(
        definition=definition,
        shown=shown(definition, current),
        default=shown(definition, definition.default),
        is_default=current == definition.default,
        value=value,
        coming=coming,
        coming_shown="" if coming is None else shown(definition, definition.kind(coming.value)),
        warning=definition.warning_for(current),
    )


def setting_list(request: HttpRequest) -> HttpResponse:
    """Everything that can be set, by subject."""
    at = timezone.now()
    current, coming = selectors.list_setting_values(at), selectors.list_coming_settings(at)
    rows = [
        _row(definition, current.get(code), coming.get(code)) for code, definition in settings.definitions().items()
    ]

    def group_of(row: Row) -> str:
        return str(row.definition.group) or _("General")

    # Sorted by the first appearance of each group, so that definitions of one subject stand together.
    order = list(dict.fromkeys(group_of(row) for row in rows))
    rows.sort(key=lambda row: order.index(group_of(row)))
    groups = [(name, list(members)) for name, members in groupby(rows, key=group_of)]
    return render(request, "stores/setting_list.html", {"groups": groups})


def setting_edit(request: HttpRequest, code: str) -> HttpResponse:
    """A new dated value; the past is never rewritten."""
    definition = settings.definitions().get(code)
    if definition is None:
        raise Http404
    at = timezone.now()
    form = SettingForm(request.POST or None, definition=definition, initial={"value": settings.value(code, at)})
    if request.method == "POST" and form.is_valid() and _changed(request, form, code, at):
        messages.success(request, _("The setting is changed."))
        return redirect("stores:setting-list")
    history = [
        (row, shown(definition, definition.kind(row.value)), row.effective_at > at)
        for row in selectors.list_setting_history(code)[:50]
    ]
    context = {
        "form": form,
        "definition": definition,
        "default": shown(definition, definition.default),
        "warning": definition.warning_for(settings.value(code, at)),
        "history": history,
    }
    return render(request, "stores/setting_form.html", context, status=422 if form.is_bound else 200)


def _changed(request: HttpRequest, form: SettingForm, code: str, at: datetime) -> bool:
    try:
        services.change_setting(
            code=code,
            value=form.cleaned_data["value"],
            effective_at=form.effective_at(at),
            actor=cast("Staff", request.user),
            at=at,
        )
    except services.InvalidSetting as refused:
        form.add_error(None, str(refused))
        return False
    return True
