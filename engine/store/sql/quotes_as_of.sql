-- The latest quote of each (event, market, line, selection, bookmaker, side) knowable at $instant_ns.
-- Two quotes known at the same instant: the closing price stands before a snapshot, that before an opening price.
SELECT event_id, market, line, selection, bookmaker, side, instant, known_at, known_at_basis, odds, size_minor, suspect
FROM quotes
WHERE epoch_ns(known_at) <= $instant_ns
QUALIFY row_number() OVER (
    PARTITION BY event_id, market, line, selection, bookmaker, side
    ORDER BY known_at DESC, CASE instant WHEN 'in_play' THEN 0 WHEN 'close' THEN 1 WHEN 'snapshot' THEN 2 ELSE 3 END
) = 1
ORDER BY event_id, market, line NULLS FIRST, selection, bookmaker, side
