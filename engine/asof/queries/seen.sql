-- The quotes of $instants that were known at one decision or another, with numbers for names (engine/asof/sql.py).
-- decision: the first one that saw the quote (macro decision_of, of the nanoseconds since the start of the event, or
-- since $instant_ns). place: the order of the quote within its series (engine/asof/order.py).
SELECT event_id, line, bet, book, decision, place, odds, known_at_basis, size_minor, suspect
FROM (
    SELECT q.event_id, q.line, q.odds, q.known_at_basis, q.size_minor, q.suspect,
           bet_of(q.market, q.selection, q.side) AS bet,
           book_of(q.bookmaker) AS book,
           place_of(epoch_ns(q.known_at), q.instant) AS place,
           decision_of(epoch_ns(q.known_at) - coalesce($instant_ns, epoch_ns(e.starts_at))) AS decision
    FROM quotes AS q
    JOIN events AS e USING (event_id)
    WHERE list_contains($instants::VARCHAR[], q.instant)
      AND NOT list_contains($aggregates::VARCHAR[], q.bookmaker)
      AND ($bookmakers::VARCHAR[] IS NULL OR list_contains($bookmakers::VARCHAR[], q.bookmaker))
)
WHERE decision < $decisions
