"""Templates: their terms, and starting and stopping them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from core.money import ZERO
from coupons.models import StackCategory, Template, TemplateVersion
from stores.models import Staff

TERMS = (
    "name",
    "description",
    "kind",
    "amount",
    "factor",
    "cap",
    "price",
    "pieces",
    "buy_pieces",
    "multiple",
    "uses",
    "threshold",
    "scope",
    "conditions",
    "priority",
    "base",
    "stacks_with_tier",
    "stacks_with_points",
    "validity",
    "starts_on",
    "through_on",
    "valid_days",
    "starts_next_day",
    "order_limit",
    "member_day_limit",
    "returns_on_refund",
    "return_grace_days",
    "threshold_break",
)
GENERAL = "general"
MOVES = {
    Template.Status.DRAFT: {Template.Status.ACTIVE, Template.Status.RETIRED},
    Template.Status.ACTIVE: {Template.Status.PAUSED, Template.Status.RETIRED},
    Template.Status.PAUSED: {Template.Status.ACTIVE, Template.Status.RETIRED},
    Template.Status.RETIRED: set(),
}


class InvalidTemplate(DomainError):
    """The template's terms do not fit together, or its state does not allow the change."""


@transaction.atomic
def save_template(*, template: Template, actor: Staff | None, at: datetime) -> Template:
    """Create a draft or change a template; ``template`` is an unsaved or changed instance that the form validated.

    Changed terms raise the version and hold for coupons issued from now on; those already given out keep theirs
    (rules.md 0.5). ``status`` and ``issued_count`` are never taken from the instance. InvalidTemplate for a retired
    template, an amount that is not positive, a validity that is not whole, or a limit below what was issued.
    """
    _check_template(template)
    if template.stack_category_id is None:
        template.stack_category = StackCategory.objects.get(code=GENERAL)
    if template.pk is None:
        template.status, template.version, template.issued_count = Template.Status.DRAFT, 1, 0
        template.changed_at = at
        template.save()
        _keep_version(template, actor)
        audit.record("coupon_template.created", actor=actor, subject=_subject(template), at=at, **_json(template))
        return template
    stored = Template.objects.select_for_update(no_key=True).get(pk=template.pk)
    if stored.status == Template.Status.RETIRED:
        raise InvalidTemplate(_("A retired coupon template cannot be changed."))
    if template.total_limit is not None and template.total_limit < stored.issued_count:
        raise InvalidTemplate(_("%(count)s coupons were given out already.") % {"count": stored.issued_count})
    before = _json(stored)
    template.status, template.issued_count = stored.status, stored.issued_count
    is_changed = terms_json(template) != terms_json(stored)
    template.version = stored.version + is_changed
    template.changed_at = at if is_changed else stored.changed_at
    template.save()
    if is_changed:
        _keep_version(template, actor)
    audit.record(
        "coupon_template.changed", actor=actor, subject=_subject(template), at=at, before=before, after=_json(template)
    )
    return template


def _keep_version(template: Template, actor: Staff | None) -> None:
    terms = {**terms_json(template), "version": template.version}
    TemplateVersion.objects.create(template=template, number=template.version, terms=terms, actor=actor)


def create_template(*, actor: Staff | None, at: datetime, **terms: Any) -> Template:
    """A draft from plain values, for callers above that set a shop up; the names are the template's fields."""
    return save_template(template=Template(**terms), actor=actor, at=at)


def next_statuses(template: Template) -> list[Template.Status]:
    """What the template can become from its present state, in order of life."""
    return [status for status in Template.Status if status in MOVES[Template.Status(template.status)]]


@transaction.atomic
def set_template_status(*, template_id: int, status: str, actor: Staff | None, at: datetime) -> Template:
    """Activate, pause or retire. Paused and retired stop new issues, and use as well unless the template says
    that coupons stay usable (R-K5). Retired is for good. The state it is in already changes nothing."""
    template = Template.objects.select_for_update(no_key=True).get(pk=template_id)
    before = Template.Status(template.status)
    wanted = Template.Status(status)
    if wanted == before:
        return template
    if wanted not in MOVES[before]:
        raise InvalidTemplate(
            _("A template that is %(before)s cannot become %(after)s.")
            % {"before": before.label, "after": wanted.label}
        )
    template.status = wanted
    template.save(update_fields=["status"])
    audit.record(
        "coupon_template.status_changed",
        actor=actor,
        subject=_subject(template),
        at=at,
        before=before.value,
        after=wanted.value,
    )
    return template


def _check_template(template: Template) -> None:
    if template.amount is None or template.amount <= ZERO:
        raise InvalidTemplate(_("The amount off must be more than zero."))
    if template.threshold < ZERO:
        raise InvalidTemplate(_("The threshold cannot be negative."))
    if template.validity == Template.Validity.DAYS:
        if not template.valid_days:
            raise InvalidTemplate(_("Say for how many days the coupon is valid."))
    elif template.starts_on is None or template.through_on is None or template.through_on < template.starts_on:
        raise InvalidTemplate(_("Say from which day through which later day the coupon is valid."))


def terms_json(template: Template) -> dict[str, Any]:
    """The terms that a coupon keeps, JSON-able."""
    category = template.stack_category.code
    terms = {name: _plain(getattr(template, name), Template._meta.get_field(name)) for name in TERMS}
    return {**terms, "stack_category": category}


def _plain(value: Any, field: Any) -> Any:
    """Decimals always with the places of their column, so that 10 and 10.00 are the same terms; dates as ISO text."""
    if isinstance(value, Decimal):
        return f"{value:.{field.decimal_places}f}"
    return value if value is None or isinstance(value, bool | int | dict) else str(value)


def _json(template: Template) -> dict[str, Any]:
    return {
        **terms_json(template),
        "version": template.version,
        "total_limit": template.total_limit,
        "member_limit": template.member_limit,
        "is_usable_while_stopped": template.is_usable_while_stopped,
    }


def _subject(template: Template) -> str:
    return f"coupon_template:{template.pk}"
