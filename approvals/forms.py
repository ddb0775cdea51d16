"""What people type about approvals: the second person on another app's form."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.registry import get_kind
from approvals.selectors import limit_of, list_second_people, needs_approval
from approvals.units import format_amount
from core.errors import DomainError
from core.forms import CommandForm
from stores.models import Staff, Store
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
