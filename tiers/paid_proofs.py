"""Proofs of paid tiers, each one statement over the whole table (quality.md 1)."""

from django.utils.translation import gettext_lazy as _

from jobs.comparing import compare
from jobs.registry import Difference, Proof


def check_purchases() -> tuple[int, list[Difference]]:
    """Purchases of one card that stand never overlap, and a credit is what the converted ones brought along.

    A member who was merged with another may have bought the same time twice.
    """
    return compare(
        """
        SELECT 'membership:' || id, (GREATEST(before, starts_at), brought), (starts_at, credit),
               (COALESCE(before <= starts_at, TRUE) OR is_merged) AND brought = credit
          FROM (
            SELECT m.id, m.starts_at, m.credit,
                   EXISTS (SELECT FROM tiers_period p WHERE p.member_id = m.member_id AND p.track_id = t.track_id
                                                        AND p.reason = 'merged') AS is_merged,
                   CASE WHEN m.status = 'active' THEN
                     MAX(m.ends_at) FILTER (WHERE m.status = 'active') OVER (
                       PARTITION BY m.member_id, t.track_id ORDER BY m.starts_at, m.id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                   END AS before,
                   (SELECT COALESCE(SUM((one ->> 2)::numeric), 0) FROM jsonb_array_elements(m.credits) AS one)
                     AS brought
              FROM tiers_membership m JOIN tiers_tier t ON t.id = m.tier_id
          ) bought
        """
    )


def check_periods() -> tuple[int, list[Difference]]:
    """The level held on a paid card is the one that stands bought, until its last purchase ends; set by hand apart."""
    return compare(
        """
        SELECT 'member:' || m.member_id, m.until, (p.tier_id, p.valid_until),
               COALESCE(p.reason IN ('manual', 'merged'), FALSE)
                 OR CASE WHEN p.tier_id = b.id THEN m.until IS NULL OR p.starts_at >= m.until
                         ELSE m.until IS NOT NULL AND p.valid_until = m.until END
          FROM (
            SELECT x.member_id, t.track_id, MAX(x.ends_at) FILTER (WHERE x.status = 'active') AS until
              FROM tiers_membership x JOIN tiers_tier t ON t.id = x.tier_id GROUP BY 1, 2
          ) m
          JOIN (SELECT DISTINCT ON (track_id) id, track_id FROM tiers_tier ORDER BY track_id, rank) b
            ON b.track_id = m.track_id
          LEFT JOIN tiers_period p
            ON p.member_id = m.member_id AND p.track_id = m.track_id AND p.ends_at IS NULL
        """
    )


def check_refunds() -> tuple[int, list[Difference]]:
    """Every refund closed its purchase and pays the days left, down to the fen, in parts that sum to it."""
    return compare(
        """
        SELECT 'tier_refund:' || r.id, TRUNC((m.price + m.credit) * r.days_left / r.days_total, 2), r.amount,
               r.amount = TRUNC((m.price + m.credit) * r.days_left / r.days_total, 2) AND m.status = 'refunded'
                 AND r.amount = (SELECT SUM((one ->> 2)::numeric) FROM jsonb_array_elements(r.parts) AS one)
                 AND r.by_wallet = (SELECT COALESCE(SUM((one ->> 2)::numeric), 0)
                                      FROM jsonb_array_elements(r.parts) AS one WHERE one ->> 1 = 'wallet')
          FROM tiers_membershiprefund r JOIN tiers_membership m ON m.id = r.membership_id
        """
    )


PROOFS = (
    Proof("tiers.memberships", _("Paid tiers bought follow one another"), check_purchases),
    Proof("tiers.membership_periods", _("Paid tiers held are those that stand bought"), check_periods),
    Proof("tiers.membership_refunds", _("Paid tiers: refunds"), check_refunds),
)
