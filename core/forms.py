"""Form fields that read what people type: amounts with commas, points, quantities, short dates, and the command key."""

import re
import uuid
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.days import local_day
from core.money import CENT, MILLI

# Full-width digits and signs come out of a Chinese input method.
_WIDE = str.maketrans("０１２３４５６７８９．，－＋：／　￥", "0123456789.,-+:/ ¥")
_FULL_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_SHORT_DATE = re.compile(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?", re.ASCII)


def _plain(text: str) -> str:
    return text.translate(_WIDE).replace(settings.CURRENCY_SYMBOL, "").replace(" ", "").strip()


class NumberField(forms.Field):
    """The base of the three below: one text box, exact decimals, limits with words that say what is wrong."""

    widget = forms.TextInput
    places = 2
    step = CENT
    unit: Any = ""
    inputmode = "decimal"
    default_error_messages = {
        "invalid": _("Enter a number such as 1,234.50."),
        "places": _("At most %(places)s decimal places."),
        "whole": _("Enter a whole number."),
        "minimum": _("At least %(limit)s."),
        "above": _("Must be more than %(limit)s."),
        "maximum": _("At most %(limit)s."),
    }

    def __init__(
        self,
        *,
        minimum: Decimal | int | None = 0,
        maximum: Decimal | int,
        above: Decimal | int | None = None,
        unit: Any = None,
        **options: Any,
    ) -> None:
        self.minimum, self.maximum, self.above = minimum, maximum, above
        if unit is not None:
            self.unit = unit
        super().__init__(**options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """A numeric key pad on tablets, and no history of other people's amounts."""
        return {"inputmode": self.inputmode, "autocomplete": "off"}

    def to_python(self, value: Any) -> Any:
        """Text to an exact Decimal, or None where the box is empty."""
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal | int):
            return self._number(str(value))
        text = _plain(str(value))
        if not _NUMBER.fullmatch(text) or not any(character.isdigit() for character in text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return self._number(text.replace(",", ""))

    def _number(self, text: str) -> Any:
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        # Checked before any arithmetic: a hundred digits must not reach quantize().
        if abs(number) > 10**14:
            self._refuse("maximum", self.maximum)
        if number != number.quantize(self.step):
            if self.places == 0:
                raise ValidationError(self.error_messages["whole"], code="whole")
            raise ValidationError(self.error_messages["places"], code="places", params={"places": self.places})
        return number.quantize(self.step)

    def validate(self, value: Any) -> None:
        """The limits."""
        super().validate(value)
        if value is None:
            return
        if self.above is not None and value <= self.above:
            self._refuse("above", self.above)
        if self.minimum is not None and value < self.minimum:
            self._refuse("minimum", self.minimum)
        if value > self.maximum:
            self._refuse("maximum", self.maximum)

    def _refuse(self, code: str, limit: Decimal | int | None) -> None:
        raise ValidationError(self.error_messages[code], code=code, params={"limit": f"{limit:,}"})

    def prepare_value(self, value: Any) -> Any:
        """What stands in the box: what was typed stays as typed."""
        return f"{value.quantize(self.step):f}" if isinstance(value, Decimal) and value.is_finite() else value


class MoneyField(NumberField):
    """An amount with two places. ``above=0`` refuses zero; ``minimum=None`` allows negative amounts."""

    def __init__(self, *, maximum: Decimal | int = Decimal("9999999.99"), **options: Any) -> None:
        options.setdefault("unit", settings.CURRENCY_SYMBOL)
        super().__init__(maximum=maximum, **options)


class PointsField(NumberField):
    """Whole points; the cleaned value is an int."""

    places = 0
    step = Decimal(1)
    unit = _("points")
    inputmode = "numeric"

    def __init__(self, *, maximum: int = 100_000_000, **options: Any) -> None:
        super().__init__(maximum=maximum, **options)

    def clean(self, value: Any) -> int | None:
        """The whole number."""
        number = super().clean(value)
        return None if number is None else int(number)


class QuantityField(NumberField):
    """Pieces or kilograms: three places, more than nothing."""

    places = 3
    step = MILLI

    def __init__(self, *, maximum: Decimal | int = 99_999, above: Decimal | int | None = 0, **options: Any) -> None:
        super().__init__(maximum=maximum, above=above, **options)


class LenientDateField(forms.DateField):
    """2026-3-1, 2026/3/1, 2026年3月1日, 20260301 and, meaning this year, 3/1 or 3-1."""

    widget = forms.DateInput(attrs={"class": "date", "autocomplete": "off", "placeholder": "2026-03-01"})
    default_error_messages = {
        "invalid": _("Enter a date such as 2026-3-1 or 3/1."),
        "range": _("Enter a year between 1900 and 2100."),
    }

    def to_python(self, value: Any) -> date | None:
        """The day, or None where the box is empty."""
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return local_day(value) if timezone.is_aware(value) else value.date()
        if isinstance(value, date):
            return value
        text = str(value).translate(_WIDE).strip()
        full = re.fullmatch(
            r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", text, re.ASCII
        ) or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text, re.ASCII)
        short = re.fullmatch(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", text, re.ASCII)
        if full:
            year, month, day = (int(part) for part in full.groups())
        elif short:
            year, (month, day) = local_day(timezone.now()).year, (int(part) for part in short.groups())
        else:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if not 1900 <= year <= 2100:
            raise ValidationError(self.error_messages["range"], code="range")
        try:
            return date(year, month, day)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        """ISO in the box; what was typed stays as typed."""
        return value.isoformat() if isinstance(value, date) else value


class CommandForm(forms.Form):
    """A form that changes value: carries the UUID under which ``audit.services.run_command`` runs it once."""

    command_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["command_key"].initial = uuid.uuid4

    @property
    def content(self) -> dict[str, Any]:
        """The cleaned values without the key: what the command's digest is made of."""
        return {name: value for name, value in self.cleaned_data.items() if name != "command_key"}
