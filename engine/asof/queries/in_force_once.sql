-- The quote in force of each series at a single decision.
SELECT event_id, line, bet_id, bookmaker_id, 0 AS decision, max(order_key) AS order_key,
       arg_max(odds, order_key) AS odds,
       arg_max({basis: known_at_basis, size_minor: size_minor, suspect: suspect}, order_key) AS details
FROM known
GROUP BY event_id, line, bet_id, bookmaker_id
