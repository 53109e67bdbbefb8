-- The best price a selection could be had at, at $instant_ns, over $bookmakers (NULL: all real ones) and never over
-- the aggregates a source publishes ($aggregates). Best is the highest to back, the lowest to lay; ties go to the
-- bookmaker first in the alphabet.
WITH standing AS (
    SELECT event_id, market, line, selection, bookmaker, side, known_at, odds
    FROM quotes
    WHERE epoch_ns(known_at) <= $instant_ns
      AND NOT list_contains($aggregates::VARCHAR[], bookmaker)
      AND ($bookmakers::VARCHAR[] IS NULL OR list_contains($bookmakers::VARCHAR[], bookmaker))
    QUALIFY row_number() OVER (
        PARTITION BY event_id, market, line, selection, bookmaker, side
        ORDER BY known_at DESC, CASE instant WHEN 'in_play' THEN 0 WHEN 'close' THEN 1 WHEN 'snapshot' THEN 2 ELSE 3 END
    ) = 1
)
SELECT event_id, market, line, selection, side, odds, bookmaker, known_at,
       count(*) OVER (PARTITION BY event_id, market, line, selection, side) AS n_bookmakers
FROM standing
QUALIFY row_number() OVER (
    PARTITION BY event_id, market, line, selection, side
    ORDER BY CASE side WHEN 'lay' THEN odds ELSE -odds END, bookmaker
) = 1
ORDER BY event_id, market, line NULLS FIRST, selection, side
