"""Classes of coupons and which of them may be used together (R-K6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from coupons.models import StackCategory, StackPair, Template, TemplateVersion
from coupons.rules import GENERAL
from stores.models import Staff

CLASSES_LOCK = "coupons.classes"
Pair = tuple[str, str]


class InvalidClass(DomainError):
    """The class is in use, or what is said of it does not fit together; ``code`` is the class where it shows."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class ClassData:
    """What the grid says of one class. The code is for ever: coupons keep it among their terms."""

    code: str
    name: str
    order_limit: int = 1
    is_exclusive: bool = False


@transaction.atomic
def save_classes(*, classes: Sequence[ClassData], pairs: Collection[Pair], actor: Staff | None, at: datetime) -> None:
    """The whole grid: classes in their order, new ones among them, and the pairs of codes that combine.

    It holds from the next quote on, for coupons already given out as well. A class that is missing stays as it is,
    with its pairs. Exclusive classes combine with nothing, whatever ``pairs`` says.
    """
    _lock()
    before = describe()
    stored = {row.code: row for row in StackCategory.objects.all()}
    _check(classes)
    for position, data in enumerate(classes):
        row = stored.get(data.code) or StackCategory(code=data.code)
        row.name, row.order_limit, row.is_exclusive = data.name, data.order_limit, data.is_exclusive
        row.position = position
        row.save()
        stored[data.code] = row
    shown = [stored[data.code] for data in classes]
    StackPair.objects.filter(first__in=shown, second__in=shown).delete()
    alone = {data.code for data in classes if data.is_exclusive}
    StackPair.objects.filter(Q(first__code__in=alone) | Q(second__code__in=alone)).delete()
    wanted = {
        tuple(sorted((stored[one].pk, stored[other].pk)))
        for one, other in pairs
        if one != other and one in stored and other in stored and not {one, other} & alone
    }
    StackPair.objects.bulk_create(StackPair(first_id=first, second_id=second) for first, second in sorted(wanted))
    after = describe()
    if after != before:
        audit.record("coupon_classes.changed", actor=actor, subject="coupon_classes", at=at, before=before, after=after)


def _lock() -> None:
    """One grid is saved at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [CLASSES_LOCK])


def _check(classes: Sequence[ClassData]) -> None:
    codes = [data.code for data in classes]
    names = [data.name for data in classes]
    for data in classes:
        if not data.name.strip():
            raise InvalidClass(_("Give the class a name."), data.code)
        if codes.count(data.code) > 1:
            raise InvalidClass(_("There is a class with this code already."), data.code)
        if names.count(data.name) > 1:
            raise InvalidClass(_("There is a class with this name already."), data.code)
        if not 1 <= data.order_limit <= 20:
            raise InvalidClass(_("Between 1 and 20 coupons of a class per order."), data.code)


@transaction.atomic
def delete_class(*, category_id: int, actor: Staff | None, at: datetime) -> None:
    """Take a class away that no template ever used; InvalidClass for one that templates or coupons name, and for the
    general one, which is that of a template that names none.
    """
    _lock()
    row = StackCategory.objects.get(pk=category_id)
    if row.code == GENERAL:
        raise InvalidClass(_("The class %(name)s stays: new templates begin with it.") % {"name": row.name}, row.code)
    is_used = (
        Template.objects.filter(stack_category=row).exists()
        or TemplateVersion.objects.filter(terms__stack_category=row.code).exists()
    )
    if is_used:
        raise InvalidClass(
            _("Coupons of the class %(name)s exist, so it cannot be deleted.") % {"name": row.name}, row.code
        )
    before = describe()
    row.delete()
    audit.record(
        "coupon_classes.changed", actor=actor, subject="coupon_classes", at=at, before=before, after=describe()
    )


def describe() -> dict[str, Any]:
    """The grid in a form that can be compared and kept in the audit trail."""
    classes = {
        row.code: {"name": row.name, "order_limit": row.order_limit, "is_exclusive": row.is_exclusive}
        for row in StackCategory.objects.order_by("position", "pk")
    }
    pairs = StackPair.objects.values_list("first__code", "second__code")
    return {"classes": classes, "pairs": sorted(sorted(pair) for pair in pairs)}
