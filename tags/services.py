"""Making tags, giving them by hand, and following their rules: set-based for all members, at once for one."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from core import audit, facts
from core.errors import DomainError
from jobs.registry import Counts
from jobs.services import enqueue_on_commit
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store
from tags.models import MemberTag, Tag
from tags.selectors import list_automatic_tags, matching_members, matching_sql


class InvalidTag(DomainError):
    """The tag cannot be like this, or cannot be given to this member."""


@transaction.atomic
def save_tag(
    *,
    name: str,
    actor: Staff | None,
    at: datetime,
    tag_id: int | None = None,
    kind: str = Tag.Kind.MANUAL,
    colour: str = Tag.Colour.NEUTRAL,
    description: str = "",
    rule: dict[str, Any] | None = None,
    is_active: bool = True,
) -> Tag:
    """Create or change a tag. A new rule is a new version, and the members follow it after commit.

    The kind stays what it was made as. InvalidRule where the rule is not whole, InvalidTag where the name is taken.
    """
    tag = Tag(kind=kind) if tag_id is None else Tag.objects.select_for_update(no_key=True).get(pk=tag_id)
    before = {"name": tag.name, "rule": tag.rule, "is_active": tag.is_active} if tag_id else {}
    tag.name, tag.description = name.strip(), description.strip()
    tag.colour, tag.is_active = colour, is_active
    _check(tag, rule)
    is_new_rule = tag.kind == Tag.Kind.AUTOMATIC and tag.rule != rule
    if is_new_rule and tag_id:
        tag.rule_version += 1
    tag.rule = rule if tag.kind == Tag.Kind.AUTOMATIC else None
    try:
        with transaction.atomic():
            tag.save()
    except IntegrityError as error:
        raise InvalidTag(_("There is already a tag of this name.")) from error
    after = {"name": tag.name, "rule": tag.rule, "is_active": tag.is_active, "rule_version": tag.rule_version}
    action = "tag.changed" if tag_id else "tag.created"
    audit.record(action, actor=actor, subject=f"tag:{tag.pk}", at=at, before=before, after=after)
    if is_new_rule and tag.is_active:
        enqueue_on_commit("tags.retag_tag", tag_id=tag.pk)
    return tag


def _check(tag: Tag, rule: dict[str, Any] | None) -> None:
    if not tag.name or len(tag.name) > 40 or "\0" in tag.name:
        raise InvalidTag(_("A tag needs a name of at most 40 characters."))
    if tag.kind not in Tag.Kind.values or tag.colour not in Tag.Colour.values or len(tag.description) > 200:
        raise InvalidTag(_("There is no such choice."))
    if tag.kind == Tag.Kind.AUTOMATIC:
        if rule is None or len(json.dumps(rule)) > 20_000:
            raise InvalidTag(_("An automatic tag needs a rule."))
        facts.validate(rule)


@transaction.atomic
def tag_member(
    *, member_id: int, tag_id: int, actor: Staff | None, at: datetime, store: Store | None = None
) -> MemberTag:
    """Give a tag by hand; rules never take it away (R-G6). One that the member has by its rule becomes one by hand."""
    member = lock_member(member_id)
    tag = Tag.objects.get(pk=tag_id)
    if not tag.is_active:
        raise InvalidTag(_("This tag is no longer used."))
    if not member.is_open:
        raise InvalidTag(_("This member is closed."))
    held = MemberTag.objects.filter(member=member, tag=tag, until=None).first()
    if held is not None and held.source == MemberTag.Source.MANUAL:
        return held
    if held is not None:
        held.until = max(at, held.since)
        held.save(update_fields=["until"])
    given = MemberTag.objects.create(
        member=member, tag=tag, source=MemberTag.Source.MANUAL, since=at, actor=actor, store=store
    )
    audit.record("tag.given", actor=actor, subject=f"member:{member_id}", at=at, store=store, tag=tag_id)
    return given


@transaction.atomic
def untag_member(*, member_id: int, tag_id: int, actor: Staff | None, at: datetime, store: Store | None = None) -> None:
    """Take a tag away that was given by hand; the history stays. InvalidTag for one that a rule gives."""
    lock_member(member_id)
    held = MemberTag.objects.filter(member_id=member_id, tag_id=tag_id, until=None).first()
    if held is None:
        return
    if held.source == MemberTag.Source.RULE:
        raise InvalidTag(_("This tag comes from its rule and goes when the rule no longer fits."))
    held.until = max(at, held.since)
    held.save(update_fields=["until"])
    audit.record("tag.taken", actor=actor, subject=f"member:{member_id}", at=at, store=store, tag=tag_id)


def retag_all(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: every automatic tag follows its rule, one transaction and one statement per tag.

    A second run writes nothing. A rule that can no longer be computed (a fact was withdrawn) leaves its tag as it is
    and is counted as ``invalid``, so that one broken rule does not stop the others.
    """
    for tag in list_automatic_tags():
        yield retag_tag(tag_id=tag.pk, at=at)


@transaction.atomic
def retag_tag(*, tag_id: int, at: datetime) -> Counts:
    """Let all members follow one tag's rule as it is now; the tag's row is locked, so a change of rule waits (R-G5)."""
    tag = Tag.objects.select_for_update(no_key=True).get(pk=tag_id)
    if tag.kind != Tag.Kind.AUTOMATIC or not tag.is_active:
        return {"changed": 0}
    try:
        facts.validate(tag.rule)
        matched, params = matching_sql(tag.rule, at)
    except facts.InvalidRule:
        return {"changed": 0, "invalid": 1}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(_RETAG.format(matched=matched), [*params, at, tag.pk, tag.pk, at, tag.rule_version, tag.pk])
        left, entered = cursor.fetchone()
    return {"changed": left + entered, "entered": entered, "left": left}


# The rule is computed once; "gone" and "come" see the same instant. Rows given by hand are in nobody's way.
_RETAG = """
WITH matched AS MATERIALIZED ({matched}),
gone AS (
    UPDATE tags_membertag SET until = GREATEST(%s, since)
    WHERE tag_id = %s AND source = 'rule' AND until IS NULL
      AND NOT EXISTS (SELECT 1 FROM matched WHERE matched.id = member_id)
    RETURNING 1
),
come AS (
    INSERT INTO tags_membertag (member_id, tag_id, source, since, rule_version)
    SELECT id, %s, 'rule', %s, %s FROM matched
    WHERE NOT EXISTS (
        SELECT 1 FROM tags_membertag AS held
        WHERE held.tag_id = %s AND held.until IS NULL AND held.member_id = matched.id
    )
    ON CONFLICT (member_id, tag_id) WHERE until IS NULL DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM come)
"""


@transaction.atomic
def retag_member(*, member_id: int, at: datetime) -> Counts:
    """Let one member follow all automatic tags, after a purchase; at most one statement to ask and two to write."""
    lock_member(member_id)
    with connection.cursor() as cursor:
        # Shared with other members, exclusive against a change of a rule and its nightly run (R-G5).
        cursor.execute("SELECT id FROM tags_tag WHERE kind = 'automatic' AND is_active ORDER BY id FOR SHARE")
    tags = list_automatic_tags()
    fitting = _fitting_tags(member_id, tags, at)
    held = dict(MemberTag.objects.filter(member_id=member_id, until=None).values_list("tag_id", "source"))
    leaving = [tag.pk for tag in tags if held.get(tag.pk) == MemberTag.Source.RULE and fitting.get(tag.pk) is False]
    entering = [tag for tag in tags if fitting.get(tag.pk) and tag.pk not in held]
    if leaving:
        rows = MemberTag.objects.filter(member_id=member_id, tag_id__in=leaving, until=None)
        rows.update(until=at)
    MemberTag.objects.bulk_create(
        MemberTag(member_id=member_id, tag=tag, source=MemberTag.Source.RULE, since=at, rule_version=tag.rule_version)
        for tag in entering
    )
    return {"changed": len(leaving) + len(entering), "entered": len(entering), "left": len(leaving)}


def _fitting_tags(member_id: int, tags: list[Tag], at: datetime) -> dict[int, bool]:
    """Which tags' rules fit the member, in one statement; a rule that cannot be computed is missing."""
    questions: dict[str, Exists] = {}
    for tag in tags:
        try:
            facts.validate(tag.rule)
        except facts.InvalidRule:
            continue
        questions[f"tag_{tag.pk}"] = Exists(matching_members(tag.rule, at).filter(pk=OuterRef("pk")))
    if not questions:
        return {}
    answers = Member.objects.filter(pk=member_id).annotate(**questions).values_list(*questions).get()
    return {int(name.removeprefix("tag_")): bool(answer) for name, answer in zip(questions, answers, strict=True)}
