"""The pages about the night: who would move, how members moved, who is at risk; read in both languages."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from stores.models import Staff, Store
from tests.factories.members import create_member
from tiers import services

pytestmark = [pytest.mark.django_db(transaction=True)]
DAY = date(2026, 3, 18)
NAMES = ("王小明", "李伟", "陈静", "Ann Ott", "赵敏")


@pytest.fixture
def people(store: Store, now: datetime) -> list[Member]:
    """Silver and gold that end within the month, some bought enough, one has risen unseen."""
    found = []
    for number, name in enumerate(NAMES):
        member = create_member(store, name=name)
        back = timedelta(days=364 - 4 * number)
        _add(member, 700 * (number + 1), DAY - back, now - back, f"old{number}")
        services.reevaluate(member_id=member.pk, at=now - back, source="x")
        found.append(member)
    late = create_member(store, name="周杰")
    _add(late, 2500, DAY, now, "unseen")
    return [*found, late]


def _add(member: Member, amount: int, on: date, at: datetime, key: str) -> None:
    services.record_progress(
        member_id=member.pk, metrics={"spend": Decimal(amount)}, business_on=on, source=key, idempotency_key=key,
        at=at, store=None, actor=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "size", "texts"),
    [
        ("en", (1366, 768), ("Nothing has been changed.", "Normal → Silver", "spend ¥500.00 or earn 500 points")),
        ("zh-hans", (1024, 768), ("尚未做任何更改", "普通 → 银卡", "消费 ¥500.00 或")),
    ],
)
def test_the_pages_about_the_night_are_read_in_both_languages(
    screen_for: Callable[..., Any],
    owner: Staff,
    people: list[Member],
    language: str,
    size: tuple[int, int],
    texts: tuple[str, str, str],
) -> None:
    screen = screen_for(owner, size=size, language=language)
    pages = (("/tiers/night/", "night"), ("/tiers/movements/", "movements"), ("/tiers/risk/?days=30", "risk"))
    for (path, name), text in zip(pages, texts, strict=True):
        screen.open(path)
        screen.page.wait_for_selector("main h1")
        assert text in screen.page.inner_text("main")
        assert screen.violations() == []
        screen.picture(f"tiers-{name}-{language}")
    screen.open("/jobs/")
    screen.picture(f"tiers-jobs-{language}")
    screen.open("/tiers/")
    screen.picture(f"tiers-list-{language}")
    assert screen.complaints == []
