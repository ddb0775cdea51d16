"""Tags given by hand and by rules, and their history."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override

from audit.models import Record
from core.facts import InvalidRule
from jobs.models import Outbox
from members.models import Member
from tags import selectors, services
from tags.models import MemberTag, Tag
from tags.proofs import check_periods
from tests.factories.members import create_member

DAY = date(2026, 3, 18)
FEMALE = {"all": [{"fact": "members.gender", "op": "eq", "value": "female"}]}
ADULT = {"all": [{"fact": "members.age", "op": "gte", "value": "18"}]}


def automatic(manager, now, rule=FEMALE, name="Ladies", **changes) -> Tag:
    return services.save_tag(name=name, kind="automatic", rule=rule, actor=manager, at=now, **changes)


def run(now) -> list[dict[str, int]]:
    return list(services.retag_all(DAY, now))


def holders(tag: Tag) -> list[int]:
    return sorted(MemberTag.objects.filter(tag=tag, until=None).values_list("member_id", flat=True))


def test_a_night_gives_and_takes_by_the_rule_and_a_second_run_writes_nothing(store, manager, now):
    tag = automatic(manager, now)
    ann = create_member(store, gender="female")
    bob = create_member(store, gender="male")

    assert run(now) == [{"changed": 1, "entered": 1, "left": 0}]
    assert holders(tag) == [ann.pk]
    Member.objects.filter(pk=ann.pk).update(gender="male")
    Member.objects.filter(pk=bob.pk).update(gender="female")
    later = now + timedelta(days=1)
    assert run(later) == [{"changed": 2, "entered": 1, "left": 1}]
    before = list(MemberTag.objects.order_by("id").values())
    assert run(later + timedelta(hours=1)) == [{"changed": 0, "entered": 0, "left": 0}]

    assert list(MemberTag.objects.order_by("id").values()) == before
    assert holders(tag) == [bob.pk]
    history = MemberTag.objects.get(member=ann)
    assert (history.since, history.until, history.source, history.rule_version) == (now, later, "rule", 1)
    assert selectors.had_tag(ann.pk, tag.pk, now)
    assert not selectors.had_tag(ann.pk, tag.pk, later)
    assert check_periods() == (2, [])


def test_a_night_costs_the_same_however_many_members(store, manager, now, django_assert_num_queries):
    automatic(manager, now)
    for _index in range(30):
        create_member(store, gender="female")

    # The list of tags; per tag: savepoint, lock, memory, the one statement, release.
    with django_assert_num_queries(6):
        run(now)


@pytest.mark.parametrize("status", ["closed", "merged"])
def test_members_who_left_lose_automatic_tags(store, manager, now, status):
    tag = automatic(manager, now)
    member = create_member(store, gender="female")
    run(now)

    Member.objects.filter(pk=member.pk).update(status=status)
    run(now)

    assert holders(tag) == []


def test_rules_never_touch_what_was_given_by_hand(store, manager, now):
    tag = automatic(manager, now)
    bob = create_member(store, gender="male")
    services.tag_member(member_id=bob.pk, tag_id=tag.pk, actor=manager, at=now, store=store)

    run(now)
    services.retag_member(member_id=bob.pk, at=now)

    held = MemberTag.objects.get()
    assert (held.member, held.source, held.until, held.actor) == (bob, "manual", None, manager)
    Member.objects.filter(pk=bob.pk).update(gender="female")
    assert run(now) == [{"changed": 0, "entered": 0, "left": 0}]


def test_unknown_values_satisfy_no_comparison_also_under_not(store, manager, now):
    """R-G3: only "is empty" finds those whose age is unknown."""
    young = create_member(store, name="young", birth_year=2015, birth_month=1, birth_day=1)
    old = create_member(store, name="old", birth_year=1950, birth_month=1, birth_day=1)
    unknown = create_member(store, name="unknown")
    adult = {"fact": "members.age", "op": "gte", "value": 18}
    no_man = {"fact": "members.gender", "op": "ne", "value": "male"}

    def who(rule):
        return sorted(selectors.matching_members(rule, now).values_list("name", flat=True))

    assert who({"all": [adult]}) == [old.name]
    assert who({"none": [adult]}) == [young.name]
    assert who({"none": [{"none": [adult]}]}) == [old.name]
    assert who({"none": [{"all": [adult, no_man]}]}) == [young.name]
    assert who({"none": [{"any": [adult, adult]}]}) == [young.name]
    assert who({"all": [{"fact": "members.age", "op": "lt", "value": 18}]}) == [young.name]
    assert who({"all": [no_man]}) == []
    assert who({"all": [{"fact": "members.age", "op": "empty", "value": True}]}) == [unknown.name]
    assert who({"none": [{"fact": "members.age", "op": "empty", "value": True}]}) == [old.name, young.name]


def test_ages_change_on_the_birthday_in_shop_days(store, now):
    create_member(store, name="today", birth_year=2008, birth_month=3, birth_day=18)
    create_member(store, name="tomorrow", birth_year=2008, birth_month=3, birth_day=19)

    def adults(at):
        return sorted(selectors.matching_members(ADULT, at).values_list("name", flat=True))

    assert adults(now) == ["today"]
    assert adults(now.replace(hour=15, minute=59)) == ["today"]
    assert adults(now.replace(hour=16, minute=0)) == ["today", "tomorrow"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"fact": "members.birth_month", "op": "eq", "value": 3}, ["solar"]),
        ({"fact": "members.birth_month", "op": "empty", "value": True}, ["lunar"]),
        ({"fact": "members.days_registered", "op": "gte", "value": 10}, ["lunar"]),
        ({"fact": "members.days_registered", "op": "eq", "value": 0}, ["solar"]),
        ({"fact": "members.source", "op": "in", "value": "import,online"}, ["lunar"]),
        ({"fact": "members.source", "op": "ne", "value": "import"}, ["solar"]),
        ({"fact": "members.store", "op": "eq", "value": "S01"}, ["solar"]),
        ({"fact": "members.gender", "op": "eq", "value": "female"}, ["solar"]),
    ],
)
def test_every_fact_of_members_answers(store, other_store, now, condition, expected):
    create_member(store, name="solar", gender="female", birth_month=3, birth_day=1)
    create_member(
        other_store,
        name="lunar",
        birth_calendar="lunar",
        birth_month=3,
        birth_day=1,
        source="import",
        at=now - timedelta(days=10),
    )

    assert list(selectors.matching_members({"all": [condition]}, now).values_list("name", flat=True)) == expected


@pytest.mark.parametrize(
    "rule",
    [
        None,
        {},
        [],
        {"all": []},
        {"all": "x"},
        {"all": [{"fact": "nobody.knows", "op": "eq", "value": 1}]},
        {"all": [{"fact": "members.age", "op": "like", "value": 1}]},
        {"all": [{"fact": "members.age", "op": "gte", "value": ""}]},
        {"all": [{"fact": "members.age", "op": "gte", "value": "old"}]},
        {"all": [{"fact": "members.gender", "op": "gte", "value": "male"}]},
        {"all": [{"fact": "members.gender", "op": "eq", "value": "robot"}]},
        {"all": [{"fact": "members.gender", "op": "in", "value": []}]},
        {"all": [{"fact": "members.age", "op": "gte", "value": 1, "params": {"days": 3}}]},
        {"all": [{"fact": "members.age", "op": "gte", "value": 1}] * 51},
        {"all": [{"all": [{"all": [{"all": [{"all": [{"all": [FEMALE]}]}]}]}]}]},
    ],
)
def test_rules_that_are_not_whole_are_refused(manager, now, rule):
    with pytest.raises((InvalidRule, services.InvalidTag)):
        automatic(manager, now, rule=rule)

    assert Tag.objects.count() == 0


def test_a_new_rule_is_a_new_version_and_is_followed_after_commit(store, manager, now):
    tag = automatic(manager, now)
    ann = create_member(store, gender="female")
    bob = create_member(store, gender="male")
    run(now)
    rule = {"all": [{"fact": "members.gender", "op": "eq", "value": "male"}]}

    services.save_tag(name="Ladies", tag_id=tag.pk, rule=rule, actor=manager, at=now)

    tag.refresh_from_db()
    assert tag.rule_version == 2
    assert [row.arguments for row in Outbox.objects.filter(task="tags.retag_tag")] == [{"tag_id": tag.pk}] * 2
    run(now)
    assert holders(tag) == [bob.pk]
    assert MemberTag.objects.get(member=bob).rule_version == 2
    assert MemberTag.objects.get(member=ann).until == now
    record = Record.objects.get(action="tag.changed")
    assert (record.data["before"]["rule"], record.data["after"]["rule"]) == (FEMALE, rule)


def test_an_unchanged_rule_keeps_its_version(manager, now):
    tag = automatic(manager, now)

    services.save_tag(name="Women", tag_id=tag.pk, rule=FEMALE, actor=manager, at=now)

    tag.refresh_from_db()
    assert (tag.name, tag.rule_version) == ("Women", 1)


def test_a_rule_whose_fact_is_gone_stops_no_other(store, manager, now):
    broken, whole = automatic(manager, now, name="A"), automatic(manager, now, name="B")
    Tag.objects.filter(pk=broken.pk).update(rule={"all": [{"fact": "gone.fact", "op": "eq", "value": 1}]})
    member = create_member(store, gender="female")

    assert run(now) == [{"changed": 0, "invalid": 1}, {"changed": 1, "entered": 1, "left": 0}]
    services.retag_member(member_id=member.pk, at=now)

    assert (holders(broken), holders(whole)) == ([], [member.pk])


def test_one_member_follows_all_rules_at_once(store, manager, now, django_assert_max_num_queries):
    ladies = automatic(manager, now)
    adults = automatic(manager, now, rule=ADULT, name="Adults")
    member = create_member(store, gender="female")
    other = create_member(store, gender="female")
    run(now)
    Member.objects.filter(pk=member.pk).update(gender="male", birth_year=1990, birth_month=1, birth_day=1)
    later = now + timedelta(hours=1)

    with django_assert_max_num_queries(10):
        counts = services.retag_member(member_id=member.pk, at=later)

    assert counts == {"changed": 2, "entered": 1, "left": 1}
    assert (holders(ladies), holders(adults)) == ([other.pk], [member.pk])
    assert services.retag_member(member_id=member.pk, at=later) == {"changed": 0, "entered": 0, "left": 0}


def test_tags_by_hand_are_given_once_taken_away_and_remembered(store, manager, now):
    tag = services.save_tag(name="VIP", actor=manager, at=now)
    member = create_member(store)

    first = services.tag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now, store=store)
    second = services.tag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now, store=store)
    services.untag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now + timedelta(days=1))
    services.untag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now + timedelta(days=2))

    assert first == second
    assert [row.until for row in selectors.list_tag_history(member.pk)] == [now + timedelta(days=1)]
    assert selectors.list_member_tags(member.pk) == []
    assert Record.objects.filter(action__in=["tag.given", "tag.taken"]).count() == 2


def test_a_tag_of_a_rule_is_not_taken_away_by_hand(store, manager, now):
    tag = automatic(manager, now)
    member = create_member(store, gender="female")
    run(now)

    with pytest.raises(services.InvalidTag):
        services.untag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now)

    assert holders(tag) == [member.pk]


def test_giving_by_hand_what_a_rule_gave_makes_it_stay(store, manager, now):
    tag = automatic(manager, now)
    member = create_member(store, gender="female")
    run(now)
    services.tag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now + timedelta(hours=1))
    Member.objects.filter(pk=member.pk).update(gender="male")

    run(now + timedelta(days=1))

    assert holders(tag) == [member.pk]
    assert check_periods() == (2, [])


@pytest.mark.parametrize("change", [{"is_active": False}, {"status": "closed"}])
def test_unused_tags_and_closed_members_are_refused(store, manager, now, change):
    tag = services.save_tag(name="VIP", actor=manager, at=now)
    member = create_member(store)
    (Tag if "is_active" in change else Member).objects.update(**change)

    with pytest.raises(services.InvalidTag):
        services.tag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now)

    assert MemberTag.objects.count() == 0


def test_names_are_unique(manager, now):
    services.save_tag(name="VIP", actor=manager, at=now)

    with pytest.raises(services.InvalidTag):
        services.save_tag(name=" VIP ", actor=manager, at=now)

    assert Tag.objects.count() == 1


def test_the_database_keeps_one_open_period_and_the_proof_finds_overlaps(store, manager, now):
    tag = services.save_tag(name="VIP", actor=manager, at=now)
    member = create_member(store)
    held = services.tag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now)

    with pytest.raises(IntegrityError), transaction.atomic():
        MemberTag.objects.create(member=member, tag=tag, source="rule", since=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        MemberTag.objects.filter(pk=held.pk).update(until=now - timedelta(seconds=1))
    MemberTag.objects.create(
        member=member, tag=tag, source="rule", since=now + timedelta(hours=1), until=now + timedelta(hours=2)
    )

    checked, differences = check_periods()
    assert checked == 2
    assert [difference.subject.rsplit(" ", 1)[0] for difference in differences] == [f"member:{member.pk} tag:{tag.pk}"]


def test_a_preview_counts_and_shows_some(store, now, django_assert_num_queries):
    for index in range(25):
        create_member(store, gender="female" if index else "male")

    with django_assert_num_queries(3):
        result = selectors.preview(FEMALE, now)

    assert (result.count, result.total, len(result.sample)) == (24, 25, 20)


def test_rules_are_told_in_words(store):
    rule = {
        "all": [
            {"fact": "members.age", "op": "gte", "value": 18},
            {"any": [{"fact": "members.gender", "op": "eq", "value": "female"}, {"fact": "gone", "op": "eq"}]},
        ]
    }

    with override("en"):
        assert selectors.describe(rule) == "Age at least 18 and (Gender is female or gone)"
