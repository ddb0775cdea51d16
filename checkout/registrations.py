"""What checkout tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from checkout import proofs, services
from checkout.pricing.model import Rounding
from checkout.selectors.coupon_examples import list_coupon_examples
from checkout.selectors.examples import list_example_orders
from checkout.selectors.replay import coupons as coupon_trials
from checkout.selectors.replay import tiers as tier_trials
from checkout.selectors.replay.wording import describe_coupon, describe_tiers
from checkout.selectors.tier_examples import list_tier_examples
from core import audit, settings
from core.links import Link, register_member_panel, register_navigation
from core.links import register as register_link
from core.settings import Setting
from coupons import examples as coupon_examples
from jobs.registry import register_proof
from points.examples import register_source
from tiers import examples as tier_examples
from trials.registry import Runner, register_runner
from wallet.registrations import register_gift_source


def register() -> None:
    """Audit actions, settings, links and proofs."""
    register_links()
    register_source(list_example_orders)
    coupon_examples.register_source(list_coupon_examples)
    tier_examples.register_source(list_tier_examples)
    register_runner("tier_draft", Runner(tier_trials.run, describe_tiers))
    register_runner("coupon_template", Runner(coupon_trials.run, describe_coupon))
    register_gift_source(services.list_nothing, services.take_back_progress)
    for action, label in (
        ("till.saved", _("Till saved")),
        ("shift.opened", _("Shift opened")),
        ("shift.closed", _("Shift handed over")),
        ("order.confirmed", _("Sale made")),
        ("order.voided", _("Order voided")),
        ("recharge.sold", _("Stored value sold at the till")),
        ("pass.sold", _("Count pass sold at the till")),
        ("membership.sold", _("Paid tier sold at the till")),
        ("order.exported", _("Orders downloaded")),
        ("payout.made", _("Refund paid out of a drawer")),
    ):
        audit.register_action(action, label)
    settings.define(
        Setting(
            "checkout.rounding",
            str,
            Rounding.NONE.value,
            _("Rounding of the amount due"),
            _("What is rounded off is a discount of its own on the receipt."),
            "checkout",
            choices=(
                (Rounding.NONE.value, _("none")),
                (Rounding.DOWN_TO_TENTH.value, _("down to ¥0.1")),
                (Rounding.DOWN_TO_ONE.value, _("down to ¥1")),
            ),
        ),
        Setting(
            "checkout.bonus_earns",
            bool,
            False,
            _("Amounts paid from stored-value bonus earn points"),
            _("Principal always earns."),
            "checkout",
        ),
    )
    for proof in proofs.PROOFS:
        register_proof(proof)


def register_links() -> None:
    """The pages of the side navigation, and where ledger entries find their order."""
    register_navigation(
        Link(
            "checkout",
            "checkout:screen",
            _("Checkout"),
            "checkout.use_checkout",
            icon="shopping-cart",
            group="till",
            order=10,
        )
    )
    register_navigation(
        Link(
            "tills",
            "checkout:till-list",
            _("Tills"),
            "checkout.manage_till",
            icon="computer-desktop",
            group="system",
            order=205,
        )
    )
    register_navigation(
        Link(
            "orders",
            "checkout:order-list",
            pgettext_lazy("till", "Orders"),
            "checkout.view_order",
            icon="document-text",
            group="till",
            order=20,
        )
    )
    register_member_panel(
        Link(
            "member-orders",
            "checkout:member-orders",
            pgettext_lazy("till", "Orders"),
            "checkout.view_order",
            order=40,
            kwargs=("member_id",),
        )
    )
    register_link(
        Link("recharge", "checkout:recharge-detail", _("Recharge"), "checkout.view_order", kwargs=("recharge_id",))
    )
    register_link(Link("payouts", "checkout:payout-list", _("Refunds in cash"), "checkout.use_checkout"))
    register_link(
        Link("pass-sale", "checkout:pass-sale-detail", _("Count pass sold"), "checkout.view_order", kwargs=("pass_id",))
    )
    register_link(
        Link(
            "pass-refund-payment",
            "checkout:pass-refund-create",
            _("Pay a refund"),
            "checkout.use_checkout",
            kwargs=("pk",),
        )
    )
    register_link(
        Link(
            "tier-sale",
            "checkout:tier-sale-detail",
            _("Paid tier sold"),
            "checkout.view_order",
            kwargs=("membership_id",),
        )
    )
    register_link(
        Link(
            "tier-refund-payment",
            "checkout:tier-refund-create",
            _("Pay a refund"),
            "checkout.use_checkout",
            kwargs=("pk",),
        )
    )
    register_link(Link("order", "checkout:order-detail", _("Order"), "checkout.view_order", kwargs=("pk",)))
