"""What gifts tells the doors of core at start."""

from collections.abc import Sequence
from datetime import datetime, time
from decimal import ROUND_CEILING

from django.utils.translation import gettext_lazy as _

import wallet.selectors
from core import audit
from core.links import Link, register_navigation
from core.links import register as register_link
from gifts import services
from gifts.models import GrantItem
from gifts.proofs import PROOFS
from gifts.selectors import list_package, recharge_source
from jobs.registry import Job, register_job, register_proof
from stores.models import Staff, Store
from wallet.gift_sources import GivenItem
from wallet.registrations import register_gift_source


def given_with(recharge_id: int) -> Sequence[GivenItem]:
    """What a refund of a recharge shows (R-W12); the bonus is part of the refund itself and left out.

    A part that was used only partly is shown as two lines.
    """
    shown = []
    for one in list_package(recharge_source(recharge_id)):
        if one.kind == GrantItem.Kind.BONUS:
            continue
        label = one.item.label or one.item.get_kind_display()
        for quantity, is_used in ((one.used, True), (one.unused, False)):
            if quantity:
                shown.append(GivenItem(label, int(quantity.to_integral_value(ROUND_CEILING)), is_used))
    return shown


def settle_with(recharge_id: int, *, actor: Staff | None, at: datetime, store: Store | None) -> None:
    """Take back what is unused when a recharge is refunded in money; what is used stays and is noted.

    The package stays with who paid as long as they hold some of the recharge: a friend who was given a part and wants
    it back in money does not cost them their gifts. It goes back with the last of theirs, or when all was given away.
    """
    payer = wallet.selectors.get_recharge(recharge_id).account_id
    if wallet.selectors.holds_any(member_id=payer, recharge_id=recharge_id):
        return
    services.settle_package(
        recharge_id=recharge_id, idempotency_key=f"settled:{recharge_id}", at=at, store=store, actor=actor
    )


def register() -> None:
    """Audit actions, the page of the side navigation, proofs, and what refunds of stored value ask for."""
    register_gift_source(given_with, settle_with)
    for proof in PROOFS:
        register_proof(proof)
    audit.register_action("recharge_plan.created", _("Recharge plan created"))
    audit.register_action("recharge_plan.changed", _("Recharge plan changed"))
    audit.register_action("gift_pack.created", _("Gift pack created"))
    audit.register_action("gift_pack.changed", _("Gift pack changed"))
    audit.register_action("gift_leak.exported", _("Gifts that were not returned downloaded"))
    register_job(
        Job(
            "gifts.release",
            _("Give held-back gifts"),
            _("Gives the packs that waited until the return window was over."),
            services.release_due,
            time(1, 10),
        )
    )
    register_navigation(
        Link(
            "recharge-plans",
            "gifts:plan-list",
            _("Recharge plans"),
            "gifts.view_rechargeplan",
            "gift",
            "value",
            120,
        )
    )
    register_navigation(
        Link("gift-packs", "gifts:pack-list", _("Gift packs"), "gifts.view_pack", "gift-top", "marketing", 70)
    )
    register_link(Link("gift_pack", "gifts:pack-edit", _("Gift pack"), "gifts.change_pack", kwargs=("pk",)))
