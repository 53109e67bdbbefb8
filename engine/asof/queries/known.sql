-- Quotes of the kinds $instants that were known at one decision at least. Numbers stand for names (engine/asof/sql.py).
-- decision: the first decision that knew the quote (macro decision_of, of the nanoseconds since the start of the event,
-- or since $instant_ns). order_key: the order of the quote within its series (engine/asof/order.py).
SELECT event_id, line, bet_id, bookmaker_id, decision, order_key, odds, known_at_basis, size_minor, suspect
FROM (
    SELECT q.event_id, q.line, q.odds, q.known_at_basis, q.size_minor, q.suspect,
           bet_id_of(q.market, q.selection, q.side) AS bet_id,
           bookmaker_id_of(q.bookmaker) AS bookmaker_id,
           order_key_of(epoch_ns(q.known_at), q.instant) AS order_key,
           decision_of(epoch_ns(q.known_at) - coalesce($instant_ns, epoch_ns(e.starts_at))) AS decision
    FROM quotes AS q
    JOIN events AS e USING (event_id)
    WHERE list_contains($instants::VARCHAR[], q.instant)
      AND NOT list_contains($excluded::VARCHAR[], q.bookmaker)
      AND ($bookmakers::VARCHAR[] IS NULL OR list_contains($bookmakers::VARCHAR[], q.bookmaker))
)
WHERE decision < $decisions
