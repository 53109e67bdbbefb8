-- Every quote in force, in order of event, decision, market, line, selection, bookmaker, side.
SELECT event_id, decision, line, bet, book, place, odds, rest.basis AS known_at_basis, rest.size_minor AS size_minor,
       rest.suspect AS suspect
FROM standing
ORDER BY event_id, decision, market_of(bet), line NULLS FIRST, bet // 2, book, bet
