"""What people type about approvals: the second person on another app's form, decisions, filters and limits."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.models import Request
from approvals.registry import MONEY, Kind, all_kinds, get_kind
from approvals.selectors import MINE, WAITING, RequestFilter, limit_of, list_second_people, needs_approval
from approvals.units import format_amount, unit_of
from core.errors import DomainError
from core.forms import CommandForm, LenientDateField, MoneyField, PointsField
from stores.models import Staff, Store
from stores.roles import label as role_label
from stores.selectors import list_staff_for
from stores.services import PinRefused, verify_pin


class ApproverFields(CommandForm):
    """The base of a form whose command goes through ``approvals.services.submit``: a second person on the same screen.

    The fields ``approver`` and ``approver_pin`` are missing where the person never has to ask. The form is built with
    ``actor``, ``kind`` (the registered name) and ``store``, and shown like this::

        {% form_fields form %}                              {# leaves the two fields out #}
        {% include "approvals/_approver.html" %}            {# shows them, with the person's limit #}

    A page that knows the amount asks ``form.needs_approval(amount)`` first; the part of the page then names it. The PIN
    is checked before the command, because wrong tries are counted in a transaction of their own::

        form = AdjustmentForm(request.POST or None, actor=actor, kind="points.adjustment", store=store)
        if request.method == "POST" and form.is_valid():
            try:
                approver = form.verified_approver(at=at)
                done = run_command(
                    name="points.adjust", key=form.cleaned_data["command_key"], content=form.content, actor=actor,
                    execute=lambda: approvals.services.submit(kind=..., approver=approver, ...).content,
                )
            except DomainError as refusal:
                form.refuse(refusal)
            else:
                approvals.answers.tell(request, done, _("The points are adjusted."))
                return redirect(...)
        return render(request, ..., status=422 if form.is_bound else 200)
    """

    # Fields that {% form_fields %} leaves to a part of the page of their own.
    apart: ClassVar[tuple[str, ...]] = ("approver", "approver_pin")

    approver = forms.TypedChoiceField(label=gettext_lazy("Second person"), required=False, coerce=int, empty_value=None)
    approver_pin = forms.CharField(
        label=gettext_lazy("Their PIN"),
        required=False,
        max_length=6,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, actor: Staff, kind: str, store: Store | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._actor, self._kind = actor, get_kind(kind)
        self.limit = limit_of(actor, self._kind)
        self._asked: Decimal | None = None
        if self.limit is None:
            del self.fields["approver"], self.fields["approver_pin"]
            return
        people = list_second_people(actor, self._kind, store)
        names = [(person.pk, _("approve it myself") if person == actor else str(person)) for person in people]
        field = self.fields["approver"]
        field.choices = field.widget.choices = [("", _("ask later")), *names]  # type: ignore[attr-defined]  # a choice field

    @property
    def offers_approver(self) -> bool:
        """Whether there is anything to show: the person may have to ask."""
        return "approver" in self.fields

    @property
    def limit_text(self) -> str:
        """The person's limit in the kind's unit; empty where every amount has to be asked for."""
        return format_amount(self._kind, self.limit) if self.limit else ""

    def needs_approval(self, amount: Decimal | int) -> bool:
        """Whether this amount is beyond the person's limit; the page then names both."""
        self._asked = Decimal(amount)
        return needs_approval(self._actor, self._kind, self._asked)

    @property
    def asked_text(self) -> str:
        """The amount that ``needs_approval`` was asked about, where it is beyond the limit."""
        if self._asked is None or not self.needs_approval(self._asked):
            return ""
        return format_amount(self._kind, self._asked)

    def clean(self) -> dict[str, Any]:
        """Person and PIN come together or not at all."""
        values = super().clean() or self.cleaned_data
        person, pin = values.get("approver"), values.get("approver_pin")
        if person and not pin and "approver_pin" not in self.errors:
            self.add_error("approver_pin", _("The second person types their PIN here."))
        if pin and not person and "approver" not in self.errors:
            self.add_error("approver", _("Choose whose PIN this is."))
        return values

    def verified_approver(self, *, at: datetime) -> Staff | None:
        """The person whose PIN was typed, or None where nobody was chosen. PinRefused for a wrong or locked PIN.

        Call it on a valid form, before and outside the command: it commits alone (``stores.services.verify_pin``).
        """
        person: int | None = self.cleaned_data.get("approver")
        if person is None:
            return None
        return verify_pin(staff_id=person, pin=self.cleaned_data["approver_pin"], at=at)

    def refuse(self, refusal: DomainError) -> None:
        """Put a refusal where it belongs: a PIN's beside the PIN, everything else on top of the form."""
        self.add_error("approver_pin" if isinstance(refusal, PinRefused) else None, str(refusal))

    @property
    def content(self) -> dict[str, Any]:
        """The cleaned values without key and PIN: a PIN is stored nowhere, not even as part of a digest."""
        return {name: value for name, value in super().content.items() if name != "approver_pin"}


class ApprovalForm(CommandForm):
    """Yes to the figures that are on the screen."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=500)


class RefusalForm(CommandForm):
    """No, and why."""

    note = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, help_text=gettext_lazy("The person who asked will read it.")
    )


def _kinds() -> list[tuple[str, Any]]:
    return [("", gettext_lazy("all")), *((kind.name, kind.label) for kind in all_kinds().values())]


class RequestFilterForm(forms.Form):
    """Filters of the list; nonsense in one of them is ignored, the others hold."""

    show = forms.ChoiceField(
        label=gettext_lazy("Which ones"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            (WAITING, gettext_lazy("waiting for me")),
            (MINE, gettext_lazy("asked by me")),
        ],
    )
    kind = forms.ChoiceField(label=gettext_lazy("What was asked for"), required=False, choices=_kinds)
    status = forms.ChoiceField(
        label=gettext_lazy("Status"), required=False, choices=[("", gettext_lazy("all")), *Request.Status.choices]
    )
    person = forms.TypedChoiceField(
        label=gettext_lazy("Asked or decided by"), required=False, coerce=int, empty_value=None
    )
    first_day = LenientDateField(label=gettext_lazy("From"), required=False)
    last_day = LenientDateField(label=gettext_lazy("To"), required=False)

    def __init__(self, *args: Any, staff: Staff, **options: Any) -> None:
        super().__init__(*args, **options)
        people = [(person.pk, str(person)) for person in list_staff_for(staff).prefetch_related(None)]
        field = self.fields["person"]
        field.choices = field.widget.choices = [("", _("all")), *people]  # type: ignore[attr-defined]  # a choice field

    @property
    def criteria(self) -> RequestFilter:
        """What the selector takes."""
        self.is_valid()
        values = self.cleaned_data
        return RequestFilter(
            show=values.get("show") or "",
            kind=values.get("kind") or "",
            status=values.get("status") or "",
            person_id=values.get("person"),
            first_day=values.get("first_day"),
            last_day=values.get("last_day"),
        )


Cell = tuple[str, str]


class LimitForm(forms.Form):
    """The table of limits. Only cells that the person changed are given out, so that two people do not undo each
    other's: each cell carries what it showed.
    """

    def __init__(self, *args: Any, limits: dict[Cell, Decimal | None], **options: Any) -> None:
        super().__init__(*args, **options)
        self._kinds = all_kinds()
        self._cells = {f"limit-{index}": cell for index, cell in enumerate(limits)}
        for name, cell in self._cells.items():
            self.fields[name] = self._field(self._kinds[cell[0]], cell[1], limits[cell])

    def _field(self, kind: Kind, role: str, limit: Decimal | None) -> forms.Field:
        label = _("%(kind)s, %(role)s") % {"kind": kind.label, "role": role_label(role)}
        options: dict[str, Any] = {"label": label, "required": False, "initial": limit, "show_hidden_initial": True}
        field = MoneyField(unit="", **options) if kind.unit == MONEY else PointsField(unit="", **options)
        field.widget.attrs |= {"placeholder": _("no limit"), "aria-label": label, "class": "num", "size": 7}
        return field

    @property
    def rows(self) -> list[tuple[Any, str, list[forms.BoundField]]]:
        """Each kind's label and unit with its cells, role by role."""
        found: dict[str, list[forms.BoundField]] = {}
        for name, (kind, _role) in self._cells.items():
            found.setdefault(kind, []).append(self[name])
        return [(self._kinds[kind].label, unit_of(self._kinds[kind]), cells) for kind, cells in found.items()]

    @property
    def changes(self) -> dict[Cell, Decimal | None]:
        """What ``services.change_limits`` takes."""
        values = {name: self.cleaned_data[name] for name in self.changed_data}
        return {self._cells[name]: None if value is None else Decimal(value) for name, value in values.items()}
