"""The grid of coupon classes: a row per class, a tick per pair, and a row for a new one."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from coupons.models import StackCategory
from coupons.services import ClassData, InvalidClass


@dataclass(frozen=True)
class Row:
    """A class with its boxes; ``ticks`` are those of the pairs with the classes before it, ``gaps`` fill its line."""

    category: StackCategory
    name: forms.BoundField
    order_limit: forms.BoundField
    is_exclusive: forms.BoundField
    ticks: list[forms.BoundField]
    gaps: range


class ClassesForm(forms.Form):
    """All classes at once. A new one is made where its name is filled in."""

    new_code = forms.RegexField(
        label=_("Code"),
        regex=r"^[a-z][a-z0-9_]*$",
        max_length=20,
        required=False,
        help_text=_("Small letters; it never changes."),
        error_messages={"invalid": _("Small letters, digits and _ only, a letter first.")},
    )
    new_name = forms.CharField(label=_("Name"), max_length=30, required=False)

    def __init__(
        self, *args: Any, classes: Sequence[StackCategory], pairs: Collection[frozenset[str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._stored = classes
        for row in classes:
            self.fields[f"name_{row.code}"] = forms.CharField(label=_("Name"), max_length=30, initial=row.name)
            self.fields[f"limit_{row.code}"] = forms.IntegerField(
                label=_("Coupons per order"), min_value=1, max_value=20, initial=row.order_limit
            )
            self.fields[f"alone_{row.code}"] = forms.BooleanField(
                label=_("Used alone"), required=False, initial=row.is_exclusive
            )
        for one, other in self._couples():
            self.fields[_pair(one, other)] = forms.BooleanField(
                label=_("%(one)s together with %(other)s") % {"one": one.name, "other": other.name},
                required=False,
                initial=frozenset((one.code, other.code)) in pairs,
            )
        for bound in self.visible_fields():
            bound.field.widget.attrs["aria-label"] = bound.label

    def _couples(self) -> Iterator[tuple[StackCategory, StackCategory]]:
        for place, other in enumerate(self._stored):
            for one in self._stored[:place]:
                yield one, other

    def clean(self) -> dict[str, Any]:
        """A new class needs both a name and a code."""
        values = super().clean() or self.cleaned_data
        code, name = values.get("new_code"), values.get("new_name")
        if code and not name and "new_name" not in self.errors:
            self.add_error("new_name", gettext("Give the class a name."))
        if name and not code and "new_code" not in self.errors:
            self.add_error("new_code", gettext("Give the class a code."))
        return values

    @property
    def rows(self) -> list[Row]:
        """The grid, line by line."""
        return [
            Row(
                row,
                self[f"name_{row.code}"],
                self[f"limit_{row.code}"],
                self[f"alone_{row.code}"],
                [self[_pair(one, row)] for one in self._stored[:place]],
                range(max(0, len(self._stored) - 1 - place)),
            )
            for place, row in enumerate(self._stored)
        ]

    @property
    def classes(self) -> list[ClassData]:
        """What the service takes."""
        values = self.cleaned_data
        found = [
            ClassData(row.code, values[f"name_{row.code}"], values[f"limit_{row.code}"], values[f"alone_{row.code}"])
            for row in self._stored
        ]
        return [*found, ClassData(values["new_code"], values["new_name"])] if values["new_name"] else found

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The ticked ones."""
        return [(one.code, other.code) for one, other in self._couples() if self.cleaned_data[_pair(one, other)]]

    @property
    def sentences(self) -> list[str]:
        """What the grid as stored says, a sentence per class."""
        return [self._sentence(row) for row in self._stored]

    def _sentence(self, row: StackCategory) -> str:
        what = {"name": row.name, "count": row.order_limit}
        if row.is_exclusive:
            return gettext("%(name)s: used alone, without any other coupon.") % what
        partners = [
            (other if one == row else one).name
            for one, other in self._couples()
            if row in (one, other) and self.fields[_pair(one, other)].initial
        ]
        if not partners:
            return gettext("%(name)s: up to %(count)s per order, with no other class.") % what
        together = {**what, "others": pgettext("list", ", ").join(partners)}
        return gettext("%(name)s: up to %(count)s per order, together with %(others)s.") % together

    def refuse(self, refusal: InvalidClass) -> None:
        """Show the service's refusal where it belongs."""
        name = f"name_{refusal.code}"
        self.add_error(name if name in self.fields else "new_code" if refusal.code else None, str(refusal))


def _pair(one: StackCategory, other: StackCategory) -> str:
    return f"pair_{one.pk}_{other.pk}"
