-- The quote in force of each series at each decision: the last that each decision was the first to see, repeated for
-- the decisions from then until the next such quote.
SELECT event_id, line, bet, book, unnest(range(first, until)) AS decision, place, odds, rest
FROM (
    SELECT event_id, line, bet, book, decision AS first, max(place) AS place, arg_max(odds, place) AS odds,
           arg_max({basis: known_at_basis, size_minor: size_minor, suspect: suspect}, place) AS rest,
           coalesce(
               lead(decision) OVER (PARTITION BY event_id, line, bet, book ORDER BY decision), $decisions
           ) AS until
    FROM seen
    GROUP BY event_id, line, bet, book, decision
)
