"""The pages of approvals."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from openpyxl import load_workbook

from approvals import selectors
from approvals.models import Limit, Request
from approvals.registry import Kind
from approvals.services import Outcome
from audit.models import Record
from stores.models import Staff, Store
from tests.approvals.conftest import person
from tests.factories.jar import FULL, marbles, put

Ask = Callable[..., Outcome]
LIST = "/approvals/"


@pytest.fixture
def desk(client_for: Callable[[Staff], Client], boss: Staff) -> Client:
    """The second person's browser."""
    return client_for(boss)


@pytest.fixture
def asked(ask: Ask, boss: Staff) -> Request:
    return ask(40).request


def decide(client: Client, request: Request, verb: str, **fields: Any) -> Any:
    data = {"command_key": str(uuid4()), "seen": request.fingerprint, **fields}
    return client.post(f"{LIST}{request.pk}/{verb}/", data)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_list_names_what_waits(desk: Client, asked: Request) -> None:
    page = text(desk.get(LIST, {"show": "waiting"}))

    assert f"{LIST}{asked.pk}/" in page
    assert "for the window" in page
    assert "Marbles" in page


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, True),
        ({"kind": "test.jar"}, True),
        ({"status": "refused"}, False),
        ({"status": "pending"}, True),
        ({"show": "mine"}, False),
        ({"first_day": "2026-3-19"}, False),
        ({"last_day": "2026-3-18"}, True),
        ({"last_day": "2026-3-17"}, False),
        ({"kind": "nonsense", "first_day": "soon", "person": "x", "status": "?", "show": "?"}, True),
    ],
)
def test_the_list_is_filtered(desk: Client, asked: Request, filters: dict[str, str], found: bool) -> None:
    assert (f"{LIST}{asked.pk}/" in text(desk.get(LIST, filters))) is found


def test_the_list_is_filtered_by_person(desk: Client, asked: Request, asker: Staff, boss: Staff) -> None:
    assert f"{LIST}{asked.pk}/" in text(desk.get(LIST, {"person": asker.pk}))
    assert f"{LIST}{asked.pk}/" not in text(desk.get(LIST, {"person": boss.pk}))


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
    ],
)
def test_the_list_answers_as_page_or_fragment(
    desk: Client, asked: Request, headers: dict[str, str], is_page: bool
) -> None:
    answer = desk.get(LIST, headers=headers)

    assert ("<html" in text(answer)) is is_page
    assert {"HX-Request", "HX-Boosted", "HX-History-Restore-Request"} <= set(answer["Vary"].split(", "))


def test_the_list_costs_the_same_however_long_it_is(
    desk: Client, ask: Ask, boss: Staff, django_assert_num_queries: Any
) -> None:
    for count in range(40, 52):
        ask(count)

    with django_assert_num_queries(8):
        desk.get(LIST, {"show": "waiting"}, headers={"HX-Request": "true"})


def test_the_number_of_people_costs_nothing(
    jar: Kind, store: Store, boss: Staff, django_assert_num_queries: Any
) -> None:
    for number in range(6):
        person(f"more-{number}", "manager", store)

    with django_assert_num_queries(1):
        assert len(selectors.list_approvers(jar, store)) == 7


def test_the_page_of_a_request_shows_figures_and_who(desk: Client, asked: Request) -> None:
    page = text(desk.get(f"{LIST}{asked.pk}/"))

    assert all(part in page for part in ("Left before", "100", "Left after", "60", "for the window", "asker"))
    assert f"{LIST}{asked.pk}/approval/" in page


def test_approving_executes_and_says_so(desk: Client, asked: Request, boss: Staff, store: Store) -> None:
    answer = decide(desk, asked, "approval", note="fine")

    asked.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}{asked.pk}/")
    assert (asked.status, asked.decided_by, asked.note) == ("approved", boss, "fine")
    assert marbles(store) == FULL - 40


def test_a_double_click_approves_once(desk: Client, asked: Request, store: Store) -> None:
    key = str(uuid4())

    answers = [decide(desk, asked, "approval", command_key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert marbles(store) == FULL - 40


def test_changed_figures_answer_409_and_show_old_and_new(desk: Client, asked: Request, store: Store) -> None:
    put(store, 77)

    answer = decide(desk, asked, "approval")

    page = text(answer)
    assert answer.status_code == 409
    assert all(f">{figure}<" in page for figure in ("100", "77", "60", "37"))
    assert marbles(store) == 77
    asked.refresh_from_db()
    assert decide(desk, asked, "approval").status_code == 302
    assert marbles(store) == 37


def test_what_the_kind_refuses_is_shown(desk: Client, asked: Request, store: Store) -> None:
    put(store, 1)

    answer = decide(desk, asked, "approval")

    assert answer.status_code == 422
    assert "Not so many marbles are left." in text(answer)


def test_deciding_twice_answers_409(desk: Client, asked: Request, store: Store) -> None:
    decide(desk, asked, "approval")

    assert decide(desk, asked, "refusal", note="late").status_code == 409
    asked.refresh_from_db()
    assert (asked.status, marbles(store)) == ("approved", FULL - 40)


def test_refusing_needs_a_reason(desk: Client, asked: Request) -> None:
    assert decide(desk, asked, "refusal").status_code == 422
    assert decide(desk, asked, "refusal", note="too many").status_code == 302

    asked.refresh_from_db()
    assert (asked.status, asked.note) == ("refused", "too many")


def test_the_requester_withdraws_but_cannot_approve(
    client_for: Callable[[Staff], Client], asked: Request, asker: Staff, store: Store
) -> None:
    own = client_for(asker)

    refused = decide(own, asked, "approval")
    page = text(own.get(f"{LIST}{asked.pk}/"))
    withdrawn = decide(own, asked, "withdrawal")

    asked.refresh_from_db()
    assert (refused.status_code, withdrawn.status_code, asked.status) == (422, 302, "withdrawn")
    assert f"{LIST}{asked.pk}/approval/" not in page
    assert marbles(store) == FULL


@pytest.mark.parametrize("verb", ["approval", "refusal", "withdrawal"])
def test_another_store_s_request_is_404(
    client_for: Callable[[Staff], Client], asked: Request, other_store: Store, verb: str
) -> None:
    far = client_for(person("far", "manager", other_store))

    assert far.get(f"{LIST}{asked.pk}/").status_code == 404
    assert decide(far, asked, verb, note="mine").status_code == 404


def test_who_reads_the_chain_without_the_right_is_forbidden_to_decide(
    client_for: Callable[[Staff], Client], asked: Request, store: Store
) -> None:
    auditor = client_for(person("reader", "auditor"))

    assert auditor.get(f"{LIST}{asked.pk}/").status_code == 200
    assert decide(auditor, asked, "approval").status_code == 403
    assert decide(auditor, asked, "refusal", note="no").status_code == 403
    assert decide(auditor, asked, "withdrawal").status_code == 422
    asked.refresh_from_db()
    assert (asked.status, marbles(store)) == ("pending", FULL)


def test_nothing_is_decided_by_a_get(desk: Client, asked: Request) -> None:
    assert [desk.get(f"{LIST}{asked.pk}/{verb}/").status_code for verb in ("approval", "refusal", "withdrawal")] == [
        405
    ] * 3


def test_a_form_without_a_key_decides_nothing(desk: Client, asked: Request) -> None:
    assert decide(desk, asked, "approval", command_key="").status_code == 422

    asked.refresh_from_db()
    assert asked.status == "pending"


def test_the_download_holds_what_is_listed_and_is_recorded(desk: Client, asked: Request, boss: Staff) -> None:
    answer = desk.post(f"{LIST}export/?status=pending")
    sheet = load_workbook(BytesIO(b"".join(answer))).worksheets[0]

    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [asked.pk, "asker", "Marbles", "40", "Left before: 100; Left after: 60"] == [
        rows[-1][column] for column in (0, 2, 3, 5, 6)
    ]
    record = Record.objects.get(action="request.exported")
    assert (record.actor, record.data) == (boss, {"count": 1, "filters": {"status": "pending"}})


def test_the_home_page_s_block_counts_both_ways(
    client_for: Callable[[Staff], Client], desk: Client, asked: Request, asker: Staff
) -> None:
    assert "1 项申请待您审批" in text(desk.get(f"{LIST}waiting/"))
    assert "您有 1 项申请待他人审批" in text(client_for(asker).get(f"{LIST}waiting/"))


def test_a_request_of_a_kind_that_is_gone_can_still_be_read(desk: Client, asked: Request, boss: Staff) -> None:
    Request.objects.filter(pk=asked.pk).update(kind="test.gone", requested_by=boss)

    page = text(desk.get(f"{LIST}{asked.pk}/"))

    assert "test.gone" in page
    assert f"{LIST}{asked.pk}/approval/" not in page
    assert decide(desk, asked, "approval").status_code == 403


# Limits


@pytest.fixture
def chief(client_for: Callable[[Staff], Client], owner: Staff) -> Client:
    return client_for(owner)


def cells(limits: dict[tuple[str, str], Decimal | None], **changes: str) -> dict[str, str]:
    """What the browser sends: each cell with what it showed, and the changes by role of the jar."""
    data = {}
    for index, ((kind, role), limit) in enumerate(limits.items()):
        shown = "" if limit is None else str(limit)
        data[f"initial-limit-{index}"] = shown
        data[f"limit-{index}"] = changes.get(role, shown) if kind == "test.jar" else shown
    return data


def test_the_owner_changes_limits_and_only_what_changed_is_written(jar: Kind, chief: Client) -> None:
    data = cells(selectors.limit_table(), manager="", cashier="5")

    answer = chief.post(f"{LIST}limits/edit/", data)

    assert answer.status_code == 302
    assert dict(Limit.objects.values_list("role", "maximum")) == {"manager": None, "cashier": Decimal(5)}
    assert Record.objects.filter(action="limit.changed").count() == 2


def test_two_people_who_edit_limits_do_not_undo_each_other(jar: Kind, chief: Client) -> None:
    before = selectors.limit_table()
    chief.post(f"{LIST}limits/edit/", cells(before, cashier="5"))

    chief.post(f"{LIST}limits/edit/", cells(before, marketer="7"))

    assert dict(Limit.objects.values_list("role", "maximum")) == {"cashier": Decimal(5), "marketer": Decimal(7)}


@pytest.mark.parametrize("typed", ["-1", "many", "1.5"])
def test_a_wrong_limit_is_refused_beside_the_cell(jar: Kind, chief: Client, typed: str) -> None:
    answer = chief.post(f"{LIST}limits/edit/", cells(selectors.limit_table(), manager=typed))

    assert answer.status_code == 422
    assert "field-error" in text(answer)
    assert not Limit.objects.exists()


def test_limits_are_shown_in_words(jar: Kind, chief: Client) -> None:
    page = text(chief.get(f"{LIST}limits/"))

    assert all(part in page for part in ("Marbles", "不限", "一律复核", ">10<"))


def test_only_the_owner_changes_limits(
    jar: Kind, client_for: Callable[[Staff], Client], store: Store, now: datetime
) -> None:
    table = cells(selectors.limit_table(), manager="1000")
    answers = {
        role: (client.get(f"{LIST}limits/").status_code, client.post(f"{LIST}limits/edit/", table).status_code)
        for role in ("manager", "finance", "auditor", "cashier")
        for client in [client_for(person(f"a-{role}", role, store))]
    }

    assert answers == {"manager": (403, 403), "finance": (200, 403), "auditor": (200, 403), "cashier": (403, 403)}
    assert not Limit.objects.exists()
