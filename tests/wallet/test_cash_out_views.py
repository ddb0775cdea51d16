"""The screens of refunds in money: preview, claim, payment, list, tile, evidence."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

import stores.services
from approvals.models import Request
from audit.models import Record
from core.days import local_day
from tests.conftest import make_staff
from tests.factories.cash_outs import ACCOUNT, ID_NUMBER, TABLES, ask, cash_out_of
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from wallet import gift_sources, services
from wallet.gift_sources import GivenItem
from wallet.models import CashOut

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def member(store):
    made = make_member(store)
    now = timezone.now()
    where = {"at": now - timedelta(days=30), "store": store, "actor": None}
    services.recharge(
        member_id=made.pk,
        principal=D("500.00"),
        bonus=D("100.00"),
        source="r:1",
        idempotency_key="r",
        plan={"name": "Five hundred"},
        **where,
    )
    services.debit(
        member_id=made.pk, amount=D("120.00"), list_amount=D("150.00"), source="o:1", idempotency_key="d", **where
    )
    return made


@pytest.fixture
def browser_of(client_for):
    def build(person):
        browser = client_for(person)
        browser.cookies["django_language"] = "en"
        return browser

    return build


@pytest.fixture
def typed():
    def build(**changes):
        values = {
            "command_key": str(uuid.uuid4()),
            "ground": "merchant",
            "terminated_on": local_day(timezone.now()).isoformat(),
            "shown": "400.00",
            "payee_name": "Lin",
            "id_kind": "resident_id",
            "id_number": "110105 19491231 002x",
            "method": "bank",
            "bank_name": "ICBC",
            "account_number": "6222 0212 3456 7890 123",
            "reason": "moves away",
        }
        return {**values, **changes}

    return build


def url_of(member):
    return reverse("wallet:cash-out-create", args=[member.pk])


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_preview_shows_formula_article_and_both_sums(browser_of, owner, member):
    browser = browser_of(owner)

    asked = text_of(browser.get(url_of(member)))
    page = text_of(
        browser.get(url_of(member), {"ground": "merchant", "terminated_on": local_day(timezone.now()).isoformat()})
    )

    assert "500.00 − 150.00 = 350.00" in asked
    assert "Art. 19" in asked
    assert "500.00 − 120.00 × 500.00 ÷ (500.00 + 100.00) = 400.00" in page
    assert "Art. 18" in page
    assert "Close the balance and refund ¥400.00" in page


def test_a_wrong_day_is_said_beside_the_field_and_no_claim_is_offered(browser_of, owner, member):
    tomorrow = local_day(timezone.now()) + timedelta(days=1)

    page = text_of(browser_of(owner).get(url_of(member), {"ground": "merchant", "terminated_on": tomorrow.isoformat()}))

    assert "cannot lie in the future" in page
    assert "Close the balance" not in page


def test_an_unused_recharge_of_today_is_offered_to_be_voided(browser_of, owner, store, monkeypatch):
    made = make_member(store)
    services.recharge(
        member_id=made.pk,
        principal=D("50.00"),
        bonus=D("0.00"),
        source="r:1",
        idempotency_key="today",
        plan={"name": "With a mug"},
        at=timezone.now(),
        store=store,
        actor=None,
    )
    monkeypatch.setattr(gift_sources, "_sources", [(lambda pk: [GivenItem("Mug", 2, is_used=True)], None)])

    page = text_of(browser_of(owner).get(url_of(made)))

    assert "void it instead" in page
    assert "Mug × 2" in page
    assert "used: stays, nothing is deducted" in page


def test_within_ones_limit_the_balance_is_closed_at_once(browser_of, manager, member, typed):
    browser = browser_of(manager)
    values = typed()

    answer = browser.post(url_of(member), values, follow=True)
    again = browser.post(url_of(member), values)

    cash_out = CashOut.objects.get()
    assert answer.redirect_chain == [(reverse("wallet:cash-out-detail", args=[cash_out.pk]), 302)]
    assert again["Location"] == answer.redirect_chain[0][0]
    assert (cash_out.status, cash_out.paid, cash_out.id_tail) == ("due", D("400.00"), "002X")
    page = text_of(answer)
    assert "···0123" in page
    assert ACCOUNT not in page
    assert ID_NUMBER not in page
    assert_ledgers_agree()


def test_the_cashier_asks_and_a_manager_agrees_by_pin_on_the_same_screen(
    browser_of, cashier, manager, owner, member, typed
):
    stores.services.set_pin(staff=manager, pin="2580", actor=owner, at=timezone.now())
    browser = browser_of(cashier)

    wrong = browser.post(url_of(member), typed(approver=manager.pk, approver_pin="1111"))
    right = browser.post(url_of(member), typed(approver=manager.pk, approver_pin="2580"))

    assert wrong.status_code == 422
    assert "The PIN is not right." in text_of(wrong)
    assert right.status_code == 302
    assert CashOut.objects.get().status == "due"
    assert Request.objects.get().decided_by == manager


def test_without_a_second_person_it_waits_and_the_page_says_that_nothing_has_moved(browser_of, cashier, member, typed):
    answer = browser_of(cashier).post(url_of(member), typed(), follow=True)

    assert CashOut.objects.get().status == "waiting"
    assert "nothing has moved yet" in text_of(answer)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id_number": "110105194912310021"}, "does not fit the document"),
        ({"account_number": "12 34"}, "8 to 30 digits"),
        ({"account_number": ""}, "A bank transfer needs this."),
        ({"bank_name": ""}, "A bank transfer needs this."),
        ({"payee_name": "Wang"}, "The payee is not the member"),
        ({"ground": "void_contract"}, "A void contract needs evidence"),
        ({"method": "cash"}, "Cash is allowed for a balance of at most"),
        ({"shown": "399.00"}, "The sum has changed"),
        ({"reason": ""}, "This field is required."),
        ({"ground": "cooling_off", "shown": "350.00"}, "choose another ground"),
    ],
)
def test_what_is_wrong_is_said_on_the_form_and_nothing_moves(browser_of, owner, member, typed, changes, words):
    before = table_rows(*TABLES)

    answer = browser_of(owner).post(url_of(member), typed(**changes))

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert table_rows(*TABLES) == before


def test_after_a_changed_sum_the_form_carries_the_new_one(browser_of, owner, member, typed):
    answer = browser_of(owner).post(url_of(member), typed(shown="399.00"))

    assert 'name="shown" value="400.00"' in text_of(answer)


def test_the_transfer_is_recorded_with_its_reference_once(browser_of, owner, store, member):
    pk = cash_out_of(_ask(member, owner, store)).pk
    browser = browser_of(owner)
    url = reverse("wallet:cash-out-payment-create", args=[pk])

    empty = browser.post(url, {"command_key": str(uuid.uuid4()), "reference": ""})
    done = browser.post(url, {"command_key": str(uuid.uuid4()), "reference": "T-77"})
    late = browser.post(url, {"command_key": str(uuid.uuid4()), "reference": "T-78"})

    assert [empty.status_code, done.status_code, late.status_code] == [422, 302, 422]
    assert (CashOut.objects.get().status, CashOut.objects.get().reference) == ("paid", "T-77")


def test_numbers_in_full_are_for_who_pays_and_looking_is_kept(browser_of, owner, cashier, store, member):
    pk = cash_out_of(_ask(member, owner, store)).pk
    url = reverse("wallet:cash-out-reveal-create", args=[pk])

    refused = browser_of(cashier).post(url)
    answer = browser_of(owner).post(url)

    assert refused.status_code == 403
    assert ACCOUNT in text_of(answer)
    assert ID_NUMBER in text_of(answer)
    assert answer["Cache-Control"] == "no-store"
    assert Record.objects.filter(action="cash_out.revealed").count() == 1


def test_another_stores_refund_does_not_exist(browser_of, owner, store, other_store, member):
    pk = cash_out_of(_ask(member, owner, store)).pk
    neighbour = browser_of(make_staff("neighbour", "manager", other_store))

    assert neighbour.get(reverse("wallet:cash-out-detail", args=[pk])).status_code == 404
    assert neighbour.post(reverse("wallet:cash-out-payment-create", args=[pk])).status_code == 404
    assert neighbour.post(reverse("wallet:cash-out-evidence-create", args=[pk])).status_code == 404
    assert neighbour.get(url_of(make_member(store)) + "?ground=x").status_code == 200
    assert neighbour.get(reverse("wallet:cash-out-create", args=[10**6])).status_code == 404


def test_the_list_answers_page_or_fragment_and_filters(browser_of, owner, store, member):
    _ask(member, owner, store)
    browser, url = browser_of(owner), reverse("wallet:cash-out-list")

    answers = [
        browser.get(url, headers=headers)
        for headers in ({}, HTMX, {**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"})
    ]

    assert ["<html" in text_of(answer) for answer in answers] == [True, False, True, True]
    assert all("HX-Request" in answer["Vary"] for answer in answers)
    counts = [
        browser.get(url, params).context["listing"].count
        for params in ({"status": "due"}, {"status": "paid"}, {"q": "Lin"}, {"q": "nobody"}, {"status": "nonsense"})
    ]
    assert counts == [1, 0, 1, 0, 1]


def test_statements_of_list_and_preview_do_not_grow(
    browser_of, owner, store, member, django_assert_num_queries, django_assert_max_num_queries
):
    browser = browser_of(owner)
    urls = [reverse("wallet:cash-out-list"), url_of(make_member(store))]
    _ask(member, owner, store)
    counts = []
    for url in urls:
        with django_assert_max_num_queries(40) as first:
            browser.get(url)
        counts.append(len(first))

    other = make_member(store)
    for number in range(12):
        where = {"at": timezone.now() - timedelta(days=20), "store": store, "actor": None}
        services.recharge(
            member_id=other.pk,
            principal=D("30.00"),
            bonus=D("3.00"),
            source="r:1",
            idempotency_key=f"many:{number}",
            **where,
        )
    for _index in range(3):
        make_member(store)
    with django_assert_max_num_queries(counts[0]):
        browser.get(urls[0])
    with django_assert_max_num_queries(counts[1] + 6):
        browser.get(url_of(other))


def test_the_tile_counts_what_waits_what_is_due_and_what_is_overdue(browser_of, owner, store, member):
    browser, url = browser_of(owner), reverse("wallet:cash-out-state")
    assert "No refund is waiting." in text_of(browser.get(url))

    _ask(member, owner, store)
    due = text_of(browser.get(url))
    CashOut.objects.update(due_on=local_day(timezone.now()) - timedelta(days=1))
    overdue = text_of(browser.get(url))

    assert "1 refund to be paid" in due
    assert "overdue" not in due
    assert "1 refund overdue" in overdue


def test_the_evidence_pack_holds_calculation_movements_approvals_and_audit(browser_of, owner, store, member):
    cash_out = cash_out_of(_ask(member, owner, store))

    answer = browser_of(owner).post(reverse("wallet:cash-out-evidence-create", args=[cash_out.pk]))

    book = load_workbook(BytesIO(b"".join(answer.streaming_content)))
    sheets = {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}
    assert list(sheets) == [
        "Refund",
        "Calculation",
        "Recharges",
        "Movements",
        "Approvals",
        "Audit trail",
        "Definitions",
    ]
    calculation = sheets["Calculation"][1]
    assert calculation[2:9] == [
        "18",
        500,
        100,
        120,
        150,
        "500.00 − 120.00 × 500.00 ÷ (500.00 + 100.00) = 400.00",
        400,
    ]
    assert "Five hundred" in sheets["Recharges"][1][10]
    assert [row[4] for row in sheets["Movements"][1:]] == ["recharge", "spent", "paid out"]
    assert sheets["Approvals"][1][5] == "within the limit"
    assert [row[1] for row in sheets["Audit trail"][1:]] == ["Refund of stored value posted"]
    everything = str(sheets)
    assert ID_NUMBER not in everything
    assert ACCOUNT not in everything
    assert "Made at" in everything
    assert Record.objects.get(action="cash_out.exported").subject == cash_out.source


def test_the_list_is_downloaded_as_filtered_and_that_is_kept(browser_of, owner, store, member):
    _ask(member, owner, store)

    answer = browser_of(owner).post(reverse("wallet:cash-out-export") + "?status=due")

    rows = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    assert [cell.value for cell in rows[2]][8:14] == [400, 80, 400, 0, 0, 400]
    assert Record.objects.get(action="cash_out.listed").data == {"count": 1, "filters": {"status": "due"}}


def _ask(member, owner, store):
    now = timezone.now()
    return ask(member, "400.00", actor=owner, store=store, at=now, terminated_on=local_day(now))
