-- The best quote in force of each bet: the highest to back, the lowest to lay; ties go to the bookmaker first in the
-- alphabet. n_bookmakers: how many had one.
SELECT event_id, decision, line, bet, -best.book AS book, best.place AS place, abs(best.worth) AS odds, n_bookmakers
FROM (
    SELECT event_id, decision, line, bet, count(*) AS n_bookmakers,
           max({worth: if(bet % 2 = 1, -odds, odds), book: -book, place: place}) AS best
    FROM standing
    GROUP BY event_id, decision, line, bet
)
ORDER BY event_id, decision, market_of(bet), line NULLS FIRST, bet
