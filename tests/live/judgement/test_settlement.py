"""Results, their corrections, tax and commission, in numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine import backtest
from engine.configuration import Configuration
from engine.kernel import account as acc
from engine.live.feed import Result, Ruling
from engine.live.judgement.account import Account
from engine.live.judgement.positions import Bet
from engine.live.judgement.rules import Rules
from engine.live.judgement.settlement import Settler
from engine.live.ledger.entries import Entry, Kind, Money
from engine.schema import ALL_EVENTS, CORNERS, score_columns
from engine.tape import from_frame
from tests.parity.drive import Memory

BANKROLL = 100_000
EVENT: dict[str, Any] = dict.fromkeys(ALL_EVENTS) | {"event_id": 1, "sport": "football", "status": "played"}


class Table:
    """An account with a settler, and a ledger in memory."""

    def __init__(self, numbers: dict[str, Any] | None = None, **terms: Any) -> None:
        configuration = Configuration(bankroll_minor=float(BANKROLL), **(numbers or {}))
        self.rules = Rules("00" * 16, configuration, {"a": terms})
        self.account = Account(self.rules)
        self.settler = Settler(self.rules, self.account)
        self.memory = Memory(self.account)
        wallet, money = "a" if configuration.wallets else "", Money(cash=BANKROLL, capital=-BANKROLL)
        self.write([Entry(Kind.CAPITAL, "capital:0", 0, bookmaker=wallet, money=money)])

    def write(self, entries: list[Entry]) -> list[Entry]:
        self.memory.write(entries)
        return entries

    def bet(
        self, key: str, stake: int, odds: float, *, selection: str = "home", side: str = "back", **more: Any
    ) -> None:
        """Intend a bet, and place it unless `placed` is False."""
        line, market = more.get("line"), more.get("market", "1x2")
        body = {
            "event_id": 1, "market": market, "line": line, "selection": selection, "bookmaker": "a", "side": side,
            "sport": "football", "competition": "E0", "decided_at_ns": 10, "opportunity_id": 1,
        }  # fmt: skip
        self.write([Entry(Kind.INTENDED, f"intended:{key}", 10, key, bookmaker="a",
                          money=Money(cash=-stake, reserved=stake), body=body)])  # fmt: skip
        if more.get("placed", True):
            self.place(key, stake, odds, more.get("backer", 0))

    def place(self, key: str, stake: int, odds: float, backer: int = 0) -> None:
        body = {"odds": odds, "matched_minor": stake, "backer_minor": backer, "open_minor": 0}
        money = Money(reserved=-stake, stakes=stake)
        self.write([Entry(Kind.PLACED, f"placed:{key}:{stake}:0", 10, key, bookmaker="a", money=money, body=body)])

    def result(
        self,
        home: int,
        away: int,
        version: int = 1,
        status: str = "played",
        at_ns: int = 100,
        ruled: Sequence[Ruling] = (),
    ) -> list[Entry]:
        """A result, and the entries that it makes."""
        values = EVENT | {"status": status, "home_score": home, "away_score": away}
        self.settler.take(Result(at_ns, values, version, tuple(ruled)))
        return self.write(self.settler.entries(at_ns, [1]))


def kinds(entries: list[Entry]) -> list[str]:
    return [entry.kind.value for entry in entries]


def test_a_win_and_a_loss_with_commission_on_the_net_of_the_market() -> None:
    table = Table(commission_rate=0.05)
    table.bet("h", 1_000, 3.0)
    table.bet("d", 500, 4.0, selection="draw")
    entries = table.result(1, 0)
    assert kinds(entries) == ["settled", "settled", "commission"]
    assert [entry.money for entry in entries] == [
        Money(stakes=-1_000, cash=3_000, pnl=-2_000),
        Money(stakes=-500, pnl=500),
        Money(cash=-75, commission=75),  # 5 % of 2,000 - 500
    ]
    assert entries[-1].key == "commission:1:1x2::a:1"
    assert table.account.equity_minor == BANKROLL + 2_000 - 500 - 75
    assert not table.account.at_risk and table.result(1, 0) == []


def test_corrections_take_back_and_settle_anew_with_their_commission() -> None:
    table = Table(commission_rate=0.05)
    table.bet("h", 1_000, 3.0)
    table.bet("d", 500, 4.0, selection="draw")
    table.result(1, 0)
    second = table.result(1, 1, 2, at_ns=200)
    assert kinds(second) == ["reversed", "settled", "reversed", "settled", "commission"]
    assert [entry.key for entry in second][:2] == ["reversed:h:1", "settled:h:2"]
    assert second[0].money == Money(stakes=1_000, cash=-3_000, pnl=2_000)
    assert second[-1].money == Money(cash=50, commission=-50)  # 5 % of -1,000 + 1,500 is 25; 75 was paid
    assert table.account.equity_minor == BANKROLL - 1_000 + 1_500 - 25
    third = table.result(0, 0, 3, "abandoned", at_ns=300)
    assert kinds(third) == ["reversed", "void", "reversed", "void", "commission"]
    assert table.account.equity_minor == table.account.cash_minor == BANKROLL
    assert table.account.cells[[acc.N_SETTLED, acc.N_WON, acc.N_VOID, acc.COMMISSION]].tolist() == [2, 0, 2, 0]
    assert table.result(0, 0, 3, "abandoned", at_ns=400) == []
    fourth = table.result(1, 0, 4, at_ns=500)
    assert fourth[-1].money == Money(cash=-75, commission=75) and fourth[-1].key == "commission:1:1x2::a:4"
    assert table.account.cells[[acc.N_SETTLED, acc.N_WON, acc.N_VOID, acc.COMMISSION]].tolist() == [2, 1, 0, 75]


def test_a_correction_before_the_market_is_charged_counts_once() -> None:
    table = Table(commission_rate=0.05)
    table.bet("h", 1_000, 3.0)
    table.bet("d", 500, 4.0, selection="draw", placed=False)
    assert kinds(table.result(1, 0)) == ["settled"]
    assert kinds(table.result(1, 1, 2, at_ns=200)) == ["reversed", "settled"]
    table.place("d", 500, 4.0)
    entries = table.write(table.settler.entries(300, [1]))
    assert entries[-1].money == Money(cash=-25, commission=25)  # 5 % of -1,000 + 1,500; the 2,000 are gone


def test_commission_has_the_factor_of_the_configuration() -> None:
    table = Table({"commission_factor": 0.8}, commission_rate=0.05)
    table.bet("h", 1_000, 3.0)
    assert table.result(1, 0)[-1].money == Money(cash=-80, commission=80)


@pytest.mark.parametrize("wallets", [False, True])
def test_charges_of_one_instant_take_no_more_than_there_is_one_after_the_other(wallets: bool) -> None:
    table = Table({"wallets": wallets}, commission_rate=0.05)
    table.bet("h", 1_000, 3.0)
    table.bet("o", 1_000, 3.0, selection="over", market="totals", line=2.5)
    for key, market, line, selection in (("h2", "1x2", None, "home"), ("o2", "totals", 2.5, "over")):
        table.bet(key, 10, 3.0, selection=selection, market=market, line=line, placed=False)
    assert kinds(table.result(2, 1)) == ["settled", "settled"]
    table.bet("c", 103_880, 1.9, selection="over", market="corners_totals", line=9.5)  # 100 are left
    table.place("h2", 10, 3.0)
    table.place("o2", 10, 3.0)
    entries = table.write(table.settler.entries(200, [1]))
    assert [entry.money.cash for entry in entries] == [30, 30, -101, -59]  # 5 % of 2,020 each, of 160
    assert table.account.cash_minor == 0 and table.account.equity_minor == BANKROLL + 4_040 - 160
    assert table.account.wallet_minor("a") == (0 if wallets else -BANKROLL)


def test_a_market_is_settled_by_the_score_of_its_name() -> None:
    table = Table()
    table.bet("c", 1_000, 1.9, selection="over", market="corners_totals", line=9.5)
    corners = dict(zip(score_columns(CORNERS), (6, 4), strict=True))
    table.settler.take(Result(100, EVENT | {"home_score": 1, "away_score": 0} | corners, 1))
    (settled,) = table.settler.entries(100, [1])
    assert (settled.body["state"], settled.body["pnl_minor"]) == ("win", 900)


def test_an_older_version_of_a_result_changes_nothing() -> None:
    table = Table()
    table.bet("h", 1_000, 3.0)
    table.result(1, 0, 2)
    assert table.result(0, 1, 1) == []
    assert table.account.equity_minor == BANKROLL + 2_000


def test_a_bet_without_an_answer_waits_for_its_result() -> None:
    table = Table()
    table.bet("h", 1_000, 3.0, placed=False)
    assert table.result(1, 0) == [] and table.settler.waiting() == [1]
    table.place("h", 1_000, 2.9)
    assert kinds(table.write(table.settler.entries(150, [1]))) == ["settled"]
    assert table.account.equity_minor == BANKROLL + 1_900 and table.settler.waiting() == []


@pytest.mark.parametrize(
    ("scores", "state", "pnl"), [((3, 0), "win", 950), ((2, 0), "half_win", 475), ((1, 0), "lose", -1_000)]
)
def test_quarter_lines(scores: tuple[int, int], state: str, pnl: int) -> None:
    table = Table()
    table.bet("t", 1_000, 1.95, selection="over", market="totals", line=1.75)
    settled = table.result(*scores)[0]
    assert (settled.body["state"], settled.body["pnl_minor"]) == (state, pnl)


def test_a_lay_wins_the_backers_stake_or_loses_its_liability() -> None:
    for scores, pnl in (((0, 1), 400), ((1, 0), -800)):
        table = Table()
        table.bet("l", 800, 3.0, side="lay", backer=400)
        assert table.result(*scores)[0].body["pnl_minor"] == pnl


def test_an_open_rest_is_released_and_does_not_come_back_with_a_correction() -> None:
    table = Table()
    table.bet("h", 1_000, 3.0, placed=False)
    body = {"odds": 3.0, "matched_minor": 400, "backer_minor": 0, "open_minor": 600}
    money = Money(reserved=-400, stakes=400)
    table.write([Entry(Kind.PARTIAL, "partial:h:400:600", 10, "h", bookmaker="a", money=money, body=body)])
    settled = table.result(1, 0)[0]
    assert settled.money == Money(stakes=-400, reserved=-600, cash=1_800, pnl=-800)
    reversed_, again = table.result(0, 1, 2, at_ns=200)
    assert reversed_.money == Money(stakes=400, cash=-1_200, pnl=800)
    assert again.money == Money(stakes=-400, pnl=400)
    assert table.account.equity_minor == table.account.cash_minor == BANKROLL - 400


def test_a_refusal_frees_the_day_on_which_the_bet_was_decided() -> None:
    table = Table()
    table.bet("h", 1_000, 3.0, placed=False)
    table.bet("d", 500, 4.0, placed=False)
    freed = Money(cash=500, reserved=-500)
    table.write([Entry(Kind.REJECTED, "rejected:d", 20, "d", bookmaker="a", money=freed, body={"reason": "rejected"})])
    assert table.account.cells[acc.STAKED_TODAY] == 1_000
    table.write([Entry(Kind.ROLLED, "rolled:30", 30)])
    freed = Money(cash=1_000, reserved=-1_000)
    table.write([Entry(Kind.REJECTED, "rejected:h", 40, "h", bookmaker="a", money=freed, body={"reason": "absent"})])
    assert table.account.cells[[acc.STAKED_TODAY, acc.TURNOVER, acc.OPEN]].tolist() == [0, 0, 0]
    work = table.account.positions.work
    assert not work.taken.any() and not work.commission_market_open.any() and table.account.at_risk == set()


def test_tax_is_split_out() -> None:
    table = Table(tax_stake_frac=0.05, tax_winnings_frac=0.1)
    table.bet("h", 1_000, 3.0)
    settled = table.result(1, 0)[0]
    # 950 of 1,000 are bet and pay 2,850; of the profit of 1,850 a tenth is taxed; without tax the profit is 2,000
    assert (settled.body["pnl_minor"], settled.body["tax_minor"]) == (1_665, 335)
    assert settled.money == Money(stakes=-1_000, cash=2_665, pnl=-2_000, tax=335)
    assert table.account.equity_minor == BANKROLL + 1_665


def test_a_score_that_does_not_settle_the_market_leaves_the_bet_open() -> None:
    table = Table()
    table.bet("c", 1_000, 1.9, selection="over", market="corners_totals", line=9.5)
    assert table.result(1, 0) == [] and table.settler.waiting() == [1]


def test_a_result_is_held_against_a_bet_once(monkeypatch: pytest.MonkeyPatch) -> None:
    table, judged, states = Table(), list[str](), Settler._states

    def counted(settler: Settler, bets: Sequence[Bet]) -> list[int]:
        judged.extend(bet.key for bet in bets)
        return states(settler, bets)

    monkeypatch.setattr(Settler, "_states", counted)
    table.bet("c", 1_000, 1.9, selection="over", market="corners_totals", line=9.5)
    table.bet("h", 1_000, 3.0)
    assert kinds(table.result(1, 0)) == ["settled"] and judged == ["c", "h"]
    assert [table.settler.entries(at, table.settler.waiting()) for at in (101, 102)] == [[], []] and len(judged) == 2
    table.bet("d", 1_000, 3.0, selection="draw")  # as after a restart: its answer came late
    assert kinds(table.write(table.settler.entries(103, table.settler.waiting()))) == ["settled"]
    assert judged == ["c", "h", "d"]
    assert table.result(1, 0) == [] and judged[3:] == ["c", "h", "d"]  # told again
    assert kinds(table.result(0, 1, 2)) == ["reversed", "settled"] and judged[6:] == ["c", "h", "d"]


@pytest.mark.parametrize("side", ["back", "lay"])
@pytest.mark.parametrize("rates", [{}, {"tax_winnings_frac": 0.1}])
def test_a_dead_heat_pays_what_the_backtest_pays(side: str, rates: dict[str, float]) -> None:
    """The same bets from a table of a user, whose results name the dead heat."""
    odds, share = np.repeat([1.21, 1.5, 2.0, 3.35, 17.0], 3), np.tile([0.5, 1 / 3, 1.0], 5)
    at = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    frame = pl.DataFrame({"odds": odds, "share": share, "event": [f"e{n}" for n in range(15)]}).with_columns(
        decided_at=at, settled_at=at + dt.timedelta(hours=3), prob=0.9 if side == "back" else 0.02,
        result=pl.lit("dead_heat"), side=pl.lit(side), bookmaker=pl.lit("a"),
    )  # fmt: skip
    free = Configuration(amount_minor=777.0, stake_min_minor=1.0, drawdown_stop_frac=np.inf)
    tape = from_frame(frame, venues={"a": rates} if rates else None)
    bets = backtest(tape, free).replay(0).bets
    assert len(bets) == 15 and sorted(tape.dead_heat_share) == sorted(share)
    for bet in bets.iter_rows(named=True):
        table, backer = Table(**rates), int(bet["backer_stake_minor"] or 0)
        table.bet("h", int(bet["stake_minor"]), float(bet["odds_placed"]), side=side, backer=backer)
        (entry,) = table.result(
            1, 0, ruled=[Ruling("1x2", None, "home", "dead_heat", float(tape.dead_heat_share[bet["row"]]))]
        )
        assert entry.body["pnl_minor"] == bet["pnl_minor"], bet


def test_a_part_void_gives_its_stake_back_and_the_rest_ends_as_it_does() -> None:
    table = Table()
    table.bet("h", 1_000, 3.0)
    table.bet("l", 800, 3.0, side="lay", backer=400, selection="draw")
    table.bet("d", 500, 4.0, selection="away")
    part = [Ruling("1x2", None, "home", "win", void_frac=0.25), Ruling("1x2", None, "draw", "lose", void_frac=0.5)]
    won, laid, lost = table.result(1, 0, ruled=part)
    assert (won.body["pnl_minor"], won.body["void_frac"], won.kind) == (1_500, 0.25, Kind.SETTLED)  # 750 at 3.0
    assert (laid.body["pnl_minor"], lost.body["pnl_minor"]) == (200, -500) and "void_frac" not in lost.body
    assert won.money == Money(stakes=-1_000, cash=2_500, pnl=-1_500)
    again = table.result(1, 0, 2, ruled=[*part[1:], Ruling("1x2", None, "home", "win", void_frac=1.0)], at_ns=200)
    assert kinds(again) == ["reversed", "void"] and table.account.bets["h"].is_void
    assert table.account.equity_minor == table.account.cash_minor == BANKROLL + 200 - 500


def test_a_ruling_is_of_its_market_line_and_selection_and_stands_above_the_status() -> None:
    table = Table()
    table.bet("h", 1_000, 3.0)
    table.bet("u", 1_000, 2.0, selection="under", market="totals", line=2.5)
    table.bet("o", 1_000, 2.0, selection="over", market="totals", line=3.5)
    ruled = [
        Ruling("totals", 2.5, "under", "lose"),
        Ruling("totals", 4.5, "over", "win"),
        Ruling("btts", None, "yes", "win"),
    ]
    entries = table.result(2, 1, status="abandoned", ruled=ruled)
    assert [(entry.intent, entry.body["state"]) for entry in entries] == [("h", "void"), ("u", "lose"), ("o", "void")]
    again = table.result(2, 1, 2, status="abandoned", at_ns=200)  # the ruling is taken back
    assert [(entry.intent, entry.kind.value) for entry in again] == [("u", "reversed"), ("u", "void")]


def test_a_ruling_of_a_whole_market_is_of_every_selection_and_line_that_no_other_names() -> None:
    table = Table()
    table.bet("h", 1_000, 3.0, market="first_half_1x2")
    table.bet("u", 1_000, 2.0, selection="under", market="first_half_totals", line=0.5)
    table.bet("o", 1_000, 2.0, selection="over", market="first_half_totals", line=1.5)
    table.bet("w", 1_000, 2.0)
    void = [Ruling(market, None, "", "void") for market in ("first_half_1x2", "first_half_totals")]
    entries = table.result(2, 1, ruled=[*void, Ruling("first_half_totals", 1.5, "over", "win")])
    assert [(entry.intent, entry.body["state"]) for entry in entries] == [
        ("h", "void"), ("u", "void"), ("o", "win"), ("w", "win"),
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["venue", "result"])
def test_the_settlement_of_the_venue_stands_whatever_the_result_says(first: str) -> None:
    table = Table()
    table.bet("h", 1_000, 3.0)
    if first == "result":
        assert kinds(table.result(1, 0)) == ["settled"]
    bet = table.account.bets["h"]
    back = [] if first == "venue" else [table.account.reversal(bet, 110)]
    body = {"version": bet.version + 1, "pnl_minor": 1_900, "tax_minor": 0, "by": "venue"}
    money = Money(stakes=-1_000, cash=2_900, pnl=-1_900)
    key = f"settled:h:{bet.version + 1}"
    table.write([*back, Entry(Kind.SETTLED, key, 110, "h", bookmaker="a", money=money, body=body)])
    assert table.result(1, 0, at_ns=120) == table.result(0, 1, 2, at_ns=130) == []
    assert table.account.equity_minor == table.account.cash_minor == BANKROLL + 1_900


def test_a_deposit_moves_the_marks_of_the_breakers() -> None:
    table = Table()
    table.bet("h", 10_000, 3.0)
    table.result(0, 1)
    table.account.close_at(150)
    assert table.account.cells[acc.DRAWDOWN] == 0.1
    table.write([Entry(Kind.CAPITAL, "capital:1", 160, money=Money(cash=100_000, capital=-100_000))])
    table.account.close_at(170)
    assert table.account.cells[acc.DRAWDOWN] == 10_000 / 200_000


def test_a_bet_that_is_not_ours_takes_room_from_the_limits_and_leaves_the_equity() -> None:
    table = Table()
    table.bet("k", 1_000, 2.0)
    account, event = table.account, table.account.positions.event(1)

    def seen(name: str, event_id: int | None, risk: int) -> tuple[float, ...]:
        body = {"venue_bet_id": name, "event_id": event_id, "at_risk_minor": risk}
        table.write([Entry(Kind.EXTERNAL, f"external:{len(table.memory.entries)}", 10, body=body)])
        on_event = float(account.positions.work.open_on_event[event])
        return account.cash_minor, account.open_minor, on_event, float(account.cells[acc.STAKED_TODAY])

    assert seen("x", 1, 5_000) == (94_000, 6_000, 6_000, 6_000)
    assert seen("x", 1, 2_000) == (97_000, 3_000, 3_000, 6_000)
    assert seen("y", None, 700) == (96_300, 3_700, 3_000, 6_700)
    assert account.equity_minor == BANKROLL
    table.result(1, 0)
    assert account.at_risk == set()  # only bets of ours are settled
    assert seen("x", None, 0) == (98_300 + 2_000, 700, 0, 6_700)
    assert seen("y", None, 0) == (101_000, 0, 0, 6_700)


def test_a_bet_that_is_not_ours_takes_room_from_its_competition_and_cash_from_its_wallet() -> None:
    table = Table()
    table.write([Entry(Kind.CAPITAL, f"capital:{name}", 1, bookmaker=name, money=Money(cash=50_000, capital=-50_000))
                 for name in ("a", "b")])  # fmt: skip
    account, positions = table.account, table.account.positions
    known = {"sport": "football", "competition": "E0", "bookmaker": "b"}

    def seen(name: str, risk: int, **where: str) -> tuple[float, ...]:
        body = {"venue_bet_id": name, "event_id": 1, "at_risk_minor": risk, **where}
        table.write([Entry(Kind.EXTERNAL, f"external:{len(table.memory.entries)}", 10, body=body)])
        place = positions.competition("football", "E0")  # may make the array longer
        on_competition = positions.work.open_on_competition[place]
        return float(on_competition), account.wallet_minor("a"), account.wallet_minor("b")

    assert seen("x", 5_000) == (0, 45_000, 45_000)  # it may be in any wallet
    assert seen("x", 5_000, **known) == (5_000, 50_000, 45_000)  # now it is known whose it is
    assert account.cells[acc.STAKED_TODAY] == account.open_minor == 5_000
    assert seen("y", 700, sport="football", competition="E1", bookmaker="a") == (5_000, 49_300, 45_000)
    table.bet("k", 1_000, 2.0)  # ours, on the same competition, from wallet a
    assert seen("x", 2_000, **known) == (3_000, 48_300, 48_000)
    assert seen("x", 0) == (1_000, 48_300, 50_000)
    assert seen("y", 0) == (1_000, 49_000, 50_000) and account.open_minor == 1_000


@pytest.mark.parametrize("person", ["me", ""])
def test_only_a_person_ends_the_drawdown_breaker_and_the_equity_becomes_the_peak(person: str) -> None:
    table = Table()
    table.account.cells[acc.PEAK] = 2.0 * BANKROLL  # half of it is lost
    table.account.cells[acc.HALTED] = acc.ACTIVE
    body = {"breaker": "drawdown", "n": 1, "reason": "looked at it", "person": person}
    table.write([Entry(Kind.RESUMED, "resumed:drawdown:1", 20, body=body)])
    halted, peak = table.account.cells[[acc.HALTED, acc.PEAK]]
    assert (halted, peak) == ((acc.INACTIVE, BANKROLL) if person else (acc.ACTIVE, 2.0 * BANKROLL))
