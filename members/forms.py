"""What people type about members, turned into domain values."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.forms import CommandForm, LenientDateField
from members import identity, registry, services
from members.models import Card, Member
from members.selectors import MemberFilter
from members.services import MemberData

_MONTHS = [("", _("month"))] + [(str(number), str(number)) for number in range(1, 13)]
_DAYS = [("", _("day"))] + [(str(number), str(number)) for number in range(1, 32)]


class MemberForm(forms.Form):
    """A member's own data. Changing a member, the phone is left empty to keep it: the full number is not shown."""

    name = forms.CharField(label=_("Full name"), max_length=60, required=False)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    gender = forms.ChoiceField(label=_("Gender"), choices=Member.Gender.choices, initial=Member.Gender.UNKNOWN)
    birth_calendar = forms.ChoiceField(
        label=_("Birthday by calendar"), choices=Member.Calendar.choices, initial=Member.Calendar.SOLAR
    )
    birth_year = forms.IntegerField(
        label=_("Year of birth"), min_value=1900, max_value=2099, required=False, help_text=_("May stay empty.")
    )
    birth_month = forms.TypedChoiceField(
        label=_("Month of birth"), choices=_MONTHS, coerce=int, empty_value=None, required=False
    )
    birth_day = forms.TypedChoiceField(
        label=_("Day of birth"), choices=_DAYS, coerce=int, empty_value=None, required=False
    )
    birth_month_is_leap = forms.BooleanField(
        label=_("Leap month (lunar calendar only)"),
        required=False,
        help_text=_("Kept in the ordinary month of the same number."),
    )
    email = forms.EmailField(label=_("Email"), required=False, max_length=254)
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    notes = forms.CharField(label=_("Notes"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def clean_phone(self) -> str:
        """The canonical number."""
        text = str(self.cleaned_data["phone"])
        if not text:
            return ""
        try:
            return identity.normalize_phone(text)
        except identity.InvalidPhone as error:
            raise ValidationError(_("This is not a phone number.")) from error

    def data_of_member(self, **more: Any) -> MemberData:
        """The typed values for the services."""
        values = {name: self.cleaned_data[name] for name in MemberForm.base_fields}
        # The leap box may stay ticked from an earlier choice of calendar.
        values["birth_month_is_leap"] = (
            values["birth_month_is_leap"] and values["birth_calendar"] == Member.Calendar.LUNAR
        )
        return MemberData(**{**values, **more})


class MemberCreateForm(MemberForm, CommandForm):
    """A new member; sent twice it registers once."""


class MemberEditForm(MemberForm):
    """Changes of a member."""

    remove_phone = forms.BooleanField(label=_("Remove the phone number"), required=False)

    @classmethod
    def initial_of(cls, member: Member) -> dict[str, Any]:
        """The present values, without the phone."""
        return {name: getattr(member, name) for name in MemberForm.base_fields if name != "phone"}

    def clean(self) -> dict[str, Any]:
        """A new number and "remove" contradict each other."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("phone") and cleaned.get("remove_phone"):
            self.add_error("phone", _("Either enter a new number or remove the present one."))
        return cleaned

    def phone_to_store(self) -> str | None:
        """The new number, "" to remove it, None to keep the present one."""
        if self.cleaned_data["remove_phone"]:
            return ""
        return self.cleaned_data["phone"] or None


class ReasonForm(forms.Form):
    """Why something is done that needs a reason."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}), strip=True)


class MemberFilterForm(forms.Form):
    """The filter bar of the list; what does not fit narrows nothing."""

    search = forms.CharField(label=_("Search"), max_length=60, required=False)
    status = forms.ChoiceField(label=_("Status"), required=False)
    source = forms.ChoiceField(label=_("Source"), required=False)
    store = forms.TypedChoiceField(label=_("Store"), required=False, coerce=int, empty_value=None)
    gender = forms.ChoiceField(label=_("Gender"), required=False)
    registered_from = LenientDateField(label=_("Registered from"), required=False)
    registered_until = LenientDateField(label=_("until"), required=False)

    def __init__(self, data: Mapping[str, Any], *, stores: list[tuple[int, str]]) -> None:
        super().__init__(data)
        for name, choices in (
            ("status", Member.Status.choices),
            ("source", Member.Source.choices),
            ("gender", Member.Gender.choices),
            ("store", stores),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (tells the type checker)
            field.choices = [("", _("all")), *choices]
        self.fields["search"].widget.attrs.update(
            {"type": "search", "placeholder": _("Name, pinyin, phone, last 4 digits, number")}
        )

    @property
    def criteria(self) -> MemberFilter:
        """The filter that the selectors take."""
        self.is_valid()
        cleaned = self.cleaned_data
        return MemberFilter(
            search=cleaned.get("search", ""),
            status=cleaned.get("status", ""),
            source=cleaned.get("source", ""),
            store_id=cleaned.get("store"),
            gender=cleaned.get("gender", ""),
            registered_from=cleaned.get("registered_from"),
            registered_until=cleaned.get("registered_until"),
        )


def _pin_field(label: Any) -> forms.CharField:
    # "one-time-code" keeps browsers from offering to store it.
    attrs = {"inputmode": "numeric", "maxlength": 6, "autocomplete": "one-time-code", "class": "pin-input"}
    return forms.CharField(label=label, max_length=20, widget=forms.PasswordInput(attrs=attrs))


class PinForm(forms.Form):
    """The member's PIN, typed by the member."""

    pin = _pin_field(pgettext_lazy("member", "PIN"))

    def clean_pin(self) -> str:
        """Full-width digits of an input method count as digits."""
        return unicodedata.normalize("NFKC", self.cleaned_data["pin"])

    @property
    def problem(self) -> str:
        """The first error in words, for a pad that has one place for messages."""
        return next((str(errors[0]) for errors in self.errors.values()), "")


class NewPinForm(PinForm):
    """A PIN that the member chooses, typed twice."""

    pin_again = _pin_field(_("The same PIN again"))

    def clean(self) -> dict[str, Any]:
        """Both must be equal."""
        cleaned = super().clean() or self.cleaned_data
        again = unicodedata.normalize("NFKC", cleaned.get("pin_again", ""))
        if "pin" in cleaned and again and cleaned["pin"] != again:
            self.add_error("pin_again", _("The two PINs differ. Type the same one twice."))
        return cleaned


class PinChangeForm(NewPinForm):
    """Another PIN for a member who knows the present one."""

    old_pin = _pin_field(_("Present PIN"))
    field_order = ("old_pin", "pin", "pin_again")


class PinResetForm(forms.Form):
    """Why a PIN is removed, and that the member proved who they are (R-W10)."""

    id_shown = forms.BooleanField(
        label=_("The member has shown an identity document"),
        error_messages={"required": _("Ask for an identity document first.")},
    )
    reason = forms.CharField(label=_("Reason"), max_length=500)


class CardBlockForm(forms.Form):
    """What happened to a card that is gone."""

    reason = forms.ChoiceField(
        label=_("What happened"),
        choices=[(one.value, one.label) for one in services.LOSSES],
        initial=Card.EndReason.LOST.value,
        widget=forms.RadioSelect,
    )


class CardReplaceForm(CommandForm):
    """Why a member gets a new number; ``number`` is the one that the form showed."""

    number = forms.CharField(max_length=10, widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=_("Reason"), choices=Card.EndReason.choices, widget=forms.RadioSelect)


class ReminderFilterForm(forms.Form):
    """Which reminders are listed; what does not fit narrows nothing. ``show`` stays while the kind is chosen."""

    show = forms.CharField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("Kind"), required=False)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (tells the type checker)
        field.choices = [("", _("all")), *((kind.code, kind.label) for kind in registry.reminder_kinds().values())]

    @property
    def chosen(self) -> tuple[bool, str]:
        """Whether those that are done are asked for, and the kind or nothing."""
        self.is_valid()
        return self.cleaned_data.get("show") == "done", self.cleaned_data.get("kind", "")
