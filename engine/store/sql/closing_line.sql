-- The last price before (or at) the start of each selection at each bookmaker of $bookmakers (NULL: all, aggregates
-- too), among $instants: by default closing prices and snapshots, never prices in play.
SELECT q.event_id, q.market, q.line, q.selection, q.bookmaker, q.side, q.instant, q.known_at, q.odds
FROM quotes AS q
JOIN events AS e USING (event_id)
WHERE q.known_at <= e.starts_at
  AND list_contains($instants::VARCHAR[], q.instant)
  AND ($bookmakers::VARCHAR[] IS NULL OR list_contains($bookmakers::VARCHAR[], q.bookmaker))
QUALIFY row_number() OVER (
    PARTITION BY q.event_id, q.market, q.line, q.selection, q.bookmaker, q.side
    ORDER BY q.known_at DESC, CASE q.instant WHEN 'close' THEN 1 WHEN 'snapshot' THEN 2 ELSE 3 END
) = 1
ORDER BY q.event_id, q.market, q.line NULLS FIRST, q.selection, q.bookmaker, q.side
