"""Proofs of the points ledger from its entries alone, each one statement over the whole table (quality.md 1, 2)."""

from django.utils.translation import gettext_lazy as _

from jobs.comparing import compare
from jobs.registry import Difference, Proof


def check_balances() -> tuple[int, list[Difference]]:
    """Balance and debt are the sums of the entries, and the balance is what the lots hold."""
    return compare(
        """
        SELECT 'points:' || a.member_id,
               (COALESCE(e.points, 0), COALESCE(e.debt, 0), a.balance),
               (a.balance, a.debt, COALESCE(l.remaining, 0)),
               (COALESCE(e.points, 0), COALESCE(e.debt, 0), a.balance)
                 = (a.balance, a.debt, COALESCE(l.remaining, 0))
          FROM points_account a
          LEFT JOIN (SELECT account_id, SUM(points) AS points, SUM(debt) AS debt FROM points_entry GROUP BY 1) e
            ON e.account_id = a.member_id
          LEFT JOIN (SELECT account_id, SUM(remaining) AS remaining FROM points_lot GROUP BY 1) l
            ON l.account_id = a.member_id
        """
    )


def check_lots() -> tuple[int, list[Difference]]:
    """What is left of a lot is what was granted and all its uses; what expired is what the expiry entries took."""
    return compare(
        """
        SELECT 'points-lot:' || l.id,
               (l.granted + COALESCE(u.points, 0), COALESCE(u.expired, 0)),
               (l.remaining, l.expired),
               (l.granted + COALESCE(u.points, 0), COALESCE(u.expired, 0)) = (l.remaining, l.expired)
                 AND COALESCE(u.is_own, TRUE)
          FROM points_lot l
          LEFT JOIN (
            SELECT u.lot_id, SUM(u.points) AS points, -SUM(u.points) FILTER (WHERE e.kind = 'expire') AS expired,
                   BOOL_AND(e.account_id = o.account_id) AS is_own
              FROM points_lotuse u JOIN points_entry e ON e.id = u.entry_id JOIN points_lot o ON o.id = u.lot_id
             GROUP BY u.lot_id
          ) u ON u.lot_id = l.id
        """
    )


def check_entries() -> tuple[int, list[Difference]]:
    """The points of every entry are the lots that it made and the lots that it used."""
    return compare(
        """
        SELECT 'points-entry:' || e.id, COALESCE(l.granted, 0) + COALESCE(u.points, 0), e.points,
               COALESCE(l.granted, 0) + COALESCE(u.points, 0) = e.points
          FROM points_entry e
          LEFT JOIN (SELECT entry_id, SUM(granted) AS granted FROM points_lot GROUP BY 1) l ON l.entry_id = e.id
          LEFT JOIN (SELECT entry_id, SUM(points) AS points FROM points_lotuse GROUP BY 1) u ON u.entry_id = e.id
        """
    )


def check_chain() -> tuple[int, list[Difference]]:
    """Every entry's balance and debt after it follow from those of the entry before."""
    return compare(
        """
        SELECT 'points-entry:' || id, (before + points, debt_before + debt), (balance_after, debt_after),
               (before + points, debt_before + debt) = (balance_after, debt_after)
          FROM (
            SELECT id, points, debt, balance_after, debt_after,
                   LAG(balance_after, 1, 0::bigint) OVER w AS before,
                   LAG(debt_after, 1, 0::bigint) OVER w AS debt_before
              FROM points_entry WINDOW w AS (PARTITION BY account_id ORDER BY id)
          ) chain
        """
    )


def check_undone() -> tuple[int, list[Difference]]:
    """No entry is undone for more than it was, what closes it leaves nothing, and it is its own member's, unless that
    member was merged away.
    """
    return compare(
        """
        WITH gone AS MATERIALIZED (
          SELECT DISTINCT account_id FROM points_entry WHERE kind = 'move' AND original_id IS NULL
        )
        SELECT 'points-entry:' || o.id, ABS(o.points - o.debt), ABS(SUM(e.computed)),
               CASE WHEN COUNT(e.reverses_id) > 0 THEN ABS(SUM(e.computed)) = ABS(o.points - o.debt)
                    ELSE ABS(SUM(e.computed)) <= ABS(o.points - o.debt) END
               AND BOOL_AND(e.account_id = o.account_id OR o.account_id IN (SELECT account_id FROM gone))
          FROM points_entry e JOIN points_entry o ON o.id = e.original_id
         WHERE e.kind <> 'move'
         GROUP BY o.id
        """
    )


def check_moves() -> tuple[int, list[Difference]]:
    """What arrives at a merge is what left the other membership, points less debt (invariant 20)."""
    return compare(
        """
        SELECT 'points-entry:' || o.id, o.debt - o.points, COALESCE(SUM(i.points - i.debt), 0),
               COUNT(i.id) = 1 AND o.debt - o.points = SUM(i.points - i.debt)
          FROM points_entry o LEFT JOIN points_entry i ON i.original_id = o.id AND i.kind = 'move'
         WHERE o.kind = 'move' AND o.original_id IS NULL
         GROUP BY o.id
        """
    )


def check_budgets() -> tuple[int, list[Difference]]:
    """What a version or a month has granted of its budget is what the earns say that they took (invariant 24)."""
    return compare(
        """
        WITH months AS MATERIALIZED (
          SELECT date_trunc('month', occurred_at AT TIME ZONE {zone})::date AS month, SUM(points - debt) AS points
            FROM points_entry WHERE kind = 'earn' AND rule -> 'limits' ? 'budget' GROUP BY 1
        ), versions AS MATERIALIZED (
          SELECT (kept.value ->> 'version')::bigint AS version_id,
                 SUM((entry.rule -> 'granted' ->> kept.key)::bigint) AS points
            FROM points_entry entry, jsonb_each(entry.rule -> 'rules') kept
           WHERE entry.kind = 'earn' AND kept.value -> 'limits' ? 'rule_budget'
           GROUP BY 1
        )
        SELECT 'points-budget:' || b.month, COALESCE(e.points, 0), b.granted, COALESCE(e.points, 0) = b.granted
          FROM points_budget b LEFT JOIN months e ON e.month = b.month
        UNION ALL
        SELECT 'points-rule-version:' || v.id, COALESCE(e.points, 0), v.granted, COALESCE(e.points, 0) = v.granted
          FROM points_ruleversion v LEFT JOIN versions e ON e.version_id = v.id
         WHERE v.budget IS NOT NULL
        """
    )


def check_batches() -> tuple[int, list[Difference]]:
    """What a batch says it moved, and gave or took back when it was undone, is what its entries moved (R-P15)."""
    return compare(
        """
        SELECT 'points-batch:' || b.id, (COALESCE(e.done, 0), COALESCE(e.undone, 0)), (b.done_points, b.undone_points),
               (COALESCE(e.done, 0), COALESCE(e.undone, 0)) = (b.done_points, b.undone_points)
          FROM points_batch b
          LEFT JOIN (
            SELECT source, SUM(ABS(computed)) FILTER (WHERE kind IN ('gift', 'clear')) AS done,
                   SUM(ABS(computed)) FILTER (WHERE kind IN ('restore', 'claw_back')) AS undone
              FROM points_entry WHERE source LIKE 'points-batch:%%' GROUP BY source
          ) e ON e.source = 'points-batch:' || b.id
        """
    )


PROOFS = (
    Proof("points.balances", _("Points balances"), check_balances),
    Proof("points.lots", _("Points lots"), check_lots),
    Proof("points.entries", _("Points entries and their lots"), check_entries),
    Proof("points.chain", _("Points balance after each entry"), check_chain),
    Proof("points.undone", _("Points given back and taken back"), check_undone),
    Proof("points.moves", _("Points moved between memberships"), check_moves),
    Proof("points.budgets", _("Points budgets"), check_budgets),
    Proof("points.batches", _("Points of batches"), check_batches),
)
