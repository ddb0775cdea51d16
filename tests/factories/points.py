"""Rules of points in force, and orders that earn, with defaults for what a test does not care about."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from members.models import Member
from points import rules, services
from points.models import Rule, RuleVersion
from stores.models import SettingValue

_numbers = count(1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def make_rule(*, starts_at: datetime = START, ends_at: datetime | None = None, **data: Any) -> RuleVersion:
    """A rule with one version in force; its scope is ``product``, ``category`` or ``brand``."""
    scope = {name: data.pop(name) for name in ("product", "category", "brand") if name in data}
    number = next(_numbers)
    rule = Rule.objects.create(name=f"Rule {number}", **scope)
    return RuleVersion.objects.create(
        rule=rule, number=1, starts_at=starts_at, ends_at=ends_at, created_at=starts_at, **data
    )


def terms_of(version: RuleVersion) -> rules.RuleTerms:
    """The version as the arithmetic takes it."""
    return rules.RuleTerms(
        rule_id=version.rule_id,
        version_id=version.pk,
        name=version.rule.name,
        per_yuan=Decimal(version.per_yuan),
        order_minimum=Decimal(version.order_minimum),
        expiry_method=version.expiry_method,
        expiry_count=version.expiry_count,
        cap_per_order=version.cap_per_order,
        cap_per_day=version.cap_per_day,
        cap_per_month=version.cap_per_month,
        budget_left=None if version.budget is None else version.budget - version.granted,
    )


def earn_order(
    member: Member, key: str, at: datetime, *lines: Any, terms: rules.EarnTerms | None = None
) -> services.Earning:
    """What an order of these lines (or of a plain amount) earns."""
    goods = [line if isinstance(line, rules.EarnLine) else rules.EarnLine(Decimal(line)) for line in lines]
    return services.earn_for_order(
        member_id=member.pk,
        lines=goods,
        terms=terms or rules.EarnTerms(),
        source=f"order:{key}",
        idempotency_key=key,
        at=at,
        store=None,
        actor=None,
    )


def set_value(code: str, value: Any, at: datetime = START) -> None:
    """A setting in force since ``at``."""
    SettingValue.objects.create(code=code, value=value, effective_at=at)
