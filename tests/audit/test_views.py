"""The audit trail's page and its download."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client

from audit.models import Record
from core import audit
from stores.models import Staff, Store
from tests.conftest import make_staff

pytestmark = pytest.mark.django_db


def _record(action: str, actor: Staff, at: datetime, **values: Any) -> None:
    audit.record(action, actor=actor, subject=values.pop("subject", "store:1"), at=at, **values)


@pytest.fixture
def trail(owner: Staff, cashier: Staff, store: Store, other_store: Store, now: datetime) -> None:
    """Three acts; signing in while testing adds none, because the client does not go through the log-in page."""
    _record("store.changed", owner, now, store=store, reason="new sign", subject="store:7")
    _record("staff.pin_set", cashier, now + timedelta(days=1), store=other_store, subject="staff:8", tries=3)
    _record("setting.changed", owner, now + timedelta(days=2), subject="setting:x")


def _rows(text: str) -> int:
    return text.split("<tbody>")[1].count("<tr>") if "<tbody>" in text else 0


def _get(client: Client, query: str = "") -> str:
    return client.get(f"/audit/{query}", headers={"HX-Request": "true"}).content.decode()


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?action=store.changed", ["store:7"]),
        ("?subject=staff:8", ["staff:8"]),
        ("?action=store.changed&last_day=2026-3-18", ["store:7"]),
        ("?first_day=2026-3-19&last_day=2026-3-19", ["staff:8"]),
        ("?first_day=2026-3-20&last_day=2026-3-20", ["setting:x"]),
    ],
)
def test_filters_choose_the_records(client_for: Any, owner: Staff, query: str, found: list[str]) -> None:
    text = _get(client_for(owner), query)

    assert [subject for subject in ("store:7", "staff:8", "setting:x") if subject in text] == found
    assert _rows(text) == len(found)


@pytest.mark.usefixtures("trail")
def test_filters_by_person_and_store(client_for: Any, owner: Staff, cashier: Staff, other_store: Store) -> None:
    client = client_for(owner)

    assert "staff:8" in _get(client, f"?actor={cashier.pk}&first_day=2026-3-18&last_day=2026-3-20")
    assert _rows(_get(client, f"?store={other_store.pk}")) == 1


@pytest.mark.usefixtures("trail")
def test_nonsense_in_a_filter_is_ignored(client_for: Any, owner: Staff) -> None:
    text = _get(client_for(owner), "?action=no.such&first_day=soon&actor=x&cursor=%00&subject=store:7")

    assert "store:7" in text


def test_who_sees_one_store_only_finds_its_records_and_their_own_acts(
    client_for: Any, owner: Staff, store: Store, other_store: Store, now: datetime
) -> None:
    from django.contrib.auth.models import Group, Permission

    group = Group.objects.create(name="shop auditor")
    group.permissions.add(Permission.objects.get(codename="view_record"))
    person = make_staff("local", "shop auditor", store)
    _record("store.changed", owner, now, store=store, subject="store:own")
    _record("store.changed", owner, now, store=other_store, subject="store:foreign")
    _record("store.changed", owner, now, subject="store:chain")
    _record("store.changed", person, now, subject="store:mine")

    text = _get(client_for(person), "?action=store.changed")

    found = [name for name in ("own", "foreign", "chain", "mine") if f"store:{name}" in text]
    assert found == ["own", "mine"]


@pytest.mark.usefixtures("trail")
def test_the_download_holds_what_is_filtered_and_is_recorded(client_for: Any, owner: Staff) -> None:
    answer = client_for(owner).post("/audit/export/?action=staff.pin_set")

    sheet = openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 2
    assert rows[1][2] == "staff.pin_set"
    assert rows[1][9] == "tries: 3"
    record = Record.objects.get(action="record.exported")
    assert (record.actor, record.data) == (owner, {"count": 1, "filters": {"action": "staff.pin_set"}})


@pytest.mark.usefixtures("trail")
def test_without_the_right_there_is_no_download(client_for: Callable[[Staff], Client], manager: Staff) -> None:
    assert client_for(manager).post("/audit/export/").status_code == 403
    assert Record.objects.filter(action="record.exported").count() == 0


def test_page_two_goes_on_where_page_one_ended(client_for: Any, owner: Staff, now: datetime) -> None:
    for number in range(25):
        _record("store.changed", owner, now + timedelta(minutes=number), subject=f"store:n{number}")
    client = client_for(owner)

    first = client.get("/audit/?size=20&action=store.changed")
    cursor = first.context["listing"].next_cursor
    second = client.get("/audit/", {"size": 20, "action": "store.changed", "cursor": cursor})

    subjects = [[row.subject for row in page.context["listing"].rows] for page in (first, second)]
    assert subjects[0] == [f"store:n{number}" for number in range(24, 4, -1)]
    assert subjects[1] == [f"store:n{number}" for number in range(4, -1, -1)]


def test_the_list_costs_the_same_however_many_rows_there_are(
    client_for: Any, owner: Staff, now: datetime, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        _record("store.changed", owner, now + timedelta(minutes=number))
    client = client_for(owner)

    with django_assert_max_num_queries(12):
        client.get("/audit/")
