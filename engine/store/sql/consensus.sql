-- What the real bookmakers ($bookmakers, NULL: all; never $aggregates) agree on at $instant_ns: the mean price and
-- the mean implied probability of each selection, and the latter as a share of its book (multiplicative).
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
), mean AS (
    SELECT event_id, market, line, selection, side, avg(odds) AS odds_mean, avg(1.0 / odds) AS prob_implied,
           count(*) AS n_bookmakers
    FROM standing
    GROUP BY ALL
)
SELECT event_id, market, line, selection, side, odds_mean, prob_implied,
       prob_implied / sum(prob_implied) OVER (PARTITION BY event_id, market, line, side) AS prob_share, n_bookmakers
FROM mean
ORDER BY event_id, market, line NULLS FIRST, selection, side
