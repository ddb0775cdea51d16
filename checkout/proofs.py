"""Proofs over all orders, each one statement over the whole table (quality.md invariants 3 and 4)."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from jobs.registry import Difference, Proof

LIMIT = 1000


def _check(count: str, differences: str) -> tuple[int, list[Difference]]:
    with connection.cursor() as cursor:
        cursor.execute(count)
        checked = int(cursor.fetchone()[0])
        cursor.execute(differences + " ORDER BY 1 LIMIT %s", [LIMIT])
        rows = cursor.fetchall()
    return checked, [Difference(f"order:{order}", str(expected), str(found)) for order, expected, found in rows]


def check_lines() -> tuple[int, list[Difference]]:
    """List total and payable are the sums of the lines."""
    return _check(
        "SELECT count(*) FROM checkout_order",
        """
        SELECT o.id, o.list_total || ' / ' || o.payable,
               coalesce(sum(l.list_amount), 0) || ' / ' || coalesce(sum(l.net), 0)
        FROM checkout_order o LEFT JOIN checkout_orderline l ON l.order_id = o.id
        GROUP BY o.id
        HAVING coalesce(sum(l.list_amount), 0) <> o.list_total OR coalesce(sum(l.net), 0) <> o.payable
        """,
    )


def check_adjustments() -> tuple[int, list[Difference]]:
    """List total less the adjustments is what was payable."""
    return _check(
        "SELECT count(*) FROM checkout_adjustment",
        """
        SELECT o.id, o.list_total - o.payable, coalesce(sum(a.amount), 0)
        FROM checkout_order o LEFT JOIN checkout_adjustment a ON a.order_id = o.id
        GROUP BY o.id
        HAVING coalesce(sum(a.amount), 0) <> o.list_total - o.payable
        """,
    )


def check_allocations() -> tuple[int, list[Difference]]:
    """Each adjustment is the sum of its parts."""
    return _check(
        "SELECT count(*) FROM checkout_allocation",
        """
        SELECT a.order_id, a.amount, coalesce(sum(p.amount), 0)
        FROM checkout_adjustment a LEFT JOIN checkout_allocation p ON p.adjustment_id = a.id
        GROUP BY a.id
        HAVING coalesce(sum(p.amount), 0) <> a.amount OR min(p.amount) < 0
        """,
    )


def check_line_allocations() -> tuple[int, list[Difference]]:
    """Each line's list amount less its parts is its net."""
    return _check(
        "SELECT count(*) FROM checkout_orderline",
        """
        SELECT l.order_id, l.list_amount - l.net, coalesce(sum(p.amount), 0)
        FROM checkout_orderline l LEFT JOIN checkout_allocation p ON p.line_id = l.id
        GROUP BY l.id
        HAVING coalesce(sum(p.amount), 0) <> l.list_amount - l.net
        """,
    )


def check_payments() -> tuple[int, list[Difference]]:
    """The tenders of an order sum to what was payable."""
    return _check(
        "SELECT count(*) FROM checkout_payment",
        """
        SELECT o.id, o.payable, coalesce(sum(p.amount), 0)
        FROM checkout_order o LEFT JOIN checkout_payment p ON p.order_id = o.id
        GROUP BY o.id
        HAVING coalesce(sum(p.amount), 0) <> o.payable
        """,
    )


def check_payment_shares() -> tuple[int, list[Difference]]:
    """Each tender is the sum of its shares of the lines, bonus included."""
    return _check(
        "SELECT count(*) FROM checkout_paymentallocation",
        """
        SELECT p.order_id, p.amount || ' / ' || p.wallet_bonus,
               coalesce(sum(s.amount), 0) || ' / ' || coalesce(sum(s.wallet_bonus), 0)
        FROM checkout_payment p LEFT JOIN checkout_paymentallocation s ON s.payment_id = p.id
        GROUP BY p.id
        HAVING coalesce(sum(s.amount), 0) <> p.amount OR coalesce(sum(s.wallet_bonus), 0) <> p.wallet_bonus
        """,
    )


def check_voids() -> tuple[int, list[Difference]]:
    """An order is marked voided exactly where its void was written."""
    return _check(
        "SELECT count(*) FROM checkout_void",
        """
        SELECT o.id, o.voided_at, v.occurred_at
        FROM checkout_order o FULL JOIN checkout_void v ON v.order_id = o.id
        WHERE o.voided_at IS DISTINCT FROM v.occurred_at
        """,
    )


def check_payouts() -> tuple[int, list[Difference]]:
    """Every refund of stored value that was paid in cash left a drawer once, with its sum, and nothing else did."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(p.source, 'cash_out:' || c.id), c.paid, p.amount
            FROM (SELECT * FROM wallet_cashout WHERE method = 'cash' AND status = 'paid') c
            FULL JOIN (SELECT * FROM checkout_payout WHERE source LIKE 'cash_out:%%') p
              ON p.source = 'cash_out:' || c.id AND p.member_id = c.member_id
            WHERE c.paid IS DISTINCT FROM p.amount ORDER BY 1 LIMIT %s
            """,
            [LIMIT],
        )
        rows = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM checkout_payout")
        checked = int(cursor.fetchone()[0])
    return checked, [Difference(subject, str(expected), str(found)) for subject, expected, found in rows]


def check_pass_lines() -> tuple[int, list[Difference]]:
    """What passes paid of an order is the net of its pass lines, and each such line has its use in the ledger."""
    return _check(
        "SELECT count(*) FROM checkout_orderline WHERE pass_id IS NOT NULL",
        """
        SELECT o.id, coalesce(l.net, 0) || ' / ' || coalesce(l.lines, 0),
               coalesce(p.paid, 0) || ' / ' || coalesce(u.uses, 0)
        FROM checkout_order o
        LEFT JOIN (SELECT order_id, sum(net) AS net, count(*) AS lines FROM checkout_orderline
                   WHERE pass_id IS NOT NULL GROUP BY 1) l ON l.order_id = o.id
        LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM checkout_payment WHERE kind = 'pass' GROUP BY 1) p
          ON p.order_id = o.id
        LEFT JOIN (SELECT source, count(*) AS uses FROM passes_entry WHERE kind = 'use' GROUP BY 1) u
          ON u.source = 'order:' || o.id
        WHERE (l.order_id IS NOT NULL OR p.order_id IS NOT NULL)
          AND (coalesce(l.net, 0), coalesce(l.lines, 0)) <> (coalesce(p.paid, 0), coalesce(u.uses, 0))
        """,
    )


def check_pass_sales() -> tuple[int, list[Difference]]:
    """Every pass sold at a till has its pass with that price, tender and state, and its cash refunds left a drawer."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 'pass-sale:' || s.pass_id, s.price || ' ' || s.kind || ' ' || (v.id IS NOT NULL),
                   h.price || ' ' || h.tender || ' ' || (h.status = 'voided')
            FROM checkout_passsale s LEFT JOIN passes_pass h ON h.id = s.pass_id
            LEFT JOIN checkout_passsalevoid v ON v.sale_id = s.id
            WHERE (s.price, s.kind, s.member_id, v.id IS NOT NULL)
                  IS DISTINCT FROM (h.price, h.tender, h.member_id, h.status = 'voided')
            UNION ALL
            SELECT coalesce(p.source, 'pass_refund:' || r.id), r.amount::text, p.amount::text
            FROM (SELECT * FROM passes_refund WHERE method = 'cash' AND status = 'paid') r
            FULL JOIN (SELECT * FROM checkout_payout WHERE source LIKE 'pass_refund:%%') p
              ON p.source = 'pass_refund:' || r.id
            WHERE r.amount IS DISTINCT FROM p.amount
            ORDER BY 1 LIMIT %s
            """,
            [LIMIT],
        )
        rows = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM checkout_passsale")
        checked = int(cursor.fetchone()[0])
    return checked, [Difference(subject, str(expected), str(found)) for subject, expected, found in rows]


def check_tier_sales() -> tuple[int, list[Difference]]:
    """Every paid tier sold at a till has its purchase with that price, tender and state, the other way round too, and
    the cash of its refunds left a drawer once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 'membership:' || coalesce(s.membership_id, m.id),
                   s.price || ' ' || s.kind || ' ' || (v.id IS NOT NULL),
                   m.price || ' ' || m.tender || ' ' || (m.status = 'voided')
            FROM checkout_tiersale s FULL JOIN tiers_membership m ON m.id = s.membership_id
            LEFT JOIN checkout_tiersalevoid v ON v.sale_id = s.id
            WHERE (s.price, s.kind, v.id IS NOT NULL)
                  IS DISTINCT FROM (m.price, m.tender::varchar, coalesce(m.status = 'voided', false))
            UNION ALL
            SELECT coalesce(p.source, 'tier_refund:' || r.id), (r.amount - r.by_wallet)::text, p.amount::text
            FROM (SELECT * FROM tiers_membershiprefund WHERE status = 'paid' AND amount > by_wallet) r
            FULL JOIN (SELECT * FROM checkout_payout WHERE source LIKE 'tier_refund:%%') p
              ON p.source = 'tier_refund:' || r.id
            WHERE r.amount - r.by_wallet IS DISTINCT FROM p.amount
            ORDER BY 1 LIMIT %s
            """,
            [LIMIT],
        )
        rows = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM checkout_tiersale")
        checked = int(cursor.fetchone()[0])
    return checked, [Difference(subject, str(expected), str(found)) for subject, expected, found in rows]


PROOFS = (
    Proof("checkout.lines", _("Orders equal their lines"), check_lines),
    Proof("checkout.adjustments", _("Orders equal list less reductions"), check_adjustments),
    Proof("checkout.allocations", _("Reductions equal their parts"), check_allocations),
    Proof("checkout.line_allocations", _("Lines equal list less their parts"), check_line_allocations),
    Proof("checkout.payments", _("Orders equal their tenders"), check_payments),
    Proof("checkout.payment_shares", _("Tenders equal their shares of lines"), check_payment_shares),
    Proof("checkout.voids", _("Voided orders have their void"), check_voids),
    Proof("checkout.pass_lines", _("Lines paid by passes equal their uses"), check_pass_lines),
    Proof("checkout.pass_sales", _("Count passes sold at tills"), check_pass_sales),
    Proof("checkout.tier_sales", _("Paid tiers sold at tills"), check_tier_sales),
    Proof("checkout.payouts", _("Refunds paid in cash left a drawer"), check_payouts),
)
