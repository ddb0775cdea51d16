"""A level by hand."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.days import end_of
from core.forms import CommandForm, LenientDateField
from tiers.models import Tier, Track


class MemberTierForm(CommandForm):
    """A level by hand, of any track that is not bought; the lowest of a track takes the member off it."""

    tier = forms.TypedChoiceField(label=_("Tier"), coerce=int)
    reason = forms.CharField(label=_("Reason"), max_length=500)
    valid_through = LenientDateField(
        label=_("Valid through"),
        required=False,
        help_text=_("Empty: as long as the rules of the tier say."),
    )
    locked_through = LenientDateField(
        label=_("Locked through"), required=False, help_text=_("Until then it is not lowered automatically.")
    )
    joins_auto_upgrade = forms.BooleanField(
        label=_("May rise automatically while locked"), required=False, initial=True
    )
    restart_counting = forms.BooleanField(
        label=_("Count only what comes after today"),
        required=False,
        help_text=_("Otherwise a member set lower rises again with the next purchase."),
    )
    gives_gifts = forms.BooleanField(label=_("Give the gifts of reaching the tier too"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.tiers: dict[int, Tier] = {}
        groups: dict[int, tuple[str, list[tuple[int, str]]]] = {}
        rows = Tier.objects.exclude(track__kind=Track.Kind.PAID).select_related("track")
        for tier in rows.order_by("track_id", "rank"):
            self.tiers[tier.pk] = tier
            is_lowest = tier.track_id not in groups
            _name, choices = groups.setdefault(tier.track_id, (str(tier.track), []))
            if tier.retired_at is not None:
                continue
            off = is_lowest and tier.track.kind != Track.Kind.GROWTH
            choices.append((tier.pk, gettext("not on this track") if off else tier.label))
        field = self.fields["tier"]
        # A track with nothing to give but "not on it" would only be in the way.
        field.choices = [  # type: ignore[attr-defined]  # a TypedChoiceField
            ("", gettext("Choose a tier")),
            *((capfirst(name), choices) for name, choices in groups.values() if len(choices) > 1),
        ]

    @property
    def chosen(self) -> Tier:
        """The level."""
        return self.tiers[self.cleaned_data["tier"]]

    @property
    def locked_until(self) -> datetime | None:
        """The exclusive end of the lock."""
        day = self.cleaned_data["locked_through"]
        return None if day is None else end_of(day)
