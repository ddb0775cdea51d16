"""The life of a rule: a draft is written, given a start, runs until the next starts or it is retired (rules.md 0.10).

A version that has a start is never changed, which the database sees to; what it did not do yet can be called off.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import audit
from core.database import joining_atomic
from core.errors import DomainError, StateChanged
from points.models import Rule, RuleVersion
from stores.models import Staff


class InvalidRule(DomainError):
    """The name or the part of the assortment is taken, or the numbers make no sense."""


class NoDraft(StateChanged):
    """There is no draft to start: somebody else started or dropped it."""


class AlreadyScheduled(StateChanged):
    """Another version waits for its start; that one has to be called off first."""


class StartInThePast(DomainError):
    """A version cannot have been in force before somebody decided so."""


class NothingToEnd(StateChanged):
    """No version is running or waiting any more."""


@dataclass(frozen=True)
class Scope:
    """The part of the assortment that a rule is about: exactly one of the three."""

    category_id: int | None = None
    brand_id: int | None = None
    product_id: int | None = None


@dataclass(frozen=True)
class VersionData:
    """What a version says; the fields are those of :class:`points.models.RuleVersion`."""

    per_yuan: Decimal
    is_payable: bool = True
    order_minimum: Decimal = Decimal(0)
    expiry_method: str = ""
    expiry_count: int = 0
    cap_per_order: int | None = None
    cap_per_day: int | None = None
    cap_per_month: int | None = None
    budget: int | None = None


DATA_FIELDS = tuple(field.name for field in fields(VersionData))


@joining_atomic
def create_rule(*, name: str, scope: Scope, data: VersionData, actor: Staff, at: datetime) -> Rule:
    """A rule with its first draft. InvalidRule where the name or the scope has a rule already."""
    rule = Rule(name=name.strip(), **asdict(scope))
    try:
        with transaction.atomic():
            rule.save(force_insert=True)
    except IntegrityError as error:
        if "points_rule_has_one_scope" in str(error):
            raise InvalidRule(_("Choose one category, one brand or one product.")) from error
        if "points_rule_scope_once" in str(error):
            raise InvalidRule(_("There is a rule for this already; make a new version of it.")) from error
        raise InvalidRule(_("There is a rule of this name already.")) from error
    _write_draft(rule, data, actor, at)
    audit.record(
        "points_rule.created",
        actor=actor,
        subject=_subject(rule),
        at=at,
        name=rule.name,
        **asdict(scope),
        **_texts(data),
    )
    return rule


@joining_atomic
def save_draft(*, rule_id: int, data: VersionData, actor: Staff, at: datetime) -> RuleVersion:
    """Write the rule's draft, or begin one as its next version."""
    rule = _lock(rule_id)
    draft = _write_draft(rule, data, actor, at)
    audit.record(
        "points_rule.draft_saved", actor=actor, subject=_subject(rule), at=at, version=draft.number, **_texts(data)
    )
    return draft


@joining_atomic
def drop_draft(*, rule_id: int, actor: Staff, at: datetime) -> None:
    """Throw the draft away; without one this does nothing."""
    rule = _lock(rule_id)
    if RuleVersion.objects.filter(rule=rule, starts_at__isnull=True).delete()[0]:
        audit.record("points_rule.draft_dropped", actor=actor, subject=_subject(rule), at=at)


@joining_atomic
def schedule_version(*, rule_id: int, starts_at: datetime, actor: Staff, at: datetime) -> RuleVersion:
    """Let the draft be in force from ``starts_at`` (now or later); the running version ends at that instant.

    NoDraft, StartInThePast, or AlreadyScheduled where another version waits; nothing changes then.
    """
    rule = _lock(rule_id)
    if starts_at < at:
        raise StartInThePast(_("A version starts now or later, never in the past."))
    draft = rule.versions.filter(starts_at__isnull=True).first()
    if draft is None:
        raise NoDraft(_("There is no draft any more."))
    _refuse_if_scheduled(rule, at)
    running = _last(rule, at)
    if running is not None and (running.ends_at is None or running.ends_at > starts_at):
        running.ends_at = starts_at
        running.save(update_fields=["ends_at"])
    draft.starts_at = starts_at
    draft.save(update_fields=["starts_at"])
    audit.record(
        "points_rule.scheduled",
        actor=actor,
        subject=_subject(rule),
        at=at,
        version=draft.number,
        starts_at=starts_at.isoformat(),
        before=None if running is None else _texts(_data_of(running)),
        after=_texts(_data_of(draft)),
    )
    return draft


@joining_atomic
def call_off_version(*, rule_id: int, actor: Staff, at: datetime) -> RuleVersion:
    """Take back a start that lies ahead; the running version goes on. NothingToEnd where none lies ahead."""
    rule = _lock(rule_id)
    version = _scheduled(rule, at)
    if version is None or version.starts_at is None:
        raise NothingToEnd(_("No version waits for its start."))
    starts_at = version.starts_at
    version.ends_at = starts_at
    version.save(update_fields=["ends_at"])
    # The version before it was to end where this one would have started.
    before = rule.versions.filter(starts_at__lte=at, ends_at=starts_at).order_by("-starts_at", "-number").first()
    if before is not None:
        before.ends_at = None
        before.save(update_fields=["ends_at"])
    audit.record("points_rule.called_off", actor=actor, subject=_subject(rule), at=at, version=version.number)
    return version


@joining_atomic
def retire_rule(*, rule_id: int, ends_at: datetime, actor: Staff, at: datetime) -> RuleVersion:
    """End the running version without a successor; from then on the next rule above, or the shop's rate, counts.

    AlreadyScheduled where a version waits for its start, NothingToEnd where none is running.
    """
    rule = _lock(rule_id)
    if ends_at < at:
        raise StartInThePast(_("A version ends now or later, never in the past."))
    _refuse_if_scheduled(rule, at)
    running = _last(rule, at)
    if running is None:
        raise NothingToEnd(_("No version of this rule is running."))
    running.ends_at = ends_at
    running.save(update_fields=["ends_at"])
    audit.record(
        "points_rule.retired",
        actor=actor,
        subject=_subject(rule),
        at=at,
        version=running.number,
        ends_at=ends_at.isoformat(),
    )
    return running


def _lock(rule_id: int) -> Rule:
    return Rule.objects.select_for_update(no_key=True).get(pk=rule_id)


def _write_draft(rule: Rule, data: VersionData, actor: Staff, at: datetime) -> RuleVersion:
    draft = rule.versions.filter(starts_at__isnull=True).first()
    if draft is None:
        number = (rule.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        draft = RuleVersion(rule=rule, number=number)
    for name in DATA_FIELDS:
        setattr(draft, name, getattr(data, name))
    draft.created_by, draft.created_at = actor, at
    draft.save()
    return draft


def _refuse_if_scheduled(rule: Rule, at: datetime) -> None:
    waiting = _scheduled(rule, at)
    if waiting is not None:
        raise AlreadyScheduled(
            _("Version %(number)s waits for its start; call it off first.") % {"number": waiting.number}
        )


def _scheduled(rule: Rule, at: datetime) -> RuleVersion | None:
    waiting = rule.versions.filter(starts_at__gt=at).order_by("number")
    return next((version for version in waiting if version.status_at(at) == "scheduled"), None)


def _last(rule: Rule, at: datetime) -> RuleVersion | None:
    """The version that is in force now."""
    running = rule.versions.filter(starts_at__lte=at).order_by("-starts_at", "-number")
    return next((version for version in running if version.status_at(at) == "active"), None)


def _data_of(version: RuleVersion) -> VersionData:
    return VersionData(**{name: getattr(version, name) for name in DATA_FIELDS})


def _texts(data: VersionData) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(data).items()}


def _subject(rule: Rule) -> str:
    return f"points-rule:{rule.pk}"
