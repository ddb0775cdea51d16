"""How members moved between tiers (Q30), who holds what, who is at risk, and what the night would do."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.test import Client
from openpyxl import load_workbook

from audit.models import Record
from core.days import start_of
from members.models import Member
from stores.models import Staff, Store
from tests.factories.members import create_member
from tiers import services
from tiers.models import Change, Period, Tier, Track, Version
from tiers.rules import KeepRule, Streak
from tiers.selectors.matrix import count_pyramid, list_matrices
from tiers.selectors.risk import list_at_risk

DAY = date(2026, 3, 18)


def rise(member: Member, spend: str, at: datetime, on: date, key: str) -> Change | None:
    services.record_progress(
        member_id=member.pk, metrics={"spend": Decimal(spend)}, business_on=on, source=key, idempotency_key=key, at=at,
        store=None, actor=None,
    )  # fmt: skip
    return services.reevaluate(member_id=member.pk, at=at, source=key)


def set_tier(member: Member, tier: Tier, actor: Staff, at: datetime) -> None:
    services.set_manually(member_id=member.pk, tier=tier, reason="x", at=at, store=None, actor=actor)


def registered(member: Member, at: datetime) -> Member:
    Member.objects.filter(pk=member.pk).update(registered_at=at)
    return member


@pytest.fixture
def climbers(store: Store, now: datetime) -> list[Member]:
    """Three who reached silver 10, 20 and 60 days after they registered; the first went on to gold 5 days later."""
    people = [registered(create_member(store), now - timedelta(days=days)) for days in (10, 20, 60)]
    for number, one in enumerate(people):
        rise(one, "500", now, DAY, f"s{number}")
    later = now + timedelta(days=5)
    rise(people[0], "1500", later, DAY + timedelta(days=5), "gold")
    return people


def test_the_matrix_counts_decisions_and_the_days_until_an_upgrade(climbers: list[Member]) -> None:
    (growth,) = list_matrices(first=DAY, last=DAY + timedelta(days=5))

    assert {(pace.from_name, pace.to_name): (pace.count, pace.mean, pace.median) for pace in growth.paces} == {
        ("普通", "银卡"): (3, Decimal("30.0"), Decimal("20.0")),
        ("银卡", "金卡"): (1, Decimal("5.0"), Decimal("5.0")),
    }
    assert (growth.total, growth.risen, growth.fallen, growth.totals) == (4, 4, 0, [0, 3, 1, 0])
    assert list_matrices(first=DAY + timedelta(days=6), last=DAY + timedelta(days=9)) == []


def test_the_matrix_equals_an_independent_count(climbers: list[Member], owner: Staff, now: datetime) -> None:
    silver = Tier.objects.get(code="silver")
    set_tier(climbers[0], silver, owner, now + timedelta(days=6))
    counted: dict[tuple[int, int], int] = {}
    for change in Change.objects.all():
        key = (change.from_tier_id, change.to_tier_id)
        counted[key] = counted.get(key, 0) + 1

    (growth,) = list_matrices(first=DAY, last=DAY + timedelta(days=30))

    assert growth.counts == counted
    assert (growth.risen, growth.fallen) == (4, 1)


def test_a_renewal_does_not_begin_the_days_until_an_upgrade_afresh(store: Store, now: datetime) -> None:
    one = registered(create_member(store), now - timedelta(days=400))
    rise(one, "600", now, DAY, "first")
    rise(one, "600", now + timedelta(days=300), DAY + timedelta(days=300), "more")
    night = start_of(DAY + timedelta(days=366))
    list(services.evaluate_due(DAY + timedelta(days=366), night))
    later = night + timedelta(days=4, hours=9)
    rise(one, "5000", later, DAY + timedelta(days=370), "gold")

    (growth,) = list_matrices(first=DAY + timedelta(days=360), last=DAY + timedelta(days=400))

    assert {(pace.from_name, pace.to_name): pace.mean for pace in growth.paces} == {("银卡", "钻石"): Decimal("370.0")}
    assert growth.counts[Tier.objects.get(code="silver").pk, Tier.objects.get(code="silver").pk] == 1


def test_the_pyramid_counts_everybody_once_on_the_growth_track(climbers: list[Member], store: Store) -> None:
    create_member(store)

    (track, ladder), *others = count_pyramid()

    assert track.kind == Track.Kind.GROWTH
    assert [(tier.code, number) for tier, number in ladder] == [
        ("diamond", 0),
        ("gold", 1),
        ("silver", 2),
        ("normal", 1),
    ]
    assert all(not steps for _track, steps in others)


def test_members_at_risk_are_those_whose_figures_would_not_keep_their_tier(store: Store, now: datetime) -> None:
    poor, rich = create_member(store), create_member(store)
    for number, one in enumerate((poor, rich)):
        rise(one, "500", now - timedelta(days=350), DAY - timedelta(days=350), f"s{number}")
    rise(poor, "367.50", now, DAY, "late")
    rise(rich, "500", now, DAY, "enough")

    rows = list_at_risk(at=now, until=DAY + timedelta(days=30))

    by = date(2026, 4, 2)
    assert [(row.member_id, row.tier.code, row.by, dict(row.missing)) for row in rows] == [
        (poor.pk, "silver", by, {"spend": Decimal("132.50"), "points": Decimal("500.00")})
    ]
    assert list_at_risk(at=now, until=by - timedelta(days=1)) == []
    services.evaluate_due(DAY, now)
    night = start_of(by + timedelta(days=1)) + timedelta(minutes=30)
    list(services.evaluate_due(by + timedelta(days=1), night))
    assert Period.objects.get(member=poor, ends_at__isnull=True).tier.code == "normal"
    assert Period.objects.get(member=rich, ends_at__isnull=True).tier.code == "silver"


def test_consecutive_months_put_a_member_at_risk_by_the_end_of_this_month(store: Store, now: datetime) -> None:
    silver = Tier.objects.get(code="silver")
    current = Version.objects.get(tier=silver)
    streak = Streak(months=3, metrics={"spend": Decimal(200)})
    Version.objects.create(
        tier=silver, effective_at=current.effective_at, thresholds=current.thresholds, keep="to_base",
        keep_rule=KeepRule(streak=streak).to_json(),
    )  # fmt: skip
    low, fine = create_member(store), create_member(store)
    for number, one in enumerate((low, fine)):
        rise(one, "500", now - timedelta(days=120), DAY - timedelta(days=120), f"s{number}")
    rise(low, "150", now, DAY, "low")
    rise(fine, "200", now, DAY, "fine")

    rows = list_at_risk(at=now, until=DAY + timedelta(days=30))

    assert [(row.member_id, row.kind, row.by, dict(row.missing)) for row in rows] == [
        (low.pk, "streak", date(2026, 3, 31), {"spend": Decimal("50.00")})
    ]


@pytest.fixture
def head(owner: Staff, client_for: Any) -> Client:
    client: Client = client_for(owner)
    client.cookies["django_language"] = "en"
    return client


def sheet(response: Any) -> list[tuple[Any, ...]]:
    book = load_workbook(BytesIO(b"".join(response.streaming_content)))
    return [tuple(cell.value for cell in row) for row in book.worksheets[0].iter_rows(min_row=2)]


def test_the_page_before_the_night_shows_who_would_move_and_writes_nothing(
    head: Client, store: Store, now: datetime
) -> None:
    up, down = create_member(store, name="Li Wei"), create_member(store, name="Ann Ott")
    rise(down, "500", now - timedelta(days=365), DAY - timedelta(days=365), "old")
    services.record_progress(
        member_id=up.pk, metrics={"spend": Decimal(2500)}, business_on=DAY, source="x", idempotency_key="x", at=now,
        store=None, actor=None,
    )  # fmt: skip
    before = (Period.objects.count(), Change.objects.count())

    with time_machine.travel(now, tick=False):
        page = head.get("/tiers/night/").content.decode()
        only = head.get("/tiers/night/", {"move": f"{Tier.objects.get(code='normal').pk}-0-x"}).content.decode()
        download = head.post("/tiers/night/export/")

    assert "What the evaluation of 2026-03-19 00:30 would do" in page
    assert "Li Wei" in page
    assert "Ann Ott" in page
    assert "¥2,500.00 since 2025-03-20" in page
    assert "Li Wei" not in only
    assert sorted(row[1:5] for row in sheet(download)) == [
        ("Ann Ott", "Silver", "Normal", "downgraded"),
        ("Li Wei", "Normal", "Gold", "upgraded"),
    ]
    assert (Period.objects.count(), Change.objects.count()) == before
    record = Record.objects.get(action="tier.exported")
    assert (record.subject, record.data["count"]) == ("tiers:evaluation", 2)


def test_the_pages_of_movements_and_of_risk_can_be_read_and_downloaded(
    owner: Staff, client_for: Any, climbers: list[Member], now: datetime
) -> None:
    with time_machine.travel(now + timedelta(days=350), tick=False):
        head = client_for(owner)
        head.cookies["django_language"] = "en"
        movements = head.get("/tiers/movements/").content.decode()
        matrix = head.post("/tiers/movements/export/")
        risk = head.get("/tiers/risk/", {"days": "60"}).content.decode()
        at_risk = head.post("/tiers/risk/export/?days=60")

    assert "Normal → Silver" in movements
    assert sheet(matrix)[0] == ("growth", "Normal", "Silver", 3, 30, 20)
    assert "spend ¥500.00 or earn 500 points" in risk
    assert [row[3] for row in sheet(at_risk)] == ["Silver", "Silver", "Gold"]


def test_a_cashier_reads_the_pages_but_downloads_no_members(
    cashier: Staff, client_for: Any, climbers: list[Member]
) -> None:
    client = client_for(cashier)

    assert client.get("/tiers/risk/").status_code == 200
    assert client.post("/tiers/risk/export/").status_code == 403
    assert client.post("/tiers/night/export/").status_code == 403
