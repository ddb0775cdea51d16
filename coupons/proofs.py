"""Proofs of coupons from their events alone, for ``manage.py reconcile``."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from jobs.registry import Difference, Proof

# Uses that were not given back, the end after the last event, and whether the coupon was withdrawn; each coupon has
# an event, or it stands out as one without.
SUMMED = """
    SELECT coupon_id,
           count(*) FILTER (WHERE kind = 'redeemed') - count(*) FILTER (WHERE kind = 'returned') AS open,
           bool_or(kind = 'voided') AS is_void,
           (array_agg(valid_until ORDER BY id DESC))[1] AS valid_until
    FROM coupons_event GROUP BY coupon_id
"""
STATES = f"""
    SELECT 'coupon:' || id, expected || ' until ' || coalesce(ends::text, ''), status || ' until ' || valid_until
    FROM (
        SELECT c.id, c.status, c.valid_until, e.valid_until AS ends,
               CASE WHEN e.coupon_id IS NULL THEN 'no event' WHEN e.is_void THEN 'void'
                    WHEN e.open >= coalesce((v.terms ->> 'uses')::int, 1) THEN 'redeemed' ELSE 'issued' END AS expected
        FROM coupons_coupon c
        JOIN coupons_templateversion v ON v.id = c.terms_version_id
        LEFT JOIN ({SUMMED}) e ON e.coupon_id = c.id
    ) compared
    WHERE status <> expected OR valid_until IS DISTINCT FROM ends
    ORDER BY id LIMIT 1000
"""  # noqa: S608 (two texts of this module)
USES = f"""
    SELECT 'coupon:' || c.id,
           coalesce((v.terms ->> 'uses')::int, 1) - e.open || ' uses left', c.uses_left || ' uses left'
    FROM coupons_coupon c
    JOIN coupons_templateversion v ON v.id = c.terms_version_id
    JOIN ({SUMMED}) e ON e.coupon_id = c.id
    WHERE c.uses_left <> coalesce((v.terms ->> 'uses')::int, 1) - e.open
    ORDER BY c.id LIMIT 1000
"""  # noqa: S608
DISCOUNTS = """
    SELECT 'coupon_event:' || r.id, (-u.amount)::text, r.amount::text
    FROM coupons_event r JOIN coupons_event u ON u.id = r.reverses_id
    WHERE r.kind <> 'returned' OR u.kind <> 'redeemed' OR r.amount <> -u.amount OR r.coupon_id <> u.coupon_id
    ORDER BY r.id LIMIT 1000
"""
# Only where a limit is set, because only there coupons are counted (``coupons.services.limits``).
COUNTS = """
    SELECT 'coupon_template:' || t.id, coalesce(c.issued, 0)::text, t.issued_count::text
    FROM coupons_template t
    LEFT JOIN (SELECT template_id, count(*) AS issued FROM coupons_coupon GROUP BY template_id) c
        ON c.template_id = t.id
    WHERE t.total_limit IS NOT NULL AND t.issued_count <> coalesce(c.issued, 0)
    ORDER BY t.id LIMIT 1000
"""
BATCHES = """
    SELECT 'coupon_batch:' || b.id, coalesce(c.issued, 0)::text, b.issued_count::text
    FROM coupons_batch b
    LEFT JOIN (SELECT batch_id, count(*) AS issued FROM coupons_coupon WHERE batch_id IS NOT NULL GROUP BY batch_id) c
        ON c.batch_id = b.id
    WHERE b.issued_count <> coalesce(c.issued, 0)
    ORDER BY b.id LIMIT 1000
"""
STANDING = """
    SELECT c.template_id, e.store_id, count(*) AS uses
    FROM coupons_event e JOIN coupons_coupon c ON c.id = e.coupon_id
    WHERE e.kind = 'redeemed' AND NOT EXISTS (SELECT FROM coupons_event r WHERE r.reverses_id = e.id)
    GROUP BY c.template_id, e.store_id
"""
# As with coupons given out, only where a limit is set.
LIMITS = f"""
    SELECT 'coupon_template:' || t.id, coalesce(sum(s.uses), 0)::text, t.redeemed_count::text
    FROM coupons_template t LEFT JOIN ({STANDING}) s ON s.template_id = t.id
    WHERE t.redeem_limit IS NOT NULL
    GROUP BY t.id HAVING t.redeemed_count <> coalesce(sum(s.uses), 0)
    UNION ALL
    SELECT 'coupon_template:' || l.template_id || ' store:' || l.store_id, coalesce(s.uses, 0)::text, l.used_count::text
    FROM coupons_storelimit l
    LEFT JOIN ({STANDING}) s ON s.template_id = l.template_id AND s.store_id = l.store_id
    WHERE l.used_count <> coalesce(s.uses, 0)
    LIMIT 1000
"""  # noqa: S608


def _prove(counted: str, statement: str) -> tuple[int, list[Difference]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {counted}")  # noqa: S608 (a table's name of this module)
        checked = int(cursor.fetchone()[0])
        cursor.execute(statement)
        return checked, [Difference(*row) for row in cursor.fetchall()]


PROOFS = (
    Proof("coupons.states", _("Coupon states follow from their events"), lambda: _prove("coupons_coupon", STATES)),
    Proof("coupons.uses", _("Uses left follow from the events of coupons"), lambda: _prove("coupons_coupon", USES)),
    Proof("coupons.discounts", _("Discounts given and taken back add up"), lambda: _prove("coupons_event", DISCOUNTS)),
    Proof("coupons.issued", _("Issued coupons are counted rightly"), lambda: _prove("coupons_template", COUNTS)),
    Proof("coupons.batches", _("Coupons of batches are counted rightly"), lambda: _prove("coupons_batch", BATCHES)),
    Proof("coupons.limits", _("Limited uses are counted rightly"), lambda: _prove("coupons_template", LIMITS)),
)
