"""Forms of stores, staff, settings and of the front door."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.days import local_day, start_of
from core.forms import LenientDateField, NumberField
from core.settings import Setting
from stores import roles, selectors
from stores.models import Staff, Store

if TYPE_CHECKING:
    StoreModelForm = forms.ModelForm[Store]
    StaffModelForm = forms.ModelForm[Staff]
    GroupField = forms.ModelMultipleChoiceField[Group]
else:
    # Django's own classes take no type arguments at run time.
    StoreModelForm = StaffModelForm = forms.ModelForm
    GroupField = forms.ModelMultipleChoiceField


class LoginForm(AuthenticationForm):
    """User name and password."""

    username = UsernameField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autofocus": True, "autocapitalize": "none"}),
    )
    error_messages = {
        "invalid_login": _("User name and password do not match."),
        "inactive": _("User name and password do not match."),
    }


class StoreForm(StoreModelForm):
    """A store's reference data."""

    day_cut_hour = forms.IntegerField(
        label=_("The day begins at hour"),
        min_value=0,
        max_value=12,
        initial=0,
        help_text=_("Sales before this hour count for the day before."),
    )

    class Meta:
        model = Store
        fields = ["code", "name", "address", "phone", "time_zone", "day_cut_hour", "is_active"]
        labels = {
            "code": _("Store code"),
            "name": _("Name"),
            "address": _("Address"),
            "phone": pgettext_lazy("store", "Phone"),
            "time_zone": _("Time zone"),
            "is_active": _("Open for business"),
        }
        help_texts = {
            "code": _("Short and unique; it stands on receipts and in exports."),
            "time_zone": _("For example Asia/Shanghai."),
        }

    def clean_code(self) -> str:
        """Codes are compared as they are printed: upper case, no blanks."""
        code = "".join(self.cleaned_data["code"].split()).upper()
        if Store.objects.filter(code=code).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Another store has this code."))
        return code


class GroupChoices(GroupField):
    """Roles by the names that people use."""

    def label_from_instance(self, obj: Any) -> str:
        """The role's label."""
        return roles.label(obj.name)


class StaffForm(StaffModelForm):
    """A person with roles and stores; offers only what the editor may give (R-S1)."""

    roles = GroupChoices(
        label=_("Roles"), queryset=Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    works_in = forms.ModelMultipleChoiceField(
        label=_("Stores"), queryset=Store.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Staff
        fields = ["username", "display_name", "is_active"]
        field_classes = {"username": UsernameField}
        labels = {"username": _("User name"), "display_name": _("Full name"), "is_active": _("May log in")}
        help_texts = {
            "username": _("For logging in: letters, digits and @ . + - _"),
            "display_name": _("Stands on receipts and in the audit trail."),
            "is_active": _("People are never deleted: who leaves is switched off here."),
        }

    def __init__(self, *args: Any, editor: Staff, **options: Any) -> None:
        super().__init__(*args, **options)
        self.editor = editor
        role_field = cast("GroupChoices", self.fields["roles"])
        store_field = cast("forms.ModelMultipleChoiceField[Store]", self.fields["works_in"])
        role_field.queryset = Group.objects.filter(pk__in=[role.pk for role in selectors.list_roles_for(editor)])
        store_field.queryset = selectors.list_stores(editor)
        if self.instance.pk:
            role_field.initial = list(self.instance.groups.all())
            store_field.initial = list(self.instance.stores.all())

    def clean_username(self) -> str:
        """Unique whatever the case: nobody can pass for a colleague."""
        username = str(self.cleaned_data["username"])
        if Staff.objects.filter(username__iexact=username).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Somebody else has this user name."))
        return username

    @property
    def chosen_roles(self) -> list[Group]:
        """The ticked roles and those that the person has but the editor may not touch."""
        return [*self.cleaned_data["roles"], *self._kept("roles", "groups")]

    @property
    def chosen_stores(self) -> list[Store]:
        """The ticked stores and those that the editor does not see."""
        return [*self.cleaned_data["works_in"], *self._kept("works_in", "stores")]

    def _kept(self, name: str, relation: str) -> list[Any]:
        if not self.instance.pk:
            return []
        offered = cast("forms.ModelMultipleChoiceField[Any]", self.fields[name]).queryset
        present = getattr(self.instance, relation).all()
        return list(present if offered is None else present.exclude(pk__in=offered.values("pk")))


class NewStaffForm(StaffForm):
    """The same with a first password."""

    password = forms.CharField(
        label=_("First password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters, not a common one."),
    )


class PasswordForm(forms.Form):
    """A new password, typed twice."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters, not a common one."),
    )
    repeated = forms.CharField(
        label=_("The same again"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_repeated(self) -> str:
        """Both are the same."""
        repeated = str(self.cleaned_data["repeated"])
        if self.cleaned_data.get("password") not in {None, repeated}:
            raise ValidationError(_("The two passwords are not the same."))
        return repeated


def _pin_input(label: Any, autocomplete: str) -> forms.CharField:
    attrs = {"inputmode": "numeric", "autocomplete": autocomplete, "maxlength": 6}
    return forms.CharField(label=label, max_length=6, widget=forms.PasswordInput(attrs=attrs))


class PinForm(forms.Form):
    """A new till PIN."""

    pin = _pin_input(_("New PIN"), "new-password")
    pin.help_text = _("4 to 6 digits; not 1234, not one digit repeated.")


class OwnPasswordForm(PasswordForm):
    """One's own, with the present one first."""

    current = forms.CharField(
        label=_("Present password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    field_order = ["current", "password", "repeated"]


class OwnPinForm(PinForm):
    """One's own, with the password first."""

    current = forms.CharField(
        label=_("Your password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    field_order = ["current", "pin"]


class PersonSwitchForm(forms.Form):
    """Who takes over the till, and their PIN."""

    person = forms.ModelChoiceField(
        label=_("Colleague"), queryset=Staff.objects.none(), empty_label=None, widget=forms.RadioSelect
    )
    pin = _pin_input(_("PIN"), "off")

    def __init__(self, *args: Any, people: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        cast("forms.ModelChoiceField[Staff]", self.fields["person"]).queryset = people


class SettingForm(forms.Form):
    """A setting's new value and the day from which it holds."""

    value: Any
    effective_on = LenientDateField(
        label=_("In force from"), required=False, help_text=_("Empty: from now on. A later day begins at 0:00.")
    )

    def __init__(self, *args: Any, definition: Setting, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields = {"value": _value_field(definition), **self.fields}

    def effective_at(self, at: datetime) -> datetime:
        """The instant from which the value holds; the services refuse one in the past."""
        day = self.cleaned_data["effective_on"]
        return at if day is None or day == local_day(at) else start_of(day)


def _value_field(definition: Setting) -> forms.Field:
    options: dict[str, Any] = {"label": definition.label, "help_text": definition.help}
    if definition.choices:
        return forms.ChoiceField(choices=definition.choices, **options)
    if definition.kind is bool:
        return forms.BooleanField(required=False, **options)
    if definition.kind is int:
        return WholeNumberField(minimum=None, maximum=10**12, **options)
    if definition.kind is Decimal:
        return ExactNumberField(minimum=None, maximum=10**12, **options)
    return forms.CharField(max_length=500, required=False, **options)


class ExactNumberField(NumberField):
    """A decimal with up to four places, as rates need them."""

    places = 4
    step = Decimal("0.0001")

    def prepare_value(self, value: Any) -> Any:
        """Without zeros that say nothing."""
        if isinstance(value, Decimal) and value.is_finite():
            return f"{value.normalize():f}"
        return value


class WholeNumberField(NumberField):
    """A whole number; the cleaned value is an int."""

    places = 0
    step = Decimal(1)
    inputmode = "numeric"

    def clean(self, value: Any) -> int | None:
        """The int."""
        number = super().clean(value)
        return None if number is None else int(number)
