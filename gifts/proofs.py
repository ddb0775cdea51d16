"""Proofs of the packages of recharges and of gift packs, each one statement (R-W12, R-T12)."""

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
    return checked, [Difference(str(subject), str(expected), str(found)) for subject, expected, found in rows]


def check_counters() -> tuple[int, list[Difference]]:
    """What a plan counts as sold is the number of its packages that were not taken back."""
    return _check(
        "SELECT count(*) FROM gifts_rechargeplan",
        """
        SELECT 'recharge_plan:' || p.id, count(g.id), p.sold_count
        FROM gifts_rechargeplan p LEFT JOIN gifts_grant g ON g.plan_id = p.id AND g.status <> 'taken_back'
        GROUP BY p.id
        HAVING count(g.id) <> p.sold_count
        """,
    )


def check_points() -> tuple[int, list[Difference]]:
    """The points of a package are those of its entry, and were taken back where the package says so."""
    return _check(
        "SELECT count(*) FROM gifts_grantitem WHERE kind = 'points'",
        """
        SELECT g.source, (CASE WHEN i.state = 'given' THEN i.quantity ELSE i.used END)::bigint,
               coalesce(e.computed, 0) + coalesce(b.computed, 0)
        FROM gifts_grantitem i
        JOIN gifts_grant g ON g.id = i.grant_id
        LEFT JOIN points_entry e ON e.idempotency_key = i.reference AND e.account_id = g.member_id
        LEFT JOIN LATERAL (
          SELECT sum(computed) AS computed FROM points_entry WHERE original_id = e.id AND g.status <> 'given'
        ) b ON true
        WHERE i.kind = 'points'
          AND coalesce(e.computed, 0) + coalesce(b.computed, 0)
              <> (CASE WHEN i.state = 'given' THEN i.quantity ELSE i.used END)::bigint
        """,
    )


def check_coupons() -> tuple[int, list[Difference]]:
    """The coupons of a package were issued for it, and are void where the package took them back; of a used voucher the
    uses that were left.
    """
    return _check(
        "SELECT count(*) FROM gifts_grantitem WHERE kind = 'coupon'",
        """
        SELECT g.source || ' ' || i.reference, i.state, coalesce(c.status, '-')
        FROM gifts_grantitem i
        JOIN gifts_grant g ON g.id = i.grant_id
        LEFT JOIN coupons_coupon c ON c.id = nullif(i.reference, '')::bigint AND c.source = g.source
        WHERE i.kind = 'coupon' AND i.state <> 'missed'
          AND (c.id IS NULL OR (i.state = 'taken_back' AND c.status <> 'void')
               OR (i.state = 'used' AND c.status = 'void' AND i.used = i.quantity))
        """,
    )


def check_bonus() -> tuple[int, list[Difference]]:
    """The bonus money of a pack is a gift of the wallet for it, and was taken back only where the pack says so, never
    more than was not used of it and of what corrections added.
    """
    return _check(
        """
        SELECT count(*) FROM gifts_grantitem i JOIN gifts_grant g ON g.id = i.grant_id
         WHERE i.kind = 'bonus' AND g.pack_id IS NOT NULL AND i.state <> 'missed'
        """,
        """
        SELECT g.source, i.quantity - i.used, coalesce(b.bonus, 0)
        FROM gifts_grantitem i
        JOIN gifts_grant g ON g.id = i.grant_id
        LEFT JOIN wallet_recharge r ON r.id = nullif(i.reference, '')::bigint AND r.is_gift
          AND r.account_id = g.member_id AND r.source = g.source
        LEFT JOIN LATERAL (
          SELECT -sum(bonus) FILTER (WHERE kind = 'gift_back') AS bonus,
                 sum(bonus) FILTER (WHERE kind = 'correction' AND account_id = r.account_id) AS corrected
            FROM wallet_entry WHERE recharge_id = r.id
        ) b ON true
        WHERE i.kind = 'bonus' AND g.pack_id IS NOT NULL AND i.state <> 'missed'
          AND (r.id IS NULL OR r.bonus <> i.quantity OR (i.state = 'given' AND b.bonus IS NOT NULL)
               OR coalesce(b.bonus, 0) > i.quantity + greatest(coalesce(b.corrected, 0), 0) - i.used)
        """,
    )


PROOFS = (
    Proof("gifts.counters", _("Plans count the packages they sold"), check_counters),
    Proof("gifts.points", _("Packages equal their points entries"), check_points),
    Proof("gifts.coupons", _("Packages equal their coupons"), check_coupons),
    Proof("gifts.bonus", _("Bonus money of packs equals its entries"), check_bonus),
)
