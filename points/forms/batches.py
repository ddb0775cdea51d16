"""Points given to or cleared from many members."""

import hashlib
import json
import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.forms import ApproverFields
from core.forms import LenientDateField, PointsField
from points.models import Batch
from points.selectors.batches import (
    ALL_LOTS,
    ENDING,
    EVERYBODY,
    GIVEN,
    LISTED,
    TAGGED,
    BatchPreview,
    Criteria,
    find_members_by_number,
)
from tags.selectors import list_tags

MOST_NUMBERS = 5_000
SHOWN_ERRORS = 10


class BatchForm(ApproverFields):
    """Whom, which points and why. ``seen_key`` ties the second press of the button to the figures on the screen."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What to do"), choices=Batch.Kind.choices, initial=Batch.Kind.GIFT, widget=forms.RadioSelect
    )
    who = forms.ChoiceField(
        label=gettext_lazy("Who"),
        choices=[
            (EVERYBODY, gettext_lazy("all active and frozen members")),
            (TAGGED, gettext_lazy("members with a tag")),
            (LISTED, gettext_lazy("members by number")),
        ],
        initial=TAGGED,
        widget=forms.RadioSelect,
    )
    tag = forms.TypedChoiceField(label=gettext_lazy("Tag"), required=False, coerce=int, empty_value=None)
    numbers = forms.CharField(
        label=gettext_lazy("Member numbers"),
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 4, "inputmode": "numeric"}),
        help_text=gettext_lazy("One per line, or with commas or spaces between them."),
    )
    points_each = PointsField(label=gettext_lazy("Points for each"), required=False, above=0, maximum=1_000_000)
    lots = forms.ChoiceField(
        label=gettext_lazy("Which points"),
        required=False,
        choices=[
            (ALL_LOTS, gettext_lazy("all points")),
            (ENDING, gettext_lazy("points that end on or before a day")),
            (GIVEN, gettext_lazy("points that were given before a day")),
        ],
        initial=ALL_LOTS,
        widget=forms.RadioSelect,
    )
    day = LenientDateField(label=gettext_lazy("Day"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("It stands on every member's entry: say what happened in one sentence."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tags = [(tag.pk, f"{tag.name} ({tag.members:,})") for tag in list_tags() if tag.is_active]  # type: ignore[attr-defined]  # an annotation
        field = self.fields["tag"]
        field.choices = field.widget.choices = [("", _("choose a tag")), *tags]  # type: ignore[attr-defined]  # a choice field

    def clean(self) -> dict[str, Any]:
        """What each choice needs; members are looked up by number here, with an error per row that fits nobody."""
        values = super().clean()
        if values.get("who") == TAGGED and not values.get("tag") and "tag" not in self.errors:
            self.add_error("tag", _("Choose a tag."))
        if values.get("who") == LISTED and "numbers" not in self.errors:
            self._read_numbers(values)
        if values.get("kind") == Batch.Kind.GIFT:
            if values.get("points_each") is None and "points_each" not in self.errors:
                self.add_error("points_each", _("How many points does each member get?"))
        elif values.get("lots") in {ENDING, GIVEN} and not values.get("day") and "day" not in self.errors:
            self.add_error("day", _("Choose a day."))
        return values

    def _read_numbers(self, values: dict[str, Any]) -> None:
        # Full-width digits come out of a Chinese input method.
        text = unicodedata.normalize("NFKC", values.get("numbers") or "")
        rows = [row for row in re.split(r"[\s,;、]+", text) if row]
        if not rows:
            self.add_error("numbers", _("Write at least one member number."))
            return
        if len(rows) > MOST_NUMBERS:
            self.add_error("numbers", _("At most %(limit)s numbers at once.") % {"limit": f"{MOST_NUMBERS:,}"})
            return
        found = find_members_by_number(list(dict.fromkeys(rows)))
        errors, seen = [], set()
        for place, number in enumerate(rows, start=1):
            member = found.get(number)
            named = {"place": place, "number": number}
            if member is None:
                errors.append(_("Row %(place)s: nobody has the number %(number)s.") % named)
            elif not member.is_open:
                errors.append(_("Row %(place)s: the membership %(number)s has ended.") % named)
            elif number in seen:
                errors.append(_("Row %(place)s: %(number)s stands here twice.") % named)
            seen.add(number)
        if errors:
            more = len(errors) - SHOWN_ERRORS
            shown = errors[:SHOWN_ERRORS]
            self.add_error(
                "numbers",
                ValidationError([*shown, _("%(count)s more rows are wrong.") % {"count": more}] if more > 0 else shown),
            )
        values["member_ids"] = tuple(sorted(member.pk for member in found.values()))

    @property
    def criteria(self) -> Criteria:
        """The filter of a valid form."""
        values = self.cleaned_data
        who = values["who"]
        is_clearing = values["kind"] == Batch.Kind.CLEAR
        lots = (values.get("lots") or ALL_LOTS) if is_clearing else ALL_LOTS
        return Criteria(
            who=who,
            tag_id=values["tag"] if who == TAGGED else None,
            member_ids=values.get("member_ids", ()) if who == LISTED else (),
            lots=lots,
            day=values.get("day") if lots != ALL_LOTS else None,
        )

    @property
    def points_for_each(self) -> int | None:
        """Points of a gift."""
        each: int | None = self.cleaned_data.get("points_each")
        return each if self.cleaned_data["kind"] == Batch.Kind.GIFT else None

    def seen_key(self, found: BatchPreview) -> str:
        """What the screen showed: the filter in short, members and points."""
        text = json.dumps([self.cleaned_data["kind"], self.points_for_each, self.criteria.as_json()], sort_keys=True)
        return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}:{found.members}:{found.points}"

    def was_seen(self, seen: str, found: BatchPreview) -> bool:
        """Whether the person saw this filter with at least these figures; fewer points than shown are no surprise."""
        before, now = seen.split(":"), self.seen_key(found).split(":")
        if len(before) != len(now) or before[0] != now[0]:
            return False
        # No number of members or points has more digits; text of any length must not reach int().
        if not all(part.isdecimal() and len(part) <= 19 for part in before[1:]):
            return False
        return all(int(shown) >= int(present) for shown, present in zip(before[1:], now[1:], strict=True))


class BatchFilter(forms.Form):
    """The filters of the list of batches; nonsense shows everything."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("all kinds")), *Batch.Kind.choices]
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"), required=False, choices=[("", gettext_lazy("all")), *Batch.Status.choices]
    )

    @property
    def criteria(self) -> dict[str, str]:
        """Arguments of ``selectors.list_batches``."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in ("kind", "status")}
