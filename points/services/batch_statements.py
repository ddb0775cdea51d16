"""The statements of a batch: each does all members of a chunk, whose rows the caller has locked (R-P15).

Each is a statement of its own after the locks, so that it sees what the holders before us have committed. A debt is
repaid before points become a lot. An account is opened or changed, never both: its owner is locked. All select how many
members and points they moved.
"""

_ENTRY = """
  INSERT INTO points_entry (account_id, kind, points, debt, balance_after, debt_after, computed, limited_by,
                            original_id, reverses_id, actor_id, source, idempotency_key, memo, occurred_at, recorded_at)
"""

GIVE = f"""
WITH who AS (
  SELECT m.id, a.member_id IS NULL AS is_new, COALESCE(a.balance, 0) AS balance, COALESCE(a.debt, 0) AS debt,
         LEAST(%(each)s::bigint, COALESCE(a.debt, 0)) AS repaid
    FROM unnest(%(members)s::bigint[]) AS m (id) LEFT JOIN points_account a ON a.member_id = m.id
), entry AS ({_ENTRY}
  SELECT id, 'gift', %(each)s::bigint - repaid, -repaid, balance + %(each)s::bigint - repaid, debt - repaid,
         %(each)s::bigint, '', NULL::bigint, NULL::bigint, %(actor)s::bigint, %(source)s,
         %(source)s || ':member:' || id,
         %(memo)s, %(at)s, clock_timestamp()
    FROM who ORDER BY id
  RETURNING id, account_id, points
), opened AS (
  INSERT INTO points_account (member_id, balance, debt) SELECT id, %(each)s, 0 FROM who WHERE is_new
), raised AS (
  UPDATE points_account a SET balance = a.balance + %(each)s::bigint - w.repaid, debt = a.debt - w.repaid
    FROM who w WHERE a.member_id = w.id AND NOT w.is_new
), made AS (
  INSERT INTO points_lot (account_id, entry_id, granted, remaining, expired, available_from, expires_at, source)
  SELECT account_id, id, points, points, 0, %(at)s, %(expires)s::timestamptz, %(source)s FROM entry WHERE points > 0
)
SELECT COUNT(*), (COUNT(*) * %(each)s)::bigint FROM who
"""  # noqa: S608 (constants only)

# Several lots of one account are entered in the order of their end; ``running`` gives each entry its balance after.
CLEAR = f"""
WITH due AS (
  SELECT id, account_id, remaining,
         SUM(remaining) OVER (PARTITION BY account_id ORDER BY expires_at NULLS LAST, id)::bigint AS running
    FROM points_lot WHERE id = ANY(%(lots)s::bigint[]) AND remaining > 0
), entry AS ({_ENTRY}
  SELECT d.account_id, 'clear', -d.remaining, 0, a.balance - d.running, a.debt, -d.remaining, '', NULL::bigint,
         NULL::bigint, %(actor)s::bigint, %(source)s, %(source)s || ':' || d.id, %(memo)s, %(at)s, clock_timestamp()
    FROM due d JOIN points_account a ON a.member_id = d.account_id
   ORDER BY d.account_id, d.running
  RETURNING id, idempotency_key
), used AS (
  INSERT INTO points_lotuse (entry_id, lot_id, points)
  SELECT entry.id, d.id, -d.remaining FROM entry JOIN due d ON entry.idempotency_key = %(source)s || ':' || d.id
), emptied AS (
  UPDATE points_lot l SET remaining = 0 FROM due d WHERE l.id = d.id
), lowered AS (
  UPDATE points_account a SET balance = a.balance - t.points
    FROM (SELECT account_id, SUM(remaining)::bigint AS points FROM due GROUP BY account_id) t
   WHERE a.member_id = t.account_id
)
SELECT COUNT(DISTINCT account_id), COALESCE(SUM(remaining), 0)::bigint FROM due
"""  # noqa: S608 (constants only)

# What a return has counted as given back because it was cleared does not come back (``allowed``): the points that end
# first stay away. The debt is repaid out of what ends first, which is worth least to the member.
RESTORE = f"""
WITH cleared AS (
  SELECT e.id AS cleared_id, e.account_id, -e.points AS points, l.id AS lot_id, COALESCE(l.origin_id, l.id) AS root_id,
         l.available_from, l.expires_at, l.is_released, root.entry_id AS given_id,
         SUM(-e.points) OVER (PARTITION BY root.entry_id ORDER BY l.expires_at DESC NULLS FIRST, l.id DESC)::bigint
           AS running
    FROM points_entry e
    JOIN points_lotuse u ON u.entry_id = e.id
    JOIN points_lot l ON l.id = u.lot_id
    JOIN points_lot root ON root.id = COALESCE(l.origin_id, l.id)
   WHERE e.source = %(source)s AND e.source LIKE 'points-batch:%%' AND e.kind = 'clear'
     AND e.account_id = ANY(%(members)s::bigint[]) AND (l.expires_at IS NULL OR l.expires_at > %(at)s)
), forfeited AS (
  SELECT c.original_id AS given_id, SUM((c.rule ->> 'cleared')::bigint) AS points
    FROM points_entry c
   WHERE c.original_id IN (SELECT given_id FROM cleared) AND c.rule ? 'cleared'
   GROUP BY 1
), allowed AS (
  SELECT f.given_id, GREATEST(
           SUM(-u.points) - COALESCE(SUM((SELECT SUM(r.computed) FROM points_entry r
                                           WHERE r.original_id = u.entry_id AND r.kind = 'restore')), 0) - f.points,
           0)::bigint AS points
    FROM forfeited f
    JOIN points_lot root ON root.entry_id = f.given_id
    JOIN points_lot l ON l.id = root.id OR l.origin_id = root.id
    JOIN points_lotuse u ON u.lot_id = l.id
    JOIN points_entry e ON e.id = u.entry_id AND e.kind = 'clear'
   GROUP BY f.given_id, f.points
), kept AS (
  SELECT c.*, CASE WHEN a.given_id IS NULL THEN c.points
                   ELSE LEAST(c.running, a.points) - LEAST(c.running - c.points, a.points) END AS kept
    FROM cleared c LEFT JOIN allowed a USING (given_id)
), back AS (
  SELECT k.cleared_id, k.account_id, k.kept AS points, k.kept = k.points AS is_whole, k.lot_id, k.root_id,
         k.available_from, k.expires_at, k.is_released, a.balance, a.debt,
         SUM(k.kept) OVER (PARTITION BY k.account_id ORDER BY k.expires_at NULLS LAST, k.lot_id)::bigint AS running
    FROM kept k JOIN points_account a ON a.member_id = k.account_id
   WHERE k.kept > 0
), split AS (
  SELECT *, LEAST(running, debt) - LEAST(running - points, debt) AS repaid FROM back
), entry AS ({_ENTRY}
  SELECT account_id, 'restore', points - repaid, -repaid, balance + running - LEAST(running, debt),
         debt - LEAST(running, debt), points, '', cleared_id, CASE WHEN is_whole THEN cleared_id END, %(actor)s::bigint,
         %(source)s, %(source)s || ':restore:' || lot_id, %(memo)s, %(at)s, clock_timestamp()
    FROM split ORDER BY account_id, running
  RETURNING id, idempotency_key, points
), made AS (
  INSERT INTO points_lot (account_id, entry_id, granted, remaining, expired, available_from, expires_at, is_released,
                          source, origin_id)
  SELECT s.account_id, entry.id, entry.points, entry.points, 0, s.available_from, s.expires_at, s.is_released,
         %(source)s, s.root_id
    FROM entry JOIN split s ON entry.idempotency_key = %(source)s || ':restore:' || s.lot_id
   WHERE entry.points > 0
), raised AS (
  UPDATE points_account a SET balance = a.balance + t.points - t.repaid, debt = a.debt - t.repaid
    FROM (SELECT account_id, SUM(points)::bigint AS points, SUM(repaid)::bigint AS repaid FROM split GROUP BY 1) t
   WHERE a.member_id = t.account_id
)
SELECT COUNT(DISTINCT account_id), COALESCE(SUM(points), 0)::bigint FROM split
"""  # noqa: S608 (constants only)

# What is left of a gift may lie in lots that took the place of its own, after a clearing that was undone.
TAKE_BACK = f"""
WITH left_over AS (
  SELECT e.id AS gift_id, e.account_id, l.id AS lot_id, l.remaining
    FROM points_entry e
    JOIN points_lot root ON root.entry_id = e.id
    JOIN points_lot l ON (l.id = root.id OR l.origin_id = root.id) AND l.account_id = e.account_id
   WHERE e.source = %(source)s AND e.source LIKE 'points-batch:%%' AND e.kind = 'gift'
     AND e.account_id = ANY(%(members)s::bigint[])
     AND l.remaining > 0 AND (l.expires_at IS NULL OR l.expires_at > %(at)s)
), whole AS (
  SELECT gift_id, account_id, SUM(remaining)::bigint AS points FROM left_over GROUP BY gift_id, account_id
), entry AS ({_ENTRY}
  SELECT w.account_id, 'claw_back', -w.points, 0, a.balance - w.points, a.debt, -w.points, '', w.gift_id,
         NULL::bigint, %(actor)s::bigint, %(source)s, %(source)s || ':undo:' || w.account_id, %(memo)s, %(at)s,
         clock_timestamp()
    FROM whole w JOIN points_account a ON a.member_id = w.account_id ORDER BY w.account_id
  RETURNING id, account_id
), used AS (
  INSERT INTO points_lotuse (entry_id, lot_id, points)
  SELECT entry.id, o.lot_id, -o.remaining FROM entry JOIN left_over o USING (account_id)
), emptied AS (
  UPDATE points_lot l SET remaining = 0 FROM left_over o WHERE l.id = o.lot_id
), lowered AS (
  UPDATE points_account a SET balance = a.balance - w.points FROM whole w WHERE a.member_id = w.account_id
)
SELECT COUNT(*), COALESCE(SUM(points), 0)::bigint FROM whole
"""  # noqa: S608 (constants only)
