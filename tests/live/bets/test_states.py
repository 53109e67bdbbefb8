"""The table of transitions: against a second copy that is written out by hand, and against what is forbidden."""

from __future__ import annotations

from engine.live.bets.states import ENDED, MATCHED, RESERVED, TRANSITIONS, Actor, BetState, is_allowed

#: source: targets, by hand from the description of the states
BY_HAND = {
    None: "intended",
    "intended": "abandoned sent",
    "sent": "sent abandoned pending placed partial lapsed rejected unknown",
    "unknown": "sent pending placed partial lapsed rejected",
    "pending": "placed partial lapsed rejected",
    "partial": "partial placed lapsed settled void",
    "placed": "settled void",
    "lapsed": "placed partial settled void",
    "rejected": "placed partial",
    "abandoned": "placed partial",
    "settled": "settled void",
    "void": "settled void",
}


def test_the_table_is_the_one_written_by_hand() -> None:
    table: dict[str | None, set[str]] = {}
    for row in TRANSITIONS:
        table.setdefault(None if row.source is None else row.source.value, set()).add(row.target.value)
    assert table == {source: set(targets.split()) for source, targets in BY_HAND.items()}


def test_each_transition_stands_once_with_its_actors_and_needs() -> None:
    pairs = [(row.source, row.target) for row in TRANSITIONS]
    assert len(set(pairs)) == len(pairs) == 40
    assert all(row.actors and len(set(row.actors)) == len(row.actors) and row.needs for row in TRANSITIONS)


def test_nothing_comes_back_to_an_intent_and_what_ended_is_never_sent() -> None:
    assert not [state for state in BetState if is_allowed(state, BetState.INTENDED)]
    ended = (BetState.ABANDONED, BetState.REJECTED, BetState.LAPSED, BetState.SETTLED, BetState.VOID, BetState.PENDING)
    assert not [state for state in ended if is_allowed(state, BetState.SENT)]


def test_only_reconciliation_or_a_person_ends_an_unknown_bet() -> None:
    for row in TRANSITIONS:
        if row.source is BetState.UNKNOWN:
            assert set(row.actors) <= {Actor.RECONCILER, Actor.HUMAN}
    people = {(row.source, row.target) for row in TRANSITIONS if Actor.HUMAN in row.actors}
    open_states, ends = (BetState.UNKNOWN, BetState.PENDING), (BetState.PLACED, BetState.REJECTED)
    assert people == {(source, target) for source in open_states for target in ends}


def test_an_actor_makes_only_its_own_transitions() -> None:
    assert is_allowed(BetState.SENT, BetState.UNKNOWN, Actor.RECOVERY)
    assert not is_allowed(BetState.SENT, BetState.PLACED, Actor.RECOVERY)
    assert is_allowed(None, BetState.INTENDED, Actor.DECIDER)


def test_every_state_is_reached_and_has_one_kind_of_exposure() -> None:
    assert {row.target for row in TRANSITIONS} == set(BetState)
    assert set(BetState) == RESERVED | MATCHED | ENDED
    assert not RESERVED & MATCHED and not RESERVED & ENDED and not MATCHED & ENDED
