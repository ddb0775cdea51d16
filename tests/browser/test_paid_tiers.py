"""A paid tier from its offer to its refund: sold and renewed by keyboard, and the pages that show it."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

import approvals.services
from checkout import services
from checkout.models import TierSale
from tests.browser.steps import each_look, fine, ready, scan, shown
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tests.factories.till import CASHIER, allow
from tiers.models import Membership, MembershipRefund
from tiers.services import memberships

pytestmark = pytest.mark.django_db(transaction=True)
RIGHTS = (
    *CASHIER,
    "checkout.void_order",
    "tiers.view_membership",
    "tiers.view_membershiprefund",
    "members.view_member",
)


@pytest.fixture
def plans(shop):
    plus = create_card("plus")[0]
    plus.colour = "tier-3"
    plus.save()
    return [
        create_paid_plan(plus, months=1, price="30.00", name="PLUS 月卡"),
        create_paid_plan(plus, months=12, price="300.00", name="PLUS 年卡", position=1),
    ]


@each_look
def test_a_paid_tier_is_sold_and_renewed_by_keyboard_alone(shop, regular, plans, screen_for, size, language):
    allow(shop.cashier, *RIGHTS)
    screen = screen_for(shop.cashier, till=shop.till.pk, size=size, language=language)
    page = screen.page
    ready(screen)
    fine(screen, f"tier-screen-{language}")
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")

    page.keyboard.press("F10")
    page.wait_for_selector("[data-other]")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("F10")
    page.wait_for_selector(".recharge-plan:has-text('PLUS 月卡')")
    fine(screen, f"tier-offers-{language}")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".receipt:has-text('PLUS 月卡')")
    fine(screen, f"tier-receipt-{language}")
    assert TierSale.objects.get().kind == "cash"

    screen.open(f"/checkout/tiers/new/?member={regular.pk}")
    page.wait_for_selector(".recharge-plan:nth-of-type(3)")
    fine(screen, f"tier-renewal-{language}")
    page.keyboard.press("3")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".receipt:has-text('PLUS 年卡')")
    fine(screen, f"tier-converted-{language}")
    year = Membership.objects.latest("pk")
    assert (year.credit, Membership.objects.filter(status="converted").count()) == (D("29.06"), 1)

    page.click("[data-dialog='#void-dialog']")
    page.wait_for_selector("#void-dialog[open]")
    fine(screen, f"tier-void-{language}")


@each_look
def test_the_pages_of_paid_tiers_can_be_read_by_everybody(screen_for, owner, shop, regular, plans, size, language):
    bought = buy_membership(plans[0], regular, shop.store, at=shop.now - timedelta(days=9))
    sale_id = services.sell_tier(
        key="8b0c7c0e-7c0e-4b0c-8c0e-7c0e8b0c7c0e",
        till=shop.till,
        member_id=regular.pk,
        plan_id=plans[1].pk,
        price=plans[1].price,
        how="append",
        kind="cash",
        received=plans[1].price,
        actor=shop.cashier,
        at=shop.now,
    )
    year = TierSale.objects.get(pk=sale_id).membership_id
    screen = screen_for(owner, size=size, language=language, till=shop.till.pk)
    pages = [
        ("offers", "/tiers/offers/", "PLUS 月卡"),
        ("offer", f"/tiers/offers/{plans[0].pk}/", "0.94"),
        ("list", "/tiers/memberships/", "PLUS 年卡"),
        ("detail", f"/tiers/memberships/{bought.pk}/", "PLUS 年卡"),
        ("refund", f"/tiers/memberships/{year}/refund/", "300.00"),
        ("no-refund", f"/tiers/memberships/{bought.pk}/refund/", ""),
    ]
    for name, path, text in pages:
        screen.open(path)
        if text:
            shown(screen.page, text, within="body")
        fine(screen, f"paid-{name}-{language}")

    approvals.services.submit(
        kind=memberships.KIND,
        payload=memberships.refund_payload(year),
        subject=f"membership:{year}",
        reason="moves away",
        actor=owner,
        store=shop.store,
        at=shop.now,
    )
    refund = MembershipRefund.objects.get()
    for name, path in (
        ("paper", f"/tiers/membership-refunds/{refund.pk}/"),
        ("refunds", "/tiers/membership-refunds/"),
        ("payment", f"/checkout/tier-refunds/{refund.pk}/payment/"),
        ("payouts", "/checkout/payouts/"),
        ("shift", f"/checkout/shifts/{shop.shift.pk}/"),
        ("member", f"/members/{regular.pk}/"),
    ):
        screen.open(path)
        shown(screen.page, "300.00", within="body") if name not in {"shift", "member"} else None
        fine(screen, f"paid-{name}-{language}")
