"""Templates: their terms, and starting and stopping them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from coupons.models import StackCategory, StoreLimit, Template, TemplateVersion
from coupons.rules import GENERAL
from coupons.services import limits
from coupons.services.checking import find_problems, tidy
from stores.models import Staff
from trials.selectors import find_valid

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
TRIAL = "coupon_template"
MOVES = {
    Template.Status.DRAFT: {Template.Status.ACTIVE, Template.Status.RETIRED},
    Template.Status.ACTIVE: {Template.Status.PAUSED, Template.Status.RETIRED},
    Template.Status.PAUSED: {Template.Status.ACTIVE, Template.Status.RETIRED},
    Template.Status.RETIRED: set(),
}


class InvalidTemplate(DomainError):
    """The template's terms do not fit together, or its state does not allow the change; ``field`` is where it shows."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


class NotTried(InvalidTemplate):
    """A draft starts after a trial of exactly what it says, or with a reason why not."""


@transaction.atomic
def save_template(
    *, template: Template, actor: Staff | None, at: datetime, store_limits: Mapping[int, int] | None = None
) -> Template:
    """Create a draft or change a template; ``template`` is an unsaved or changed instance that the form validated.

    Changed terms raise the version and hold for coupons issued from now on; those already given out keep theirs
    (rules.md 0.5). Limits hold at once for all; ``store_limits`` are uses by the store's id, None leaves them.
    ``status`` and the counters are never taken from the instance. InvalidTemplate for a retired template, terms that
    do not fit together, or a limit below what was issued or used.
    """
    tidy(template)
    for field, text in find_problems(template):
        raise InvalidTemplate(text, field)
    if template.stack_category_id is None:
        template.stack_category = StackCategory.objects.get(code=GENERAL)
    if template.pk is None:
        template.status, template.version = Template.Status.DRAFT, 1
        template.issued_count = template.redeemed_count = 0
        template.changed_at = at
        template.save()
        limits.save_store_limits(template, store_limits or {}, {})
        _keep_version(template, actor)
        audit.record("coupon_template.created", actor=actor, subject=_subject(template), at=at, **_json(template))
        return template
    limits.hold(template.pk)
    stored = Template.objects.select_for_update(no_key=True).get(pk=template.pk)
    if stored.status == Template.Status.RETIRED:
        raise InvalidTemplate(_("A retired coupon template cannot be changed."))
    before = _json(stored)
    template.status = stored.status
    _set_limits(template, store_limits)
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


def _set_limits(template: Template, store_limits: Mapping[int, int] | None) -> None:
    """Count what was given out and used so far; no limit may be below."""
    template.issued_count = limits.count_issued(template.pk)
    if template.total_limit is not None and template.total_limit < template.issued_count:
        raise InvalidTemplate(
            _("%(count)s coupons were given out already.") % {"count": template.issued_count}, "total_limit"
        )
    used = limits.count_uses(template.pk)
    template.redeemed_count = sum(used.values())
    if template.redeem_limit is not None and template.redeem_limit < template.redeemed_count:
        raise InvalidTemplate(
            _("%(count)s uses were made already.") % {"count": template.redeemed_count}, "redeem_limit"
        )
    if store_limits is None:
        return
    for store_id, limit in store_limits.items():
        if limit < used.get(store_id, 0):
            raise InvalidTemplate(
                _("%(count)s uses were made in this store already.") % {"count": used[store_id]}, f"store_{store_id}"
            )
    limits.save_store_limits(template, store_limits, used)


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
def set_template_status(
    *, template_id: int, status: str, actor: Staff | None, at: datetime, untried_reason: str = ""
) -> Template:
    """Activate, pause or retire. Paused and retired stop new issues, and use as well unless the template says
    that coupons stay usable (R-K5). Retired is for good. The state it is in already changes nothing.

    A person starts a draft after a trial of what it says now, or says why without one: NotTried. What a set-up starts
    (``actor`` is None) needs none.
    """
    # What is being given out at this moment is done first, and what comes after it sees the new state.
    limits.hold(template_id)
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
    details: dict[str, Any] = {}
    if before == Template.Status.DRAFT and wanted == Template.Status.ACTIVE and actor is not None:
        trial = find_valid(kind=TRIAL, subject=_subject(template))
        if trial is None and not untried_reason.strip():
            raise NotTried(_("Try this coupon on orders of the last days first, or say why it starts untried."))
        details = {"trial": None if trial is None else trial.pk}
    template.status = wanted
    template.save(update_fields=["status"])
    audit.record(
        "coupon_template.status_changed",
        actor=actor,
        subject=_subject(template),
        at=at,
        reason=untried_reason[:200],
        before=before.value,
        after=wanted.value,
        **details,
    )
    return template


def trial_digest(subject: str) -> str:
    """What a trial is of: the terms of ``coupon_template:7`` as they are now; LookupError where there is none."""
    number = subject.partition(":")[2]
    template = Template.objects.filter(pk=int(number)).first() if number.isdigit() else None
    if template is None:
        raise LookupError(subject)
    return hashlib.sha256(json.dumps(terms_json(template), sort_keys=True).encode()).hexdigest()


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
        "redeem_limit": template.redeem_limit,
        "store_limits": dict(StoreLimit.objects.filter(template=template).values_list("store__code", "limit")),
        "is_usable_while_stopped": template.is_usable_while_stopped,
    }


def _subject(template: Template) -> str:
    return f"coupon_template:{template.pk}"
