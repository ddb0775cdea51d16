"""Buttons beside the member: a tick for a service, the gift of a month."""

from django import forms

from core.forms import CommandForm, LenientDateField


class PerkForm(CommandForm):
    """Which service of which level; both stand in the button's form."""

    tier = forms.IntegerField(min_value=1, max_value=2**62)
    perk = forms.CharField(max_length=40)


class MonthlyGiftForm(CommandForm):
    """Which gift, and for the month that begins on which day."""

    gift = forms.IntegerField(min_value=1, max_value=2**62)
    month = LenientDateField()
