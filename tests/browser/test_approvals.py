"""Four eyes in a real browser: what waits, a decision, changed figures and the table of limits."""

from decimal import Decimal

import pytest
from django.contrib.auth.hashers import make_password

from approvals import services
from approvals.registry import MONEY, POINTS
from core import roles
from tests.conftest import make_staff
from tests.factories.jar import FULL, jar_kind, marbles, put

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = [((1366, 768), "zh-hans"), ((1024, 768), "en")]
each_look = pytest.mark.parametrize(("size", "language"), LOOKS, ids=["desktop-zh", "tablet-en"])


@pytest.fixture
def waiting(store, now):
    """A manager's request for points that waits for a colleague, and another kind beside it."""
    roles.sync()
    asker, boss = (make_staff(name, "manager", store) for name in ("林晓", "陈静"))
    boss.pin_hash = make_password("2580")
    boss.save()
    limits = {"manager": Decimal(10), "finance": Decimal(5000), "owner": None}
    with (
        jar_kind(label="手工调整积分", unit=POINTS, limits=limits),
        jar_kind(name="test.cash", label="余额退款", unit=MONEY),
    ):
        request = services.submit(
            kind="test.jar",
            payload={"jar": store.pk, "count": 40},
            subject=f"store:{store.pk}",
            reason="系统升级时少算了积分，补给顾客",
            actor=asker,
            store=store,
            at=now,
        ).request
        yield request, boss


def fine(screen, name):
    """Nothing to complain about, and a picture of it."""
    screen.picture(name)
    assert screen.violations() == []
    assert [line for line in screen.complaints if "409" not in line] == []


@each_look
def test_changed_figures_are_shown_before_it_is_done(waiting, screen_for, store, size, language):
    request, boss = waiting
    screen = screen_for(boss, size=size, language=language)
    page = screen.page

    screen.open("/approvals/?show=waiting")
    fine(screen, f"approvals-list-{language}")
    page.click(f"a[href='/approvals/{request.pk}/']")
    page.wait_for_selector("form[action$='/approval/']")
    fine(screen, f"approvals-detail-{language}")
    put(store, 77)
    page.click("form[action$='/approval/'] button")
    page.wait_for_selector(".alert-warning")
    fine(screen, f"approvals-changed-{language}")
    assert marbles(store) == 77
    page.click("form[action$='/approval/'] button")
    page.wait_for_selector(".toast-success")
    fine(screen, f"approvals-done-{language}")

    assert marbles(store) == 37


@each_look
def test_limits_are_changed_in_a_table(waiting, screen_for, store, size, language):
    screen = screen_for(make_staff("赵敏", "owner", store), size=size, language=language)
    page = screen.page

    screen.open("/approvals/limits/")
    fine(screen, f"approvals-limits-{language}")
    page.click("a[href='/approvals/limits/edit/']")
    page.wait_for_selector("form[data-guard]")
    fine(screen, f"approvals-limits-edit-{language}")
    screen.open("/")
    page.wait_for_selector("a[href*='show=waiting']")
    fine(screen, f"approvals-home-{language}")

    assert marbles(store) == FULL
