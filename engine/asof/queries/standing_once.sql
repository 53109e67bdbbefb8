-- The quote in force of each series, where there is one decision.
SELECT event_id, line, bet, book, 0 AS decision, max(place) AS place, arg_max(odds, place) AS odds,
       arg_max({basis: known_at_basis, size_minor: size_minor, suspect: suspect}, place) AS rest
FROM seen
GROUP BY event_id, line, bet, book
