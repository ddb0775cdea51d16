"""Proofs of count passes from their entries alone, each one statement over the whole table (quality.md 1)."""

from django.utils.translation import gettext_lazy as _

from jobs.comparing import compare
from jobs.registry import Difference, Proof


def check_balances() -> tuple[int, list[Difference]]:
    """Uses and value left are the sums of the entries, and never more than was sold."""
    return compare(
        """
        SELECT 'pass:' || p.id,
               (COALESCE(e.uses, 0), COALESCE(e.value, 0)),
               (p.remaining, p.unused_value),
               (COALESCE(e.uses, 0), COALESCE(e.value, 0)) = (p.remaining, p.unused_value)
                 AND p.remaining <= p.paid_uses + p.gift_uses AND p.unused_value <= p.price
          FROM passes_pass p
          LEFT JOIN (SELECT held_id, SUM(uses) AS uses, SUM(value) AS value FROM passes_entry GROUP BY 1) e
            ON e.held_id = p.id
        """
    )


def check_chain() -> tuple[int, list[Difference]]:
    """Uses and value after each entry follow from those of the entry before."""
    return compare(
        """
        SELECT 'pass-entry:' || id, (remaining_before + uses, value_before + value), (remaining_after, value_after),
               (remaining_before + uses, value_before + value) = (remaining_after, value_after)
          FROM (
            SELECT id, uses, value, remaining_after, value_after,
                   LAG(remaining_after, 1, 0) OVER w AS remaining_before,
                   LAG(value_after, 1, 0::numeric) OVER w AS value_before
              FROM passes_entry WINDOW w AS (PARTITION BY held_id ORDER BY id)
          ) chain
        """
    )


def check_undone() -> tuple[int, list[Difference]]:
    """What was undone is exactly the opposite of what it undoes, on the same pass."""
    return compare(
        """
        SELECT 'pass-entry:' || e.id, (-o.uses, -o.value), (e.uses, e.value),
               (-o.uses, -o.value, o.held_id) = (e.uses, e.value, e.held_id)
                 AND (o.kind, e.kind) IN (('use', 'undo'), ('sale', 'void'), ('expire', 'extend'))
          FROM passes_entry e JOIN passes_entry o ON o.id = e.reverses_id
        """
    )


def check_refunds() -> tuple[int, list[Difference]]:
    """Every refund closed its pass once, and pays the better of law and promise."""
    return compare(
        """
        SELECT 'pass-refund:' || r.id, GREATEST(r.lawful, r.promised), r.amount,
               r.amount = GREATEST(r.lawful, r.promised) AND e.kind = 'refund' AND e.held_id = r.held_id
                 AND e.paid_out = r.amount
          FROM passes_refund r JOIN passes_entry e ON e.id = r.entry_id
        """
    )


PROOFS = (
    Proof("passes.balances", _("Count passes: uses and value left"), check_balances),
    Proof("passes.chain", _("Count passes: balance after each entry"), check_chain),
    Proof("passes.undone", _("Count passes: what was undone"), check_undone),
    Proof("passes.refunds", _("Count passes: refunds"), check_refunds),
)
