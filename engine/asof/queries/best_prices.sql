-- The best quote in force of each bet: the highest odds to back, the lowest to lay. Of equal odds the alphabetically
-- first bookmaker wins. n_bookmakers: number of bookmakers with a quote.
SELECT event_id, decision, line, bet_id, -best.bookmaker_id AS bookmaker_id, best.order_key AS order_key,
       abs(best.worth) AS odds, n_bookmakers
FROM (
    SELECT event_id, decision, line, bet_id, count(*) AS n_bookmakers,
           max({worth: if(bet_id % 2 = 1, -odds, odds), bookmaker_id: -bookmaker_id, order_key: order_key}) AS best
    FROM in_force
    GROUP BY event_id, decision, line, bet_id
)
ORDER BY event_id, decision, market_id_of(bet_id), line NULLS FIRST, bet_id
