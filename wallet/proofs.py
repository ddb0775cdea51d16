"""Proofs of stored value from its entries alone, each one statement over the whole table (quality.md 1, 2)."""

from django.utils.translation import gettext_lazy as _

from jobs.comparing import compare
from jobs.registry import Difference, Proof


def check_balances() -> tuple[int, list[Difference]]:
    """Principal and bonus are the sums of the entries, and what the lots of either bucket hold."""
    return compare(
        """
        SELECT 'wallet:' || a.member_id,
               (COALESCE(e.principal, 0), COALESCE(e.bonus, 0), a.principal, a.bonus),
               (a.principal, a.bonus, COALESCE(l.principal, 0), COALESCE(l.bonus, 0)),
               (COALESCE(e.principal, 0), COALESCE(e.bonus, 0), a.principal, a.bonus)
                 = (a.principal, a.bonus, COALESCE(l.principal, 0), COALESCE(l.bonus, 0))
          FROM wallet_account a
          LEFT JOIN (SELECT account_id, SUM(principal) AS principal, SUM(bonus) AS bonus FROM wallet_entry GROUP BY 1) e
            ON e.account_id = a.member_id
          LEFT JOIN (
            SELECT account_id, SUM(remaining) FILTER (WHERE bucket = 'principal') AS principal,
                   SUM(remaining) FILTER (WHERE bucket = 'bonus') AS bonus
              FROM wallet_lot GROUP BY 1
          ) l ON l.account_id = a.member_id
        """
    )


def check_lots() -> tuple[int, list[Difference]]:
    """What is left of a lot is what was granted and all its uses; what expired is what the expiry entries took."""
    return compare(
        """
        SELECT 'wallet-lot:' || l.id,
               (l.granted + COALESCE(u.amount, 0), COALESCE(u.expired, 0)),
               (l.remaining, l.expired),
               (l.granted + COALESCE(u.amount, 0), COALESCE(u.expired, 0)) = (l.remaining, l.expired)
                 AND COALESCE(u.is_own, TRUE)
          FROM wallet_lot l
          LEFT JOIN (
            SELECT u.lot_id, SUM(u.amount) AS amount, -SUM(u.amount) FILTER (WHERE e.kind = 'bonus_expiry') AS expired,
                   BOOL_AND(e.account_id = o.account_id) AS is_own
              FROM wallet_lotuse u JOIN wallet_entry e ON e.id = u.entry_id JOIN wallet_lot o ON o.id = u.lot_id
             GROUP BY u.lot_id
          ) u ON u.lot_id = l.id
        """
    )


def check_entries() -> tuple[int, list[Difference]]:
    """Principal and bonus of every entry are the lots that it made and the lots that it used."""
    return compare(
        """
        SELECT 'wallet-entry:' || e.id, (COALESCE(m.principal, 0), COALESCE(m.bonus, 0)), (e.principal, e.bonus),
               (COALESCE(m.principal, 0), COALESCE(m.bonus, 0)) = (e.principal, e.bonus)
          FROM wallet_entry e
          LEFT JOIN (
            SELECT entry_id, SUM(amount) FILTER (WHERE bucket = 'principal') AS principal,
                   SUM(amount) FILTER (WHERE bucket = 'bonus') AS bonus
              FROM (
                SELECT entry_id, bucket, granted AS amount FROM wallet_lot
                UNION ALL
                SELECT u.entry_id, l.bucket, u.amount FROM wallet_lotuse u JOIN wallet_lot l ON l.id = u.lot_id
              ) moved
             GROUP BY entry_id
          ) m ON m.entry_id = e.id
        """
    )


def check_chain() -> tuple[int, list[Difference]]:
    """Every entry's principal and bonus after it follow from those of the entry before."""
    return compare(
        """
        SELECT 'wallet-entry:' || id, (principal_before + principal, bonus_before + bonus),
               (principal_after, bonus_after),
               (principal_before + principal, bonus_before + bonus) = (principal_after, bonus_after)
          FROM (
            SELECT id, principal, bonus, principal_after, bonus_after,
                   LAG(principal_after, 1, 0::numeric) OVER w AS principal_before,
                   LAG(bonus_after, 1, 0::numeric) OVER w AS bonus_before
              FROM wallet_entry WINDOW w AS (PARTITION BY account_id ORDER BY id)
          ) chain
        """
    )


def check_recharges() -> tuple[int, list[Difference]]:
    """Every recharge was posted once, with its own amounts; its lots hold at most what it gave or was corrected to.

    So was every gift of bonus, by an entry of its own kind.
    """
    return compare(
        """
        SELECT 'recharge:' || r.id, (r.principal, r.bonus, 1, r.is_gift), (e.principal, e.bonus, e.times, e.is_gift),
               (r.principal, r.bonus, 1, r.is_gift) = (e.principal, e.bonus, e.times, e.is_gift)
                 AND COALESCE(l.principal, 0) <= r.principal + COALESCE(c.principal, 0)
                 AND COALESCE(l.bonus, 0) <= r.bonus + COALESCE(c.bonus, 0)
          FROM wallet_recharge r
          LEFT JOIN (
            SELECT recharge_id, SUM(principal) AS principal, SUM(bonus) AS bonus, COUNT(*) AS times,
                   BOOL_AND(kind = 'gift') AS is_gift
              FROM wallet_entry WHERE kind IN ('recharge', 'gift') GROUP BY 1
          ) e ON e.recharge_id = r.id
          LEFT JOIN (
            SELECT recharge_id, SUM(remaining) FILTER (WHERE bucket = 'principal') AS principal,
                   SUM(remaining) FILTER (WHERE bucket = 'bonus') AS bonus
              FROM wallet_lot GROUP BY 1
          ) l ON l.recharge_id = r.id
          LEFT JOIN (
            SELECT recharge_id, SUM(principal) AS principal, SUM(bonus) AS bonus
              FROM wallet_entry WHERE kind = 'correction' GROUP BY 1
          ) c ON c.recharge_id = r.id
        """
    )


def check_refunds() -> tuple[int, list[Difference]]:
    """No payment is given back for more than it was, in either bucket, and what closes it leaves nothing."""
    return compare(
        """
        SELECT 'wallet-entry:' || o.id, (-o.principal, -o.bonus), (SUM(e.principal), SUM(e.bonus)),
               CASE WHEN COUNT(e.reverses_id) > 0
                    THEN (SUM(e.principal), SUM(e.bonus)) = (-o.principal, -o.bonus)
                    ELSE SUM(e.principal) <= -o.principal AND SUM(e.bonus) <= -o.bonus END
               AND BOOL_AND(e.account_id = o.account_id)
          FROM wallet_entry e JOIN wallet_entry o ON o.id = e.original_id
         GROUP BY o.id
        """
    )


def check_transfers() -> tuple[int, list[Difference]]:
    """A transfer takes from one what it gives to the other, lot by lot of the same recharge, bucket and end."""
    return compare(
        """
        SELECT 'transfer:' || t.id, (t.principal, t.bonus, -t.principal, -t.bonus),
               (i.principal, i.bonus, o.principal, o.bonus),
               (t.principal, t.bonus, -t.principal, -t.bonus) = (i.principal, i.bonus, o.principal, o.bonus)
                 AND (i.account_id, o.account_id) = (t.taker_id, t.giver_id) AND COALESCE(l.is_same, FALSE)
          FROM wallet_transfer t
          LEFT JOIN wallet_entry i ON i.idempotency_key = t.idempotency_key || ':in'
          LEFT JOIN wallet_entry o ON o.idempotency_key = t.idempotency_key || ':out'
          LEFT JOIN LATERAL (
            SELECT BOOL_AND(u.amount = -n.granted AND from_lot.recharge_id = n.recharge_id
                            AND from_lot.bucket = n.bucket AND from_lot.account_id = t.giver_id
                            AND from_lot.expires_at IS NOT DISTINCT FROM n.expires_at) AS is_same
              FROM wallet_lot n JOIN wallet_lot from_lot ON from_lot.id = n.origin_id
              LEFT JOIN wallet_lotuse u ON u.entry_id = o.id AND u.lot_id = from_lot.id
             WHERE n.entry_id = i.id
          ) l ON TRUE
        """
    )


def check_cash_outs() -> tuple[int, list[Difference]]:
    """A refund in money closed what its entry closed, its lines add up to it, and it pays what they say (invariant 13).

    Every payout in the ledger has its paper. Interest of a paid refund is that of the day of payment, so its lines,
    which keep the day of posting, may say less.
    """
    return compare(
        """
        SELECT COALESCE('cash_out:' || c.id, e.source),
               (c.member_id, -c.closed_principal, -c.closed_bonus, c.closed_principal, c.closed_bonus,
                c.legal, c.promised, GREATEST(c.legal, c.promised) + c.interest),
               (e.account_id, e.principal, e.bonus, l.principal, l.bonus, l.legal, l.promised, c.paid),
               (c.member_id, -c.closed_principal, -c.closed_bonus, c.closed_principal, c.closed_bonus,
                c.legal, c.promised, GREATEST(c.legal, c.promised) + c.interest, GREATEST(c.legal, c.promised))
                 IS NOT DISTINCT FROM
               (e.account_id, e.principal, e.bonus, l.principal, l.bonus, l.legal, l.promised, c.paid, e.paid_out)
                 AND (l.interest = c.interest OR c.status = 'paid')
          FROM (SELECT * FROM wallet_cashout WHERE status IN ('due', 'paid')) c
          LEFT JOIN (
            SELECT cash_out_id, SUM(left_principal) AS principal, SUM(left_bonus) AS bonus, SUM(legal) AS legal,
                   SUM(promised) AS promised, SUM(interest) AS interest
              FROM wallet_cashoutline GROUP BY 1
          ) l ON l.cash_out_id = c.id
          FULL JOIN (SELECT * FROM wallet_entry WHERE kind = 'cash_out') e ON e.source = 'cash_out:' || c.id
        """
    )


PROOFS = (
    Proof("wallet.balances", _("Stored-value balances"), check_balances),
    Proof("wallet.lots", _("Stored-value lots"), check_lots),
    Proof("wallet.entries", _("Stored-value entries and their lots"), check_entries),
    Proof("wallet.chain", _("Stored-value balance after each entry"), check_chain),
    Proof("wallet.recharges", _("Recharges"), check_recharges),
    Proof("wallet.refunds", _("Refunds to stored value"), check_refunds),
    Proof("wallet.cash_outs", _("Refunds of stored value in money"), check_cash_outs),
    Proof("wallet.transfers", _("Transfers of stored value"), check_transfers),
)
