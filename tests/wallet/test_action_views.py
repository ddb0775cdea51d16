"""The screens that do something to stored value: refusals beside the fields, rights, one command once."""

import uuid
from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from io import BytesIO
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from approvals.models import Request
from audit.models import Record
from members.models import Member
from stores.models import Staff
from stores.services import set_pin
from tests.conftest import make_staff
from tests.factories.stored_value import PIN, make_purse, set_value
from wallet import compliance
from wallet.models import Entry, Recharge, Transfer
from wallet.selectors import get_status

HTMX = {"HX-Request": "true"}
STAFF_PIN = "4826"


@pytest.fixture
def person(store):
    person = Staff.objects.create_superuser("root", password="river-stone-42", display_name="Root")
    person.stores.add(store)
    return person


@pytest.fixture
def browser(client_for, person):
    browser = client_for(person)
    browser.cookies["django_language"] = "en"
    return browser


@pytest.fixture
def second(store):
    second = make_staff("second", "finance", store)
    set_pin(staff=second, pin=STAFF_PIN, actor=second, at=timezone.now())
    return second


@pytest.fixture
def purse(store):
    return make_purse(store, timezone.now(), "100.00", "20.00")


@pytest.fixture
def taker(store):
    return make_purse(store, timezone.now(), "50.00")


def post(browser, name, purse, follow=False, **data):
    return browser.post(reverse(name, args=[purse.pk]), {"command_key": uuid.uuid4(), **data}, follow=follow)


def test_an_account_is_frozen_and_lifted_on_screen(browser, purse):
    assert post(browser, "wallet:freeze-create", purse, reason="asked by phone").status_code == 302
    assert get_status(member_id=purse.pk) == "frozen"
    assert "frozen" in browser.get(reverse("wallet:member-panel", args=[purse.pk])).content.decode()

    answer = post(browser, "wallet:freeze-create", purse, reason="again")

    assert answer.status_code == 422
    assert "not possible now" in answer.content.decode()
    assert post(browser, "wallet:freeze-delete", purse, reason="it was her").status_code == 302
    assert get_status(member_id=purse.pk) == "active"


def test_freezing_without_a_reason_says_so_beside_the_field(browser, purse):
    answer = post(browser, "wallet:freeze-create", purse, reason=" ")

    assert (answer.status_code, "reason" in answer.context["form"].errors) == (422, True)
    assert get_status(member_id=purse.pk) == "active"


def transfer(browser, purse, taker, **data):
    data = {"taker": taker.pk, "extent": "whole", "giver_pin": PIN, "reason": "moves abroad", **data}
    return post(browser, "wallet:transfer-create", purse, **data)


def test_a_transfer_is_confirmed_by_pin_and_ends_on_its_page(browser, purse, taker):
    set_value("wallet.transfer_day_limit", "0", purse.now)
    purse.set_pin()

    answer = transfer(browser, purse, taker, approver="", approver_pin="")

    # A superuser has no role, so every amount has to be agreed to by somebody.
    assert (answer.status_code, Request.objects.get().kind) == (302, "wallet.transfer")
    assert Transfer.objects.count() == 0


def test_a_manager_transfers_alone_up_to_the_limit(client_for, store, purse, taker):
    manager = make_staff("manager", "manager", store)
    purse.set_pin()
    key = uuid.uuid4()

    answers = [transfer(client_for(manager), purse, taker, extent="part", amount="60", command_key=key) for _ in "12"]

    made = Transfer.objects.get()
    assert [answer.url for answer in answers] == [reverse("wallet:transfer-detail", args=[made.pk])] * 2
    assert (made.principal, made.bonus) == (D("50.00"), D("10.00"))
    page = client_for(manager).get(answers[0].url).content.decode()
    assert "50.00" in page


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"giver_pin": "000000"}, "giver_pin"),
        ({"giver_pin": ""}, "giver_pin"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_transfer_that_is_not_confirmed_moves_nothing(browser, purse, taker, data, field):
    purse.set_pin()

    answer = transfer(browser, purse, taker, **data)

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert (Transfer.objects.count(), Request.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "data", [{"extent": "part", "amount": ""}, {"extent": "part", "amount": "much"}, {"extent": "nonsense"}]
)
def test_a_part_needs_an_amount(browser, purse, taker, data):
    purse.set_pin()

    assert transfer(browser, purse, taker, **data).status_code == 422
    assert Request.objects.count() == 0


def test_more_than_there_is_is_said_before_anybody_confirms(browser, purse, taker):
    url = reverse("wallet:transfer-create", args=[purse.pk])

    page = browser.get(url, {"taker": taker.pk, "extent": "part", "amount": "120.01"}).content.decode()

    assert "The balance is not enough" in page
    assert "giver_pin" not in page


def test_the_taker_is_looked_up_and_never_the_giver(browser, purse, taker):
    Member.objects.filter(pk__in=[purse.pk, taker.pk]).update(phone_tail="8821")

    found = browser.get(reverse("wallet:transfer-create", args=[purse.pk]), {"q": "8821"}).context["found"]

    assert [member.pk for member in found] == [taker.pk]
    assert browser.get(reverse("wallet:transfer-create", args=[purse.pk]), {"taker": 10**9}).status_code == 404


def correct(browser, purse, **data):
    data = {
        "recharge": Recharge.objects.get(account_id=purse.pk).pk,
        "bucket": "principal",
        "direction": "less",
        "amount": "30",
        "evidence": "bank statement",
        "reason": "typed wrong",
        **data,
    }
    return post(browser, "wallet:correction-create", purse, **data)


def test_a_correction_waits_for_a_second_person(browser, purse):
    assert correct(browser, purse).status_code == 302

    assert (Request.objects.get().kind, Entry.objects.filter(kind="correction").count()) == ("wallet.correction", 0)


def test_a_second_person_agrees_on_the_same_screen(browser, purse, second):
    answer = correct(browser, purse, approver=second.pk, approver_pin=STAFF_PIN)

    assert answer.status_code == 302
    assert Entry.objects.get(kind="correction").principal == D("-30.00")


def test_a_wrong_pin_of_the_second_person_asks_for_nothing(browser, purse, second):
    answer = correct(browser, purse, approver=second.pk, approver_pin="0000")

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["approver_pin"])
    assert Request.objects.count() == 0


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "many"}, "amount"),
        ({"evidence": ""}, "evidence"),
        ({"recharge": "999999"}, "recharge"),
        ({"bucket": "gold"}, "bucket"),
        ({"amount": "100.01"}, "__all__"),
    ],
)
def test_a_correction_that_cannot_be_says_why_and_asks_for_nothing(browser, purse, data, where):
    answer = correct(browser, purse, **data)

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [where])
    assert Request.objects.count() == 0


def test_clearing_shows_what_it_takes_and_waits(browser, purse):
    page = browser.get(reverse("wallet:member-clearing-create", args=[purse.pk]))
    assert page.context["found"].bonus == D("20.00")

    data = {"notice": "told by letter", "notified_on": timezone.localdate().isoformat(), "reason": "campaign is over"}
    answer = post(browser, "wallet:member-clearing-create", purse, **data)

    assert (answer.status_code, Request.objects.get().amount) == (302, D("20.00"))
    assert purse.balance() == (D("100.00"), D("20.00"))


def test_clearing_of_all_needs_a_choice_first(browser, purse):
    page = browser.get(reverse("wallet:clearing-create"))
    assert page.context["found"] is None

    data = {"notice": "n", "notified_on": "2026-1-1", "reason": "r", "command_key": uuid.uuid4()}
    assert browser.post(reverse("wallet:clearing-create"), data).status_code == 422
    assert Request.objects.count() == 0


def test_a_statement_is_shown_and_downloaded_with_its_terms(browser, purse):
    url = reverse("wallet:statement", args=[purse.pk])
    page = browser.get(url).content.decode()
    assert "¥120.00" in page
    assert "Principal never expires" in page

    answer = browser.post(reverse("wallet:statement-export", args=[purse.pk]))

    book = load_workbook(BytesIO(b"".join(answer.streaming_content)))
    movements, recharges = (
        [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets[:2]
    )
    assert movements[1][3:7] == [120, 100, 20, 120]
    assert recharges[1][3:9] == [100, 20, 100, 20, None, "1"]
    assert Record.objects.get(action="wallet.stated").subject == f"member:{purse.pk}"


def test_nonsense_days_show_the_last_twelve_months(browser, purse):
    url = reverse("wallet:statement", args=[purse.pk])

    answer = browser.get(url, {"since": "soon", "until": "later"})

    assert answer.status_code == 200
    assert answer.context["statement"].since == timezone.localdate() - timedelta(days=365)
    assert answer.context["statement"].until == timezone.localdate()


@pytest.mark.parametrize("name", ["wallet:ledger-list", "wallet:account-list"])
def test_lists_answer_page_or_fragment(browser, purse, name):
    answers = [
        browser.get(reverse(name), headers=headers)
        for headers in ({}, HTMX, {**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"})
    ]

    assert ["<html" in answer.content.decode() for answer in answers] == [True, False, True, True]
    assert all("HX-Request" in answer["Vary"] for answer in answers)


@pytest.mark.parametrize("name", ["wallet:ledger-list", "wallet:account-list", "wallet:compliance"])
def test_statements_of_the_chains_pages_do_not_grow(
    browser, store, name, django_assert_num_queries, django_assert_max_num_queries
):
    def add(number):
        for _index in range(number):
            made = make_purse(store, timezone.now(), "10.00")
            made.account().__class__.objects.filter(pk=made.pk).update(status="frozen")

    add(2)
    with django_assert_max_num_queries(15) as first:
        browser.get(reverse(name))
    add(20)

    with django_assert_num_queries(len(first)):
        browser.get(reverse(name))


def test_the_chains_ledger_is_downloaded_as_filtered(browser, purse, taker):
    purse.debit("12.00")

    answer = browser.post(reverse("wallet:ledger-export") + "?kind=spend")

    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[1] for row in rows[1:2]] == [purse.member.number]
    assert len(rows) == 3
    record = Record.objects.get(action="wallet.exported")
    assert (record.subject, record.data) == ("wallet:ledger", {"count": 1, "filters": {"kind": "spend"}})


@pytest.mark.parametrize("typed", ["13800138821", "138 0013 8821", "+86 13800138821", "8613800138821"])
def test_a_phone_that_was_searched_for_is_masked_in_the_trail(browser, typed):
    browser.post(reverse("wallet:ledger-export") + f"?member={quote(typed)}").getvalue()

    kept = Record.objects.get(action="wallet.exported").data["filters"]["member"]
    assert kept.endswith("138****8821")
    assert "0013" not in kept


def test_accounts_are_listed_by_what_stands_in_their_way(browser, purse, taker):
    Member.objects.filter(pk=taker.pk).update(status="closed")

    def listed(state):
        return [row.pk for row in browser.get(reverse("wallet:account-list"), {"state": state}).context["listing"]]

    assert (listed("frozen"), listed("ended"), listed("nonsense")) == ([], [taker.pk], [])


def test_the_laws_page_lists_every_warning_in_force_with_its_law(browser, purse):
    assert compliance.warnings(at=timezone.now()) == []

    now = timezone.now()
    set_value("wallet.limit_named", "5000.01", now)
    set_value("wallet.contract_terms", "本卡遗失不补办，最终解释权归本店。", now)
    page = browser.get(reverse("wallet:compliance")).content.decode()

    assert "More than the ¥5,000" in page
    assert "MOFCOM 2012 No. 9" in page
    assert "不补办, 最终解释权" in page
    settings_page = browser.get(reverse("stores:setting-list")).content.decode()
    assert "Against the law" in settings_page
    assert (
        "More than the ¥5,000"
        in browser.get(reverse("stores:setting-edit", args=["wallet.limit_named"])).content.decode()
    )


def test_who_has_no_right_gets_403(client_for, purse, store):
    cashier = client_for(make_staff("till", "cashier", store))
    auditor = client_for(make_staff("audit", "auditor", store))

    for name in ("freeze-create", "freeze-delete", "correction-create", "member-clearing-create"):
        assert cashier.get(reverse(f"wallet:{name}", args=[purse.pk])).status_code == 403
        assert auditor.get(reverse(f"wallet:{name}", args=[purse.pk])).status_code == 403
    assert auditor.get(reverse("wallet:transfer-create", args=[purse.pk])).status_code == 403
    assert cashier.get(reverse("wallet:compliance")).status_code == 403
    assert auditor.get(reverse("wallet:compliance")).status_code == 200
    assert cashier.post(reverse("wallet:ledger-export")).status_code == 403
