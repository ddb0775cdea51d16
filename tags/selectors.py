"""Reads of tags: who has which, who would, and in words what a rule says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from core import facts
from members.models import OPEN_STATUSES, Member
from tags.models import MemberTag, Tag

SAMPLE = 20


@dataclass(frozen=True)
class Preview:
    """How many members a rule fits now, of how many, and some of them."""

    count: int
    total: int
    sample: list[Member]


def get_tag(tag_id: int) -> Tag:
    """One tag; Tag.DoesNotExist."""
    return Tag.objects.get(pk=tag_id)


def list_tags() -> QuerySet[Tag]:
    """All tags with the number of members that have them (``members``), active ones first."""
    held = MemberTag.objects.filter(tag=OuterRef("pk"), until=None).order_by().values("tag")
    members = Coalesce(Subquery(held.annotate(count=Count("pk")).values("count")), 0)
    return Tag.objects.annotate(members=members).order_by("-is_active", "name")


def list_automatic_tags() -> list[Tag]:
    """The active tags that follow a rule, by id."""
    return list(Tag.objects.filter(kind=Tag.Kind.AUTOMATIC, is_active=True).order_by("pk"))


def list_assignable_tags(member_id: int) -> list[Tag]:
    """Active tags that the member does not have."""
    held = MemberTag.objects.filter(member_id=member_id, until=None).values("tag_id")
    return list(Tag.objects.filter(is_active=True).exclude(pk__in=held).order_by("name"))


def list_member_tags(member_id: int) -> list[MemberTag]:
    """The active tags that a member has, by name; one statement."""
    return list(
        MemberTag.objects.filter(member_id=member_id, until=None, tag__is_active=True)
        .select_related("tag")
        .order_by("tag__name")
    )


def list_tag_ids(members: Collection[int]) -> dict[int, set[int]]:
    """The ids of the active tags that members have, by member; one statement."""
    found: dict[int, set[int]] = {}
    rows = MemberTag.objects.filter(member_id__in=members, until=None, tag__is_active=True)
    for member_id, tag_id in rows.values_list("member_id", "tag_id"):
        found.setdefault(member_id, set()).add(tag_id)
    return found


def list_tag_history(member_id: int) -> QuerySet[MemberTag]:
    """Every tag that a member has or had, newest first."""
    return MemberTag.objects.filter(member_id=member_id).select_related("tag", "actor").order_by("-since", "-id")


def list_tagged_members(tag_id: int) -> QuerySet[Member]:
    """Active and frozen members that have the tag now."""
    held = MemberTag.objects.filter(tag_id=tag_id, until=None).values("member_id")
    return Member.objects.filter(pk__in=held, status__in=OPEN_STATUSES).select_related("store")


def had_tag(member_id: int, tag_id: int, at: datetime) -> bool:
    """Whether a member had a tag at an instant of the past."""
    return (
        MemberTag.objects.filter(member_id=member_id, tag_id=tag_id, since__lte=at)
        .filter(Q(until__isnull=True) | Q(until__gt=at))
        .exists()
    )


def matching_members(rule: dict[str, Any], at: datetime) -> QuerySet[Member]:
    """Active and frozen members that fit a valid rule at an instant; one statement however many members there are."""
    annotations, condition = facts.compile_rule(rule, at)
    return Member.objects.filter(status__in=OPEN_STATUSES).alias(**annotations).filter(condition)


def matching_sql(rule: dict[str, Any], at: datetime) -> tuple[str, tuple[Any, ...]]:
    """:func:`matching_members` as SQL that selects ``id``, for set-based statements."""
    try:
        return matching_members(rule, at).values("id").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT 0::bigint AS id WHERE false", ()


def preview(rule: dict[str, Any], at: datetime) -> Preview:
    """Count and sample of a rule before it is saved; InvalidRule if it is not whole. Three statements."""
    facts.validate(rule)
    matching = matching_members(rule, at)
    return Preview(
        count=matching.count(),
        total=Member.objects.filter(status__in=OPEN_STATUSES).count(),
        sample=list(matching.select_related("store").order_by("-registered_at", "-id")[:SAMPLE]),
    )


def describe(rule: dict[str, Any] | None) -> str:
    """A rule in plain words for lists and the trail; conditions that nobody offers any more are named by their code."""
    if rule is None:
        return ""
    for joint, word in (("all", _(" and ")), ("any", _(" or "))):
        if joint in rule:
            return word.join(_wrapped(child) for child in rule[joint])
    if "none" in rule:
        return _("none of: %(conditions)s") % {"conditions": _(" or ").join(_wrapped(c) for c in rule["none"])}
    return _condition_text(rule)


def _wrapped(node: dict[str, Any]) -> str:
    is_group = any(joint in node for joint in facts.JOINTS)
    return f"({describe(node)})" if is_group else describe(node)


def _condition_text(node: dict[str, Any]) -> str:
    fact = facts.all_facts().get(str(node.get("fact")))
    if fact is None:
        return str(node.get("fact"))
    names = dict(fact.choices()) if fact.choices else {}
    value = node.get("value")
    values = value if isinstance(value, list) else [value]
    shown = ", ".join(str(names.get(str(item), item)) for item in values)
    if fact.kind == "boolean" or node.get("op") == "empty":
        shown = _("yes") if value in (True, "true", "True", "1", 1) else _("no")
    params = node.get("params") or {}
    window = ", ".join(f"{param.label} {params.get(param.name, param.default)}" for param in fact.params)
    text = f"{fact.label} {facts.OPERATORS[node['op']]} {shown}"
    return f"{text} ({window})" if window else text
