"""One coupon for many members: whom it reaches, who is left out, stopped, killed and withdrawn (R-K4, R-K5)."""

from datetime import timedelta

import pytest

from audit.models import Record
from core.facts import InvalidRule
from coupons import proofs, selectors, services
from coupons.models import Batch, Coupon, Event, Template
from coupons.rules import check_digit
from coupons.selectors.batches import count_coupons, describe_audience, preview_batch, problem_text
from coupons.services import batches
from jobs.models import Outbox
from members.models import Member
from members.services import freeze_member
from tags.models import MemberTag, Tag
from tests.conftest import make_staff
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.ledgers import make_member, table_rows

pytestmark = pytest.mark.django_db

WOMEN = {"rule": {"all": [{"fact": "members.gender", "op": "eq", "value": "female"}]}}
TABLES = ("coupons_coupon", "coupons_event", "coupons_batch", "coupons_template")


@pytest.fixture
def marketer(store):
    return make_staff("marketer", "marketer", store)


@pytest.fixture
def members(store):
    return [make_member(store) for _number in range(5)]


@pytest.fixture
def start(marketer, template, now, store):
    def build(audience=None, *, of=None, at=now):
        return services.start_batch(
            template_id=(of or template).pk,
            name="spring",
            audience=audience or {},
            actor=marketer,
            at=at,
            store=store,
        )

    return build


@pytest.fixture(autouse=True)
def coupons_agree():
    yield
    for proof in proofs.PROOFS:
        assert proof.check()[1] == [], proof.name


def _redeem(coupon, at):
    return services.redeem(
        coupon_id=coupon.pk,
        member_id=coupon.member_id,
        amount=coupon.template.amount,
        source="test:1",
        idempotency_key=f"redeem:{coupon.pk}",
        at=at,
        store=None,
        actor=None,
    )


def test_every_open_member_gets_one_coupon_with_the_terms_of_the_day(start, members, template, now, store):
    frozen = make_member(store, status=Member.Status.FROZEN)
    make_member(store, status=Member.Status.CLOSED)

    batch = start()

    assert (batch.status, batch.issued_count, batch.skipped_count, batch.expected_count) == ("done", 5, 1, 6)
    coupons = list(Coupon.objects.order_by("member_id").select_related("terms_version"))
    assert [coupon.member_id for coupon in coupons] == [member.pk for member in members]
    assert frozen.pk not in {coupon.member_id for coupon in coupons}
    one, alone = coupons[0], issue_coupon(template, members[0].pk, at=now)
    assert (one.valid_from, one.valid_until, one.uses_left) == (alone.valid_from, alone.valid_until, 1)
    assert (one.batch_id, one.source, one.idempotency_key) == (
        batch.pk,
        f"coupon_batch:{batch.pk}",
        f"batch:{batch.pk}:{one.member_id}",
    )
    assert one.terms_version.number == template.version
    assert len({coupon.code for coupon in coupons}) == 5
    assert all(check_digit(coupon.code[:-1]) == coupon.code[-1] for coupon in coupons)
    assert Event.objects.filter(kind="issued", source=f"coupon_batch:{batch.pk}").count() == 5
    assert selectors.get_template(template.pk).given_count == 6
    assert Record.objects.filter(action="coupon_batch.started", subject=f"coupon_batch:{batch.pk}").count() == 1


def test_a_tag_and_a_filter_choose_whom_it_reaches(start, members, now, marketer):
    tag = Tag.objects.create(name="tea", kind="manual")
    for member in members[:3]:
        MemberTag.objects.create(member=member, tag=tag, since=now - timedelta(days=1), actor=marketer)
    MemberTag.objects.filter(member=members[2]).update(until=now)
    Member.objects.filter(pk__in=[members[0].pk, members[4].pk]).update(gender="female")

    tagged, women, both = start({"tag": tag.pk}), start(WOMEN), start({"tag": tag.pk, **WOMEN})

    def reached(batch):
        return set(Coupon.objects.filter(batch=batch).values_list("member_id", flat=True))

    assert reached(tagged) == {members[0].pk, members[1].pk}
    assert reached(women) == {members[0].pk, members[4].pk}
    assert reached(both) == {members[0].pk}


def test_the_preview_says_who_is_left_out_and_why(start, members, store, now, marketer):
    template = create_template(member_limit=1, total_limit=4)
    issue_coupon(template, members[0].pk, at=now)
    template.refresh_from_db()
    frozen = make_member(store)
    freeze_member(member_id=frozen.pk, reason="lost", actor=marketer, store=store, at=now)

    found = preview_batch(template=template, audience={}, at=now)
    batch = start(of=template)

    assert (found.fitting, found.members, found.frozen, found.at_limit, found.beyond_total) == (6, 3, 1, 1, 1)
    assert {member.pk for member in found.sample} == {member.pk for member in members[1:]}
    assert (batch.issued_count, batch.skipped_count) == (3, 3)
    assert Coupon.objects.filter(template=template).count() == 4


@pytest.mark.parametrize(
    ("audience", "problem"),
    [
        ({"tag": 987654321}, InvalidRule),
        ({"members": [1]}, InvalidRule),
        ({"rule": {"all": []}}, InvalidRule),
        ({"rule": {"all": [{"fact": "members.age", "op": "gt", "value": "200"}]}}, services.NobodyToGive),
    ],
)
def test_an_audience_that_is_not_whole_or_empty_moves_nothing(start, members, audience, problem):
    before = table_rows(*TABLES)

    with pytest.raises(problem):
        start(audience)

    assert table_rows(*TABLES) == before


def test_a_template_that_is_not_given_out_moves_nothing(start, members, now):
    draft = create_template(is_active=False)
    over = create_template(
        validity="fixed", starts_on=now.date() - timedelta(days=9), through_on=now.date() - timedelta(days=1)
    )
    before = table_rows(*TABLES)

    for template in (draft, over):
        with pytest.raises(services.TemplateNotGiven):
            start(of=template)

    assert table_rows(*TABLES) == before


def test_a_killed_batch_goes_on_and_gives_nobody_two(start, members, monkeypatch, now):
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()
    assert (batch.status, batch.issued_count, batch.after_member) == ("running", 2, members[1].pk)
    assert Outbox.objects.get(task="coupons.work_batch").arguments == {"batch_id": batch.pk}
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_issue", _die_after_issue(batches._issue))
        with pytest.raises(KeyboardInterrupt):
            services.work_batch(batch_id=batch.pk, at=now)
    batch.refresh_from_db()
    assert (batch.issued_count, Coupon.objects.count()) == (2, 2)

    services.work_batch(batch_id=batch.pk, at=now)
    services.work_batch(batch_id=batch.pk, at=now)

    batch.refresh_from_db()
    assert (batch.status, batch.issued_count) == ("done", 5)
    assert sorted(Coupon.objects.values_list("member_id", flat=True)) == [member.pk for member in members]


def _die_after_issue(issue):
    def die(*args):
        issue(*args)
        raise KeyboardInterrupt

    return die


def test_a_batch_that_is_told_to_begin_again_gives_nobody_two(start, members, now):
    batch = start()
    Batch.objects.filter(pk=batch.pk).update(status="running", after_member=0)

    services.work_batch(batch_id=batch.pk, at=now)

    assert Coupon.objects.count() == 5
    batch.refresh_from_db()
    assert (batch.issued_count, batch.skipped_count) == (5, 5)


def test_a_coupon_of_the_batch_that_came_with_a_merged_member_is_enough(start, members, now, monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()
    services.merge(
        from_member_id=members[0].pk,
        into_member_id=members[4].pk,
        idempotency_key="merge",
        at=now,
        store=None,
        actor=None,
        source=f"member:{members[0].pk}",
    )

    services.work_batch(batch_id=batch.pk, at=now)

    batch.refresh_from_db()
    assert (batch.issued_count, batch.skipped_count) == (4, 1)
    assert Coupon.objects.filter(batch=batch, member=members[4]).count() == 1


def test_members_who_come_later_get_nothing(start, members, store, now, monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()
    make_member(store, registered_at=now + timedelta(minutes=1))

    services.work_batch(batch_id=batch.pk, at=now + timedelta(hours=1))

    assert Coupon.objects.count() == 5


def test_a_paused_batch_gives_nothing_until_it_goes_on(start, members, marketer, now, monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()

    services.pause_batch(batch_id=batch.pk, stops_use=True, actor=marketer, at=now)
    services.work_batch(batch_id=batch.pk, at=now)
    paused = Batch.objects.get(pk=batch.pk)
    services.resume_batch(batch_id=batch.pk, actor=marketer, at=now)
    services.work_batch(batch_id=batch.pk, at=now)

    assert (paused.status, paused.stops_use, paused.issued_count) == ("paused", True, 2)
    batch.refresh_from_db()
    assert (batch.status, batch.stops_use, batch.issued_count) == ("done", False, 5)


def test_a_batch_paused_with_its_use_stops_its_coupons_and_no_others(start, members, marketer, template, now):
    other = issue_coupon(template, members[0].pk, at=now)
    batch = start()
    services.pause_batch(batch_id=batch.pk, stops_use=True, actor=marketer, at=now)
    stopped = Coupon.objects.select_related("template").get(batch=batch, member=members[0])

    with pytest.raises(services.CouponNotUsable):
        _redeem(stopped, now)

    assert _redeem(Coupon.objects.select_related("template").get(pk=other.pk), now).kind == "redeemed"
    services.resume_batch(batch_id=batch.pk, actor=marketer, at=now)
    assert _redeem(stopped, now).kind == "redeemed"


def test_a_cancelled_batch_leaves_what_it_gave(start, members, marketer, now, monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()

    services.cancel_batch(batch_id=batch.pk, actor=marketer, at=now)
    services.work_batch(batch_id=batch.pk, at=now)

    assert Coupon.objects.filter(status="issued").count() == 2
    for again in (services.cancel_batch, services.resume_batch):
        with pytest.raises(services.BatchStateChanged):
            again(batch_id=batch.pk, actor=marketer, at=now)


def test_a_template_paused_meanwhile_pauses_the_batch_and_says_why(
    start, members, marketer, template, now, monkeypatch
):
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()
    Template.objects.filter(pk=template.pk).update(status="paused")

    services.work_batch(batch_id=batch.pk, at=now)

    batch.refresh_from_db()
    assert (batch.status, batch.error, batch.issued_count) == ("paused", "template_stopped", 2)
    assert problem_text(batch.error)
    Template.objects.filter(pk=template.pk).update(status="active")
    services.resume_batch(batch_id=batch.pk, actor=marketer, at=now)
    services.work_batch(batch_id=batch.pk, at=now)
    batch.refresh_from_db()
    assert (batch.status, batch.error, batch.issued_count) == ("done", "", 5)


def test_void_batch_while_three_are_redeemed_leaves_those_and_voids_the_rest(
    start, members, marketer, now, monkeypatch, template
):
    """LOCKED is a state of integrated payment only (R-K11); a coupon in use here is a redeemed one."""
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()
    services.work_batch(batch_id=batch.pk, at=now)
    other = issue_coupon(template, members[0].pk, at=now)
    used = list(Coupon.objects.filter(batch=batch).select_related("template").order_by("pk")[:3])
    for coupon in used:
        _redeem(coupon, now)

    services.void_batch(batch_id=batch.pk, reason="wrong audience", actor=marketer, at=now)
    services.work_batch(batch_id=batch.pk, at=now)

    batch.refresh_from_db()
    assert (batch.status, batch.ended_at) == ("voided", now)
    counts = count_coupons(batch_id=batch.pk, at=now)
    assert (counts.redeemed, counts.void, counts.unused, counts.expired) == (3, 2, 0, 0)
    assert Event.objects.filter(kind="voided").count() == 2
    other.refresh_from_db()
    assert other.status == "issued"
    with pytest.raises(services.BatchStateChanged):
        services.void_batch(batch_id=batch.pk, reason="again", actor=marketer, at=now)


def test_an_audience_in_words(members, now):
    tag = Tag.objects.create(name="tea", kind="manual")

    assert "tea" in describe_audience({"tag": tag.pk})
    assert describe_audience({}) != describe_audience(WOMEN)


def test_a_coupon_that_a_merge_moved_back_while_its_batch_is_withdrawn_is_voided_too(
    start, members, marketer, now, monkeypatch
):
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()
    services.work_batch(batch_id=batch.pk, at=now)
    services.void_batch(batch_id=batch.pk, reason="wrong", actor=marketer, at=now)
    services.merge(
        from_member_id=members[4].pk,
        into_member_id=members[0].pk,
        idempotency_key="merge",
        at=now,
        store=None,
        actor=None,
        source=f"member:{members[4].pk}",
    )

    services.work_batch(batch_id=batch.pk, at=now)

    batch.refresh_from_db()
    assert batch.ended_at == now
    assert set(Coupon.objects.filter(batch=batch).values_list("status", flat=True)) == {"void"}


def test_a_used_coupon_given_back_after_its_batch_was_withdrawn_cannot_be_used_again(start, members, marketer, now):
    batch = start()
    coupon = Coupon.objects.select_related("template").get(batch=batch, member=members[0])
    _redeem(coupon, now)
    services.void_batch(batch_id=batch.pk, reason="wrong amount", actor=marketer, at=now)

    services.return_redeemed(
        idempotency_key_of_redeem=f"redeem:{coupon.pk}", idempotency_key="void:1", at=now, store=None, actor=None
    )

    (terms,) = selectors.list_usable_terms(member_id=members[0].pk, at=now)
    assert terms.is_stopped
    events = Event.objects.count()
    with pytest.raises(services.CouponNotUsable) as caught:
        services.redeem(
            coupon_id=coupon.pk, member_id=members[0].pk, amount=coupon.template.amount, source="test:2",
            idempotency_key="again", at=now, store=None, actor=None,
        )  # fmt: skip
    assert (caught.value.refusal.reason, Event.objects.count()) == ("stopped", events)


def test_what_a_withdrawn_batch_gave_is_stopped_before_its_turn_to_be_voided(
    start, members, marketer, now, monkeypatch
):
    monkeypatch.setattr(batches, "CHUNK", 2)
    batch = start()
    services.work_batch(batch_id=batch.pk, at=now)

    services.void_batch(batch_id=batch.pk, reason="wrong amount", actor=marketer, at=now)

    waiting = Coupon.objects.get(batch=batch, member=members[4])
    (terms,) = selectors.list_usable_terms(member_id=members[4].pk, at=now)
    assert (waiting.status, terms.is_stopped) == ("issued", True)
