"""The books of points, stored value and passes: they close, the past does not change, and stores settle exactly."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal as D  # noqa: N817
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import load_workbook

import points.services
import wallet.services
from audit.models import Record
from core.days import local_day
from core.errors import DomainError
from members.models import Member
from reports.periods import Period
from reports.selectors.liability import clearing_of, liability_at
from reports.selectors.roll_forward import LEDGERS, present_balance, roll_forward
from stores.models import Staff, Store
from tests.factories.ledgers import make_member
from tests.factories.shop import Shop
from tests.factories.till import allow


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def today() -> date:
    """Entries are recorded by the database's clock."""
    return local_day(timezone.now())


def _where(key: str, store: Store, at: datetime) -> dict[str, Any]:
    return {"idempotency_key": key, "at": at, "store": store, "actor": None}


def _record_earlier(days_ago: int, *tables: str) -> None:
    """What stands in the ledgers so far was recorded so many days ago; only a test can do that."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in tables:
            cursor.execute(
                f"UPDATE {table} SET recorded_at = recorded_at - %s * interval '1 day',"
                " occurred_at = LEAST(occurred_at, recorded_at) - %s * interval '1 day'",
                [days_ago, days_ago],
            )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


LEDGER_TABLES = ("points_entry", "wallet_entry")


def _random_history(stores: list[Store], members: list[Member], at: datetime, seed: int, name: str) -> None:
    random = Random(seed)
    paid: list[str] = []
    spent: list[str] = []
    for number in range(40):
        store, member = random.choice(stores), random.choice(members)
        key = f"{name}:{number}"
        kind = random.choice(["earn", "spend", "back", "recharge", "pay", "refund"])
        try:
            with transaction.atomic():
                if kind == "earn":
                    points.services.earn(
                        member_id=member.pk, points=random.randint(1, 90), source="order:1", **_where(key, store, at)
                    )
                elif kind == "spend":
                    points.services.spend(
                        member_id=member.pk, points=random.randint(1, 60), source="order:1", **_where(key, store, at)
                    )
                    spent.append(key)
                elif kind == "back" and spent:
                    points.services.return_spent(
                        idempotency_key_of_original=random.choice(spent), points=1, **_where(key, store, at)
                    )
                elif kind == "recharge":
                    wallet.services.recharge(
                        member_id=member.pk,
                        principal=D(random.randint(1, 90000)) / 100,
                        bonus=D(random.randint(0, 9000)) / 100,
                        source="till:1",
                        **_where(key, store, at),
                    )
                elif kind == "pay":
                    amount = D(random.randint(1, 4000)) / 100
                    wallet.services.debit(
                        member_id=member.pk, amount=amount, list_amount=amount, source="o", **_where(key, store, at)
                    )
                    paid.append(key)
                elif kind == "refund" and paid:
                    wallet.services.refund(
                        idempotency_key_of_original=random.choice(paid), amount=D("0.01"), **_where(key, store, at)
                    )
        except DomainError:
            continue


@pytest.mark.parametrize("seed", range(4))
def test_every_book_closes_per_day_and_store_and_its_last_closing_is_what_the_accounts_hold(
    store: Store, other_store: Store, now: datetime, today: date, seed: int
) -> None:
    members = [make_member(store), make_member(store)]
    at = timezone.now()
    _random_history([store, other_store], members, at, seed, "first")
    _record_earlier(2, *LEDGER_TABLES)
    _random_history([store, other_store], members, at, seed + 100, "second")
    period = Period(today - timedelta(days=3), today)

    for code in ("points", "principal", "bonus"):
        report = roll_forward(LEDGERS[code], period, None)

        assert report.total.closing == present_balance(LEDGERS[code])
        assert report.store_sum == report.total.closing
        assert report.by_day[-1][1].closing == report.total.closing
        assert [row.closing for _day, row in report.by_day[:-1]] == [row.opening for _day, row in report.by_day[1:]]
        assert report.by_day[0][1].opening == report.total.opening
        for column in LEDGERS[code].columns:
            by_day = sum(row.moved.get(column.code, 0) for _day, row in report.by_day)
            by_store = sum(row.moved.get(column.code, 0) for _store, row in report.by_store)
            assert by_day == by_store == report.total.moved.get(column.code, 0)


def test_a_closed_day_does_not_change_when_something_late_is_posted(store: Store, now: datetime, today: date) -> None:
    member = make_member(store)
    points.services.earn(member_id=member.pk, points=70, source="order:1", **_where("a", store, timezone.now()))
    _record_earlier(1, "points_entry")
    yesterday = Period(today - timedelta(days=1), today - timedelta(days=1))
    before = roll_forward(LEDGERS["points"], yesterday, None)

    points.services.earn(
        member_id=member.pk, points=5, source="order:2", **_where("b", store, timezone.now() - timedelta(days=1))
    )

    assert roll_forward(LEDGERS["points"], yesterday, None) == before
    assert (before.total.closing, before.total.late) == (70, 0)
    now_row = roll_forward(LEDGERS["points"], Period(today, today), None).total
    assert (now_row.opening, now_row.moved, now_row.late, now_row.closing) == (70, {"issued": 5}, 5, 75)


def test_the_liability_of_a_past_day_is_what_was_stored_when_it_ended(
    store: Store, other_store: Store, today: date
) -> None:
    members = [make_member(store), make_member(store)]
    _random_history([store, other_store], members, timezone.now(), 7, "first")
    stored = {code: present_balance(LEDGERS[code]) for code in ("points", "principal", "bonus")}
    _record_earlier(1, *LEDGER_TABLES)
    _random_history([store, other_store], members, timezone.now(), 8, "second")

    past = {row.code: row for row in liability_at(today - timedelta(days=1), None).rows}
    present = {row.code: row for row in liability_at(today, None).rows}

    assert {code: past[code].outstanding for code in stored} == stored
    for code in stored:
        assert present[code].outstanding == present_balance(LEDGERS[code])
        assert present[code].outstanding != stored[code]
    for code in ("principal", "bonus"):
        assert sum(past[code].by_store.values()) == past[code].outstanding
    assert past["points"].value == D(int(stored["points"]) * 100 // 100) / 100
    assert past["passes"].outstanding == D("0.00")


def test_bonus_and_points_are_owed_by_the_share_that_is_expected_to_be_used(
    store: Store, today: date, owner: Staff, now: datetime
) -> None:
    from stores.models import SettingValue

    long_ago = timezone.now() - timedelta(days=30)
    SettingValue.objects.create(code="reports.bonus_use_percent", value=80, effective_at=long_ago)
    SettingValue.objects.create(code="reports.points_use_percent", value=65, effective_at=long_ago)
    member = make_member(store)
    points.services.earn(member_id=member.pk, points=1001, source="order:1", **_where("a", store, timezone.now()))
    wallet.services.recharge(
        member_id=member.pk, principal=D("500"), bonus=D("50.01"), source="t", **_where("b", store, timezone.now())
    )

    found = liability_at(today, None)

    assert [(row.code, row.value, row.liability) for row in found.rows] == [
        ("principal", D("500.00"), D("500.00")),
        ("bonus", D("50.01"), D("40.01")),
        ("points", D("10.01"), D("6.51")),
        ("passes", D("0.00"), D("0.00")),
        ("tiers", D("0.00"), D("0.00")),
    ]
    assert found.total == D("546.52")


@pytest.fixture
def cleared(store: Store, other_store: Store) -> Member:
    """Recharged 300 + 30 at S01 and 100 at S02; spent 110 at S02 and 11 at S01, of which 5.50 came back."""
    member = make_member(store)
    at = timezone.now()
    for number, (where, principal, bonus) in enumerate([(store, "300", "30"), (other_store, "100", "0")]):
        wallet.services.recharge(
            member_id=member.pk,
            principal=D(principal),
            bonus=D(bonus),
            source="t",
            **_where(f"r{number}", where, at + timedelta(seconds=number)),
        )
    at += timedelta(minutes=1)
    for key, where, amount in (("p1", other_store, "110.00"), ("p2", store, "11.00")):
        wallet.services.debit(
            member_id=member.pk, amount=D(amount), list_amount=D(amount), source="o", **_where(key, where, at)
        )
    wallet.services.refund(idempotency_key_of_original="p2", amount=D("5.50"), **_where("b", store, at))
    return member


def test_stores_settle_the_principal_that_was_spent_elsewhere(
    cleared: Member, store: Store, other_store: Store, today: date
) -> None:
    found = clearing_of(Period(today, today), None)

    assert [(one.code, cells, total) for one, cells, total in found.rows] == [
        ("S01", [D("5.00"), D("100.00")], D("105.00")),
        ("S02", [D("0.00"), D("0.00")], D("0.00")),
    ]
    assert found.totals == [D("5.00"), D("100.00")]
    assert [(payer.code, payee.code, amount) for payer, payee, amount in found.due] == [("S01", "S02", D("100.00"))]
    assert clearing_of(Period(today - timedelta(days=9), today - timedelta(days=1)), None).stores == []


def test_the_book_as_xlsx_has_the_figures_of_the_screen_and_is_recorded(
    cleared: Member, owner: Staff, client_for: Callable[..., Any], today: date, store: Store
) -> None:
    allow(owner, "reports.view_value", "reports.export_value", "stores.see_all_stores")
    client = client_for(owner)
    page = client.get(reverse("reports:ledger", args=["principal"]), {"period": "today"})
    report = page.context["report"]

    answer = client.post(reverse("reports:ledger-export", args=["principal"]) + "?period=today")

    book = load_workbook(BytesIO(b"".join(answer.streaming_content)))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert D(str(rows[1][-2])) == report.total.closing == D("295.00")
    assert page.context["agrees"] is True
    assert page.context["present"] == report.total.closing
    assert Record.objects.get(action="report.exported").subject == "report:ledger-principal"


def test_a_manager_sees_the_books_of_the_own_stores_only(
    cleared: Member, manager: Staff, cashier: Staff, client_for: Callable[..., Any], other_store: Store
) -> None:
    allow(manager, "reports.view_value")
    client = client_for(manager)

    page = client.get(reverse("reports:ledger", args=["principal"]), {"period": "today"})
    owed = client.get(reverse("reports:liability"))

    assert [one.code for one, _row in page.context["report"].by_store if one] == ["S01"]
    assert other_store.name not in page.content.decode()
    assert page.context["present"] is None
    assert [one.code for one, _cells in owed.context["store_rows"]] == ["S01"]
    assert client.get(reverse("reports:ledger", args=["cash"])).status_code == 404
    assert client_for(cashier).post(reverse("reports:liability-export")).status_code == 403


def test_a_page_asks_the_database_a_fixed_number_of_times(
    cleared: Member, owner: Staff, django_assert_max_num_queries: Any, today: date
) -> None:
    with django_assert_max_num_queries(3):
        roll_forward(LEDGERS["points"], Period(today - timedelta(days=300), today), None)
    with django_assert_max_num_queries(6):
        liability_at(today, None)
    with django_assert_max_num_queries(2):
        clearing_of(Period(today, today), None)


def test_the_command_writes_the_same_books(cleared: Member, today: date, tmp_path: Path, store: Store) -> None:
    for name in ("points", "principal", "bonus", "passes", "liability", "clearing"):
        target = tmp_path / f"{name}.xlsx"
        call_command("export", name, "--from", str(today), "--to", str(today), "-o", str(target), stdout=StringIO())
        assert load_workbook(target).sheetnames[-1]

    sheet = load_workbook(tmp_path / "clearing.xlsx").worksheets[1]
    assert [cell.value for cell in sheet[2]] == ["S01 People's Square", "S02 Riverside", 100]


def test_each_kind_of_entry_has_its_column() -> None:
    for ledger in LEDGERS.values():
        kinds = set(ledger.entries.Kind.values)  # type: ignore[attr-defined]
        known = {kind for column in ledger.columns for kind in column.kinds}
        assert known == kinds, ledger.code


def test_pages_render_in_both_languages_and_answer_nonsense_with_the_default(
    shop: Shop, cleared: Member, owner: Staff, client_for: Callable[..., Any]
) -> None:
    allow(owner, "reports.view_value", "stores.see_all_stores")
    client = client_for(owner)
    for language in ("en", "zh-hans"):
        client.cookies["django_language"] = language
        for name, arguments in (("ledger", ["points"]), ("ledger", ["passes"]), ("liability", []), ("clearing", [])):
            assert client.get(reverse(f"reports:{name}", args=arguments)).status_code == 200
    assert client.get(reverse("reports:liability"), {"day": "nonsense"}).status_code == 422
    assert client.get(reverse("reports:liability-tile")).status_code == 200
