-- The quote in force of each series at each of several decisions. Of the quotes that a decision is the first to know,
-- the latest stays in force until the next decision with a new quote, so its row is repeated for the decisions between.
SELECT event_id, line, bet_id, bookmaker_id, unnest(range(first, until)) AS decision, order_key, odds, details
FROM (
    SELECT event_id, line, bet_id, bookmaker_id, decision AS first, max(order_key) AS order_key,
           arg_max(odds, order_key) AS odds,
           arg_max({basis: known_at_basis, size_minor: size_minor, suspect: suspect}, order_key) AS details,
           coalesce(
               lead(decision) OVER (PARTITION BY event_id, line, bet_id, bookmaker_id ORDER BY decision), $decisions
           ) AS until
    FROM known
    GROUP BY event_id, line, bet_id, bookmaker_id, decision
)
