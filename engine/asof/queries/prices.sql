-- The odds of every quote in force, sorted by event, decision, market, line, selection, bookmaker, side.
SELECT event_id, decision, line, bet_id, bookmaker_id, order_key, odds
FROM in_force
ORDER BY event_id, decision, market_id_of(bet_id), line NULLS FIRST, bet_id // 2, bookmaker_id, bet_id
