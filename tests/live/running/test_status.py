"""The status is a fold over entries, and every line of it says what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS
from engine.live.alerts.sender import AlertCounts
from engine.live.feed import Quota
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.running.fold import StatusFold
from engine.live.running.pulse import pulse_of, pulse_text, with_pulse
from engine.live.running.status import BandLine, BreakerLine, Latency, Status
from research.report.status import age, lines, rendered, sparkline
from tests.live.ledger.entries import recorded

KEY, OTHER = "a" * 32, "b" * 32
ORDER = {"event_id": 7, "market": "1x2", "selection": "home", "bookmaker": "b365", "side": "back", "odds": 2.1}


def fold(entries: list[Entry]) -> StatusFold:
    """A fold over entries as a ledger would record them, one second of the machine apart."""
    folded = StatusFold()
    for number, entry in enumerate(entries, 1):
        folded.apply(recorded(entry, number, epoch=3, wall_ns=number * SECOND_NS))
    return folded


def entry(kind: Kind, at_ns: int, intent: str = "", money: Money | None = None, **body: Any) -> Entry:
    return Entry(kind, f"{kind}:{intent}:{at_ns}", at_ns, intent, None, "", money or Money(), body)


DAY = [
    entry(Kind.OPENED, 0, promotion="d1", name="mine", currency="EUR", mode="paper"),
    entry(Kind.CAPITAL, 0, money=Money(cash=10_000, capital=-10_000)),
    entry(Kind.STARTED, 0, feed="replay"),
    entry(Kind.INTENDED, 10, KEY, Money(cash=-500, reserved=500), **ORDER),
    entry(Kind.SENT, 10, KEY),
    entry(Kind.PLACED, 10, KEY, Money(reserved=-500, stakes=500)),
    entry(Kind.INTENDED, 20, OTHER, Money(cash=-300, reserved=300), **ORDER),
    entry(Kind.SENT, 20, OTHER),
    entry(Kind.UNKNOWN, 20, OTHER),
    entry(Kind.DECIDED, 20, decisions=[ORDER | {"reason": "placed", "stake_minor": 500}, ORDER | {"reason": "edge"}]),
    entry(Kind.ROLLED, 30),
    entry(Kind.TRIPPED, 40, breaker="drawdown", cause="20 % lost", measured=0.21, limit=0.2, human=True),
    entry(Kind.SETTLED, 50 + HOUR_NS, KEY, Money(stakes=-500, cash=1040, pnl=-550, tax=10)),
]


def test_money_bets_and_decisions() -> None:
    status = fold(DAY).status("mine")
    assert (status.bankroll_minor, status.cash_minor, status.reserved_minor, status.open_minor) == (
        10_000,
        10_240,
        300,
        0,
    )
    assert status.equity_minor == 10_540 and status.pnl_minor == 550 and status.tax_minor == 10
    assert (status.unknown_minor, status.unknown_age_ns) == (300, 30 + HOUR_NS)
    assert status.bets == {"settled": 1, "unknown": 1}
    assert [(bet.key, bet.state, bet.reserved_minor) for bet in status.open_bets] == [(OTHER, "unknown", 300)]
    assert status.reasons == {"placed": 1, "edge": 1}
    assert status.equity_days_minor == (10_000, 10_540)
    assert (status.currency, status.mode, status.feed, status.epoch) == ("EUR", "paper", "replay", 3)


def test_a_bet_that_is_open_shows_its_stake_and_a_corrected_one_comes_back() -> None:
    assert [bet.stake_minor for bet in fold(DAY[:6]).status("mine").open_bets] == [500]
    corrected = [
        *DAY,
        entry(Kind.REVERSED, 60, KEY, Money(stakes=500, cash=-1040, pnl=550, tax=-10)),
        entry(Kind.VOID, 60, KEY, Money(stakes=-500, cash=500)),
    ]
    status = fold(corrected).status("mine")
    assert status.bets == {"unknown": 1, "void": 1} and status.equity_minor == 10_000


def test_a_bet_that_is_there_after_all_is_shown_as_it_was_intended() -> None:
    rejected = [*DAY[:5], entry(Kind.REJECTED, 15, KEY, Money(cash=500, reserved=-500), reason="absent")]
    assert fold(rejected).status("mine").open_bets == () and fold(rejected).status("mine").bets == {"rejected": 1}
    after_all = [*rejected, entry(Kind.PLACED, 16, KEY, Money(cash=-500, stakes=500), odds=2.1, matched_minor=500)]
    (line,) = fold(after_all).status("mine").open_bets
    assert (line.state, line.stake_minor, line.since_ns) == ("placed", 500, 10)
    assert (line.event_id, line.market, line.selection, line.side) == (7, "1x2", "home", "back")


def test_an_adopted_bet_is_named_and_open_while_something_is_at_risk() -> None:
    taken = [*DAY, entry(Kind.EXTERNAL, 60, "cd" * 16, venue_bet_id="v9", event_id=7, at_risk_minor=400)]
    status = fold(taken).status("mine")
    assert status.bets["adopted"] == 1 and [bet.state for bet in status.open_bets] == ["unknown", "adopted"]
    over = fold([*taken, entry(Kind.EXTERNAL, 70, "cd" * 16, venue_bet_id="v9", event_id=7, at_risk_minor=0)])
    assert [bet.state for bet in over.status("mine").open_bets] == ["unknown"]


def test_of_bets_that_are_long_over_only_the_state_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.live.running.fold.KEPT", 2)
    keys = [f"{n:032x}" for n in range(1, 6)]
    told = DAY[:3]
    for key in keys:
        told = [
            *told,
            entry(Kind.INTENDED, 10, key, Money(cash=-500, reserved=500), **ORDER),
            entry(Kind.PLACED, 10, key, Money(reserved=-500, stakes=500)),
            entry(Kind.SETTLED, 11, key, Money(stakes=-500, cash=1050, pnl=-550)),
        ]
    folded = fold(told)
    assert list(folded._over) == keys[-2:] and not folded._bets
    assert folded.status("mine").bets == {"settled": 5}
    back = [
        entry(Kind.REVERSED, 60, keys[0], Money(stakes=500, cash=-1050, pnl=550)),
        entry(Kind.VOID, 60, keys[0], Money(stakes=-500, cash=500)),
    ]
    status = fold([*told, *back]).status("mine")
    assert status.bets == {"settled": 4, "void": 1} and status.open_bets == ()
    assert status.equity_minor == 10_000 + 4 * 550


def test_a_bet_of_which_nothing_was_matched_is_over() -> None:
    lapsed = [*DAY[:5], entry(Kind.LAPSED, 15, KEY, Money(cash=500, reserved=-500), matched_minor=0)]
    assert fold(lapsed).status("mine").open_bets == () and fold(lapsed).status("mine").bets == {"lapsed": 1}


def test_trips_and_the_kill_switch_end_by_their_entries() -> None:
    status = fold(DAY).status("mine")
    assert status.breakers == (BreakerLine("drawdown", True, 0.21, 0.2, None, True, "20 % lost"),)
    ended = [*DAY, entry(Kind.RESUMED, 70, breaker="drawdown"), entry(Kind.KILLED, 80)]
    assert fold(ended).status("mine").breakers == () and fold(ended).status("mine").killed
    assert not fold([*ended, entry(Kind.RESUMED, 90, breaker="kill")]).status("mine").killed


def test_runner_and_latency() -> None:
    assert fold(DAY).status("mine").runner == "running"
    latency = {"n": 2, "p50_ms": 1.5, "p99_ms": 3.0, "fsync_frac": 0.5}
    status = fold([*DAY, entry(Kind.STOPPED, 70, latency=latency)]).status("mine")
    assert (status.runner, status.since_ns, status.latency) == ("stopped", 14 * SECOND_NS, Latency(2, 1.5, 3.0, 0.5))
    assert fold(DAY).status("mine", runner="dead").runner == "dead"


def test_alerts_are_those_of_the_last_run_that_ended() -> None:
    ended = [*DAY, entry(Kind.STOPPED, 70, alerts={"sent": 5, "failed": 1, "dropped": 2, "repeated": 3})]
    status = fold(ended).status("mine")
    assert status.alerts == AlertCounts(5, 1, 2, 3) and fold(DAY).status("mine").alerts is None
    assert "Alerts:     5 sent, 1 failed, 2 left out, 3 repeated ones kept back" in lines(status, 0)
    assert "Alerts:     no channel, or no run has ended yet" in lines(fold(DAY).status("mine"), 0)
    assert fold([*ended, entry(Kind.STOPPED, 80)]).status("mine").alerts is None


def test_what_the_feed_passed_over_is_that_of_the_last_run_that_ended() -> None:
    ended = [*DAY, entry(Kind.STOPPED, 70, passed_over={"a change without its market": 1_200, "odd\x1b[2J": 1})]
    status = fold(ended).status("mine")
    assert "Passed over: 1,200 × a change without its market, 1 × odd\ufffd[2J" in lines(status, 0)
    assert not any(line.startswith("Passed") for line in lines(fold([*ended, entry(Kind.STOPPED, 80)]).status("m"), 0))


def test_credits_of_the_feed_are_those_of_a_living_runner() -> None:
    status = fold(DAY).status("mine")
    assert not [line for line in lines(status, 0) if line.startswith("Credits")]
    living = replace(status, quota=Quota(19_400, 600, 592, 8))
    pulse = pulse_of(pulse_text(living, 5, 4))
    assert pulse.quota == living.quota and with_pulse(status, pulse).quota == living.quota
    assert "Credits:    8 spent by this run, 592 of 600 left for today, 19,400 left at the service" in lines(living, 0)
    assert "Credits:    8 spent by this run" in lines(replace(status, quota=Quota(spent=8)), 0)
    assert with_pulse(replace(status, runner="stopped"), pulse).quota is None


def test_a_runner_that_only_settles_says_so() -> None:
    assert not fold(DAY).status("mine").winds_down
    status = fold([*DAY, entry(Kind.STARTED, 80, feed="store", wind_down=True)]).status("mine")
    assert status.winds_down and "it only settles what is open" in lines(status, 0)[0]


def test_a_band_of_fills_ends_at_one_where_it_is_shown() -> None:
    bands = (BandLine("fill_rate", 0.98, 0.9, 1.04, "inside"), BandLine("bets_a_day", 1.2, 0.9, 1.04, "outside"))
    shown = [line for line in lines(Status(bands=bands), 0) if line.startswith("Band")]
    assert "fill rate 0.9800, band 0.9000 to 1.00: inside" in shown[0] and "0.9000 to 1.04: outside" in shown[1]


def test_the_lines() -> None:
    more = {"bands": (BandLine("yield", 0.02, -0.04, 0.09, "inside"),), "acknowledged": ("verdict: a demo",)}
    text = "\n".join(lines(fold(DAY).status("mine", **more), DAY_NS))
    for words in (
        "mine (paper) runs since 1970-01-01 00:00 UTC (23 h).",
        "105.40 EUR of 100.00 deposited; P&L +5.50",
        "free 102.40, reserved 3.00, open 0.00",
        "Unknown:    3.00, the oldest for 1 h",
        "1 settled, 1 unknown",
        "1 placed, 1 edge below the minimum",
        "yield 0.0200, band −0.0400 to 0.0900: inside",
        "drawdown TRIPPED: 20 % lost; a person must resume it",
        "no intent yet",
        "Acknowledged: verdict: a demo",
    ):
        assert words in text, words


def test_the_other_words_of_a_line() -> None:
    killed = Status(name="a", runner="dead", since_ns=SECOND_NS, killed=True, latency=Latency(3, 1.0, 2.0, 0.25))
    text = "\n".join(lines(killed, 91 * SECOND_NS))
    assert "ended without a word since 1970-01-01 00:00 UTC (1 min); the kill switch is set" in text
    assert "p50 1.00 ms, p99 2.00 ms (3 intents), 25% on disk" in text
    falls = Status(bands=(BandLine("drawdown", 0.01, None, 0.1, "inside"),))
    assert "Band:       drawdown 0.0100, band up to 0.1000: inside" in lines(falls, 0)
    assert "Breaker:    none tripped" in text and "Unknown:    0.00" in text
    quiet = Status(breakers=(BreakerLine("clock", False, 0.1, 2.0), BreakerLine("stale", False)))
    assert [line.removeprefix("Breaker:    ") for line in lines(quiet, 0) if line.startswith("Breaker")] == [
        "clock 0.1000 of 2.00",
        "stale closed",
    ]


def test_how_far_a_breaker_is_from_tripping() -> None:
    rows = (
        BreakerLine("drawdown", False, 0.07, state="off"),
        BreakerLine("service/venue/paper", False, 1.0, 5.0, state="closed"),
        BreakerLine("model", False, 1.0, 0.9, state="watched", measure="fill_rate"),
        BreakerLine("clv", False, 0.02, -0.01, state="closed", measure="clv"),
        BreakerLine("clv", False, state="watched"),
        BreakerLine("streak", True, 5.0, 5.0, cause="5 losses in a row"),
        BreakerLine("alerts/phone", True, 5.0, cause="does not take alerts"),
    )
    assert [line.removeprefix("Breaker:    ") for line in lines(Status(breakers=rows), 0) if "Breaker" in line] == [
        "drawdown off",
        "service/venue/paper 1 of 5",
        "model: fill rate 1.00, limit 0.9000 (only watched)",
        "clv 0.0200, limit −0.0100",
        "clv only watched",
        "streak TRIPPED: 5 losses in a row; ends by its rule",
        "alerts/phone TRIPPED: does not take alerts",
    ]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_it_fits_the_terminal_and_cuts_no_number(width: int) -> None:
    more = {"latency": Latency(37, 6.94, 36.4, 0.53), "bands": (BandLine("clv", -0.0336, -0.0849, 0.065, "inside"),)}
    screen = Console(width=width, record=True, force_terminal=False)
    with screen.capture() as captured:
        screen.print(rendered(fold(DAY).status("mine", **more), width, DAY_NS))
    shown = captured.get().splitlines()
    assert max(map(len, shown)) <= width
    assert any("Edge below the minimum" in line for line in shown)
    assert "tax 0.10" in captured.get() and "53% on" in captured.get()  # the ends of the long lines
    assert [line.partition("home")[2].split() for line in shown if "b365" in line] == [
        ["b365", "2.10", "5.00", "Placed"],
        ["b365", "2.10", "–", "Edge", "below", "the", "minimum"],
    ]


def test_a_narrow_table_cuts_words() -> None:
    long = [entry(Kind.DECIDED, 1, decisions=[ORDER | {"market": "asian_handicap_first_half", "reason": "edge"}])]
    screen = Console(width=60, record=True, force_terminal=False)
    with screen.capture() as captured:
        screen.print(rendered(fold([*DAY, *long]).status("mine"), 60, DAY_NS))
    shown = captured.get().splitlines()
    assert max(map(len, shown)) <= 60 and "2.10" in shown[-1] and "asian" in shown[-1] and "…" in shown[-1]


@pytest.mark.parametrize(
    ("values", "curve"), [([], ""), ([5], "▄"), ([1, 1], "▄▄"), ([0, 7], "▁█"), (list(range(100)), None)]
)
def test_the_curve(values: list[float], curve: str | None) -> None:
    drawn = sparkline(values)
    assert drawn == curve if curve is not None else (len(drawn) <= 40 and drawn[-1] == "█")


def test_ages() -> None:
    assert [age(n * SECOND_NS) for n in (-1, 59, 60, 7199, 86_400)] == ["0 s", "59 s", "1 min", "1 h", "1 d"]
