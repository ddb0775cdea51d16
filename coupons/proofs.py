"""Proofs of coupons from their events alone, for ``manage.py reconcile``."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from jobs.registry import Difference, Proof

STATES = """
    SELECT 'coupon:' || c.id,
           CASE e.kind WHEN 'redeemed' THEN 'redeemed' WHEN 'voided' THEN 'void' WHEN 'issued' THEN 'issued'
                       WHEN 'returned' THEN 'issued' ELSE 'no event' END
               || ' until ' || coalesce(e.valid_until::text, ''),
           c.status || ' until ' || c.valid_until
    FROM coupons_coupon c
    LEFT JOIN (SELECT DISTINCT ON (coupon_id) coupon_id, kind, valid_until FROM coupons_event
               ORDER BY coupon_id, id DESC) e ON e.coupon_id = c.id
    WHERE c.valid_until IS DISTINCT FROM e.valid_until
       OR c.status <> CASE e.kind WHEN 'redeemed' THEN 'redeemed' WHEN 'voided' THEN 'void' ELSE 'issued' END
    ORDER BY c.id LIMIT 1000
"""
USES = """
    SELECT 'coupon:' || coupon_id, discount || ' of ' || uses || ' uses open', given
    FROM (
        SELECT e.coupon_id,
               CASE WHEN c.status = 'redeemed' THEN 1 ELSE 0 END AS uses,
               CASE WHEN c.status = 'redeemed' THEN
                   (SELECT r.amount FROM coupons_event r WHERE r.coupon_id = c.id AND r.kind = 'redeemed'
                    ORDER BY r.id DESC LIMIT 1) ELSE 0.00 END AS discount,
               sum(e.amount)::text || ' of ' || (count(*) FILTER (WHERE e.kind = 'redeemed')
                   - count(*) FILTER (WHERE e.kind = 'returned')) || ' uses' AS given,
               sum(e.amount) AS total,
               count(*) FILTER (WHERE e.kind = 'redeemed') - count(*) FILTER (WHERE e.kind = 'returned') AS open
        FROM coupons_event e JOIN coupons_coupon c ON c.id = e.coupon_id
        GROUP BY e.coupon_id, c.id, c.status
    ) summed
    WHERE total <> discount OR open <> uses
    ORDER BY coupon_id LIMIT 1000
"""
COUNTS = """
    SELECT 'coupon_template:' || t.id, coalesce(c.issued, 0)::text, t.issued_count::text
    FROM coupons_template t
    LEFT JOIN (SELECT template_id, count(*) AS issued FROM coupons_coupon GROUP BY template_id) c
        ON c.template_id = t.id
    WHERE t.issued_count <> coalesce(c.issued, 0)
    ORDER BY t.id LIMIT 1000
"""


def _prove(counted: str, statement: str) -> tuple[int, list[Difference]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {counted}")  # noqa: S608 (a table's name of this module)
        checked = int(cursor.fetchone()[0])
        cursor.execute(statement)
        return checked, [Difference(*row) for row in cursor.fetchall()]


PROOFS = (
    Proof("coupons.states", _("Coupon states follow from their events"), lambda: _prove("coupons_coupon", STATES)),
    Proof("coupons.uses", _("Discounts given and taken back add up"), lambda: _prove("coupons_coupon", USES)),
    Proof("coupons.issued", _("Issued coupons are counted rightly"), lambda: _prove("coupons_template", COUNTS)),
)
