"""Which rights each role of the house has (R-S1); the only list, put into Django's groups after every migration.

A right is ``app.codename``; ``*`` stands for any part of it. What a pattern without ``*`` names must exist, a test sees
to it. Groups that the owner made are never touched.
"""

from fnmatch import fnmatchcase
from typing import Any

READ_ALL = ("*.view_*", "stores.see_all_stores")

SEE_MEMBERS = (
    "members.view_*",
    "tags.view_*",
    "tiers.view_*",
    "points.view_account",
    "points.view_entry",
    "points.view_lot",
    "points.view_rule",
    "wallet.view_*",
    "coupons.view_*",
    "passes.view_*",
)
SEE_GOODS = (
    "catalog.view_category",
    "catalog.view_brand",
    "catalog.view_product",
    "catalog.view_barcode",
    "catalog.view_searchkey",
)

TABLE: dict[str, tuple[str, ...]] = {
    # Everything.
    "owner": ("*.*",),
    # Own stores; no rules of the chain.
    "manager": (
        *SEE_MEMBERS,
        *SEE_GOODS,
        "gifts.view_*",
        "campaigns.view_*",
        "campaigns.give_giveaway",
        "checkout.view_*",
        "checkout.use_checkout",
        "checkout.void_order",
        "checkout.manage_till",
        "checkout.export_order",
        "members.add_member",
        "members.change_member",
        "members.freeze_member",
        "members.reveal_phone",
        "members.export_member",
        "members.change_reminder",
        "members.set_pin",
        "members.reset_pin",
        "members.block_card",
        "members.replace_card",
        "tags.assign_tag",
        "points.adjust_balance",
        "points.export_entry",
        "points.view_ledger",
        "points.view_batch",
        "points.view_watch",
        "points.review_watch",
        "wallet.export_entry",
        "wallet.freeze_account",
        "wallet.limit_recharges",
        "wallet.transfer_balance",
        "wallet.clear_bonus",
        "wallet.correct_principal",
        "passes.export_pass",
        "passes.extend_pass",
        "passes.share_pass",
        "passes.refund_pass",
        "passes.approve_refund",
        "passes.pay_refund",
        "tiers.set_member_tier",
        "tiers.export_membership",
        "tiers.refund_membership",
        "tiers.approve_refund",
        "tiers.tick_perk",
        "coupons.issue_coupon",
        "coupons.export_coupon",
        "catalog.view_cost",
        "catalog.export_product",
        "stores.view_store",
        "stores.view_staff",
        "reports.*",
        # Four eyes, for requests of their own stores (rules.md 0.8).
        "approvals.view_request",
        "approvals.export_request",
        "points.approve_adjustment",
        "points.approve_batch",
        "wallet.make_cashout",
        "wallet.pay_cashout",
        "wallet.approve_cashout",
        "wallet.approve_transfer",
        "wallet.approve_correction",
    ),
    # Coupons, tags, campaigns, messages, reports; no balances changed.
    "marketer": (
        *SEE_MEMBERS,
        *SEE_GOODS,
        "gifts.*",
        "campaigns.*",
        "tags.*",
        "coupons.*",
        "trials.*",
        "passes.change_plan",
        "members.change_reminder",
        "lifecycle.view_importrun",
        "reports.*",
        "stores.view_store",
        "approvals.view_request",
    ),
    # Checkout, register members, recharge, redeem; phone numbers masked; no export.
    "cashier": (
        *SEE_MEMBERS,
        *SEE_GOODS,
        "checkout.use_checkout",
        "checkout.view_order",
        "checkout.view_shift",
        "campaigns.give_giveaway",
        "members.add_member",
        "members.change_reminder",
        "members.set_pin",
        "members.block_card",
        "passes.share_pass",
        "tiers.tick_perk",
        "wallet.make_cashout",
        "wallet.transfer_balance",
        "stores.view_store",
        "approvals.view_request",
    ),
    # Ledgers, reconciliation, liabilities, exports, approvals; changes no member.
    "finance": (
        *READ_ALL,
        "*.export_*",
        "catalog.view_cost",
        "points.adjust_balance",
        "points.make_batch",
        "points.review_watch",
        "jobs.start_job",
        "passes.refund_pass",
        "passes.pay_refund",
        "tiers.refund_membership",
        "wallet.pay_cashout",
        "wallet.clear_bonus",
        "wallet.correct_principal",
        "reports.*",
        "*.approve_*",
    ),
    # Reads all, changes nothing.
    "auditor": (*READ_ALL, "catalog.view_cost", "audit.export_record", "reports.view_*"),
}


def rights_of(role: str, known: set[str]) -> set[str]:
    """The rights among ``known`` that a role's patterns name."""
    return {right for right in known if any(fnmatchcase(right, pattern) for pattern in TABLE[role])}


def known_rights() -> dict[str, int]:
    """All rights of our own apps, ``app.codename`` to the permission's id."""
    from django.conf import settings
    from django.contrib.auth.models import Permission

    rows = Permission.objects.filter(content_type__app_label__in=settings.FIRST_PARTY_APPS)
    return {
        f"{app}.{codename}": pk for app, codename, pk in rows.values_list("content_type__app_label", "codename", "pk")
    }


def sync(**_: Any) -> dict[str, int]:
    """Make the groups of the house have exactly their rights; returns how many each has. Safe to run again."""
    from django.contrib.auth.models import Group

    known = known_rights()
    groups = {group.name: group for group in Group.objects.filter(name__in=TABLE).prefetch_related("permissions")}
    counts = {}
    for role in TABLE:
        group = groups.get(role)
        before = {permission.pk for permission in group.permissions.all()} if group else set()
        wanted = {known[right] for right in rights_of(role, set(known))}
        group = group or Group.objects.create(name=role)
        if wanted != before:
            group.permissions.set(wanted)
        counts[role] = len(wanted)
    return counts
