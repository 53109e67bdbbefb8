-- Every quote in force with all its columns, sorted by event, decision, market, line, selection, bookmaker, side.
SELECT event_id, decision, line, bet_id, bookmaker_id, order_key, odds, details.basis AS known_at_basis,
       details.size_minor AS size_minor, details.suspect AS suspect
FROM in_force
ORDER BY event_id, decision, market_id_of(bet_id), line NULLS FIRST, bet_id // 2, bookmaker_id, bet_id
