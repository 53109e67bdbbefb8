"""The fast parameters: every number that the kernel reads of one configuration. One row declares one parameter.

From this table derive the kernel's records (`Params`, `DecisionParams`), the rows of lanes, the fields and checks of
`engine.configuration.Configuration`, the keys of the command line with their help, and the table in the documentation.

No number is NaN. A limit that is off is +inf, a lower bound that is off -inf.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.kernel.codes import Staking
from engine.kernel.parameter import INF, WHOLE_MAX, Parameter, cap, row

_EDGE = "expected profit per unit staked, after commission"
_STAKING = {
    "flat": Staking.FLAT,
    "percent": Staking.PERCENT,
    "kelly": Staking.KELLY,
    "target": Staking.TARGET,
    "kelly_shrunk": Staking.KELLY_COLUMN,
    "kelly_market": Staking.KELLY_COLUMN,
    "kelly_states": Staking.KELLY_COLUMN,
    "kelly_column": Staking.KELLY_COLUMN,
    "own": Staking.OWN,
}
#: Bounds under a staking rule. From twice Kelly on a bankroll does not grow (Thorp 2006, "The Kelly criterion in
#: blackjack, sports betting and the stock market"); a rule of the user gives the number a meaning of its own.
_PART = {"high": 1.0, "below": INF}
_ANY = {"high": INF, "below": INF}


@dataclass(frozen=True)
class FastParameters:
    """The table: one field for each parameter, in the order of `Params`. A row holds the attributes of `Parameter`."""

    bankroll_minor: float = row(
        1_000_000.0, "bankroll_minor", help="opening bankroll", unit="minor units",
        kind="whole", low=1.0, high=WHOLE_MAX, decides=True,
    )  # fmt: skip
    # filters
    edge_min: float = row(
        -INF, "strategy.edge_min", help="lowest edge of a bet; 0.05 is 5 %", unit=_EDGE,
        null=-INF, high=1.0, at_most="edge_max", decides=True,
    )  # fmt: skip
    edge_max: float = row(
        INF, "strategy.edge_max", help="highest edge of a bet; a very large one is often a typing error in the odds",
        unit=_EDGE, null=INF, high=1.0, decides=True,
    )  # fmt: skip
    odds_min: float = row(
        1.0, "strategy.odds_min", help="lowest odds of a bet", unit="decimal odds",
        null=1.0, at_most="odds_max", decides=True,
    )  # fmt: skip
    odds_max: float = row(
        INF, "strategy.odds_max", help="highest odds of a bet", unit="decimal odds", null=INF, decides=True
    )
    one_per_market: bool = row(
        False, "risk.one_per_market", help="at most one bet on an event, market and line, at any bookmaker",
        kind="flag", decides=True,
    )  # fmt: skip
    # staking rule
    staking: Staking = row(  # noqa: RUF009
        Staking.FLAT, "staking.name", help="staking rule", kind="choice", words=_STAKING, decides=True, shared=True
    )
    amount_minor: float = row(
        10_000.0, "staking.amount_minor", "staking.profit_minor",
        help="stake of flat staking; profit of a win of target staking", unit="minor units",
        absent=0.0, low=0.0, finite=True, decides=True,
    )  # fmt: skip
    fraction: float = row(
        0.25, "staking.fraction", help="part of the base that percent staking stakes (at most 1), or of Kelly's stake",
        unit="fraction", absent=0.0, low=0.0, below=2.0, of_rule={Staking.PERCENT: _PART, Staking.OWN: _ANY},
        finite=True, decides=True,
    )  # fmt: skip
    stake_cap_frac: float = row(
        1.0, "staking.stake_cap_frac", help="largest stake that a Kelly rule asks for", unit="fraction of the base",
        null=INF, low=0.0, high=1.0, of_rule={Staking.OWN: _ANY}, decides=True,
    )  # fmt: skip
    base_is_cash: bool = row(
        False, "staking.base", help="base of percent and Kelly stakes: equity, or cash at the start of the instant",
        kind="choice", words={"equity": 0.0, "cash": 1.0}, shared=True,
    )  # fmt: skip
    # caps: they shrink a stake
    bet_cap_frac: float = cap("risk.bet_cap_frac", "largest stake of one bet")
    event_cap_frac: float = cap("risk.event_cap_frac", "largest sum of open stakes on one event")
    competition_cap_frac: float = cap("risk.competition_cap_frac", "largest sum of open stakes on one competition")
    day_cap_frac: float = cap(
        "risk.day_cap_frac", "largest sum staked on one day, of the equity at the day's start", high=INF, below=2.0
    )
    open_cap_frac: float = cap("risk.open_cap_frac", "largest sum of all open stakes")
    # execution
    stake_min_minor: float = row(
        100.0, "execution.stake_min_minor", help="smallest stake that is placed", unit="minor units",
        kind="whole", low=1.0, high=WHOLE_MAX, at_most="bankroll_minor", decides=True,
    )  # fmt: skip
    stake_increment_minor: float = row(
        1.0, "execution.stake_increment_minor", help="stakes are rounded down to a multiple of it", unit="minor units",
        kind="whole", low=1.0, high=WHOLE_MAX, at_most="stake_min_minor", decides=True,
    )  # fmt: skip
    commission_factor: float = row(
        1.0, "execution.commission_factor", help="multiplies all commission rates; a discount of 20 % is 0.8",
        unit="factor", low=0.0, finite=True, shared=True,
    )  # fmt: skip
    slippage_frac: float = row(
        0.0, "execution.slippage_frac", help="loss of price between the decision and the bet",
        unit="fraction of the odds above 1", low=0.0, below=1.0, decides=True, shared=True,
    )  # fmt: skip
    rejection_frac: float = row(
        0.0, "execution.rejection_frac", help="share of orders that the bookmaker refuses, drawn at random",
        unit="fraction of orders", low=0.0, high=1.0, decides=True,
    )  # fmt: skip
    # breakers: they stop new bets
    drawdown_warn_frac: float = row(
        0.15, "risk.drawdown_warn_frac", help="drawdown from which stakes are multiplied by drawdown_warn_factor",
        unit="fraction of the peak", null=INF, low=0.0, high=1.0, at_most="drawdown_stop_frac", decides=True,
    )  # fmt: skip
    drawdown_warn_factor: float = row(
        0.5, "risk.drawdown_warn_factor", help="factor on stakes while the drawdown is at its warning or above",
        unit="factor", absent=1.0, low=0.0, high=1.0, decides=True,
    )  # fmt: skip
    drawdown_stop_frac: float = row(
        0.20, "risk.drawdown_stop_frac", help="drawdown from which no bet is placed", unit="fraction of the peak",
        null=INF, above=0.0, high=1.0,
    )  # fmt: skip
    drawdown_reset_after_ns: float = row(
        2_592_000e9, "risk.drawdown_reset_after", help="how long the drawdown breaker lasts",  # 30 days
        unit="duration such as 30d", kind="duration", null=INF, low=1.0,
    )  # fmt: skip
    streak_warn: float = row(
        3.0, "risk.streak_warn", help="length of a losing streak that is counted as a warning",
        unit="losses in a row", kind="whole", null=INF, low=1.0,
    )  # fmt: skip
    streak_stop: float = row(
        5.0, "risk.streak_stop", help="length of a losing streak from which no bet is placed",
        unit="losses in a row", kind="whole", null=INF, low=1.0,
    )  # fmt: skip
    streak_cool_off_ns: float = row(
        86_400e9, "risk.streak_cool_off", help="how long the streak breaker lasts",  # 1 day
        unit="duration such as 24h", kind="duration", null=INF, low=1.0,
    )  # fmt: skip
    daily_loss_frac: float = row(
        0.05, "risk.daily_loss_frac", help="loss of a day from which no bet is placed until the next day",
        unit="fraction of the equity at the day's start", null=INF, above=0.0, high=1.0,
    )  # fmt: skip
    # answers of the bookmaker
    price_tolerance_frac: float = row(
        0.0, "execution.price_tolerance_frac", help="how much worse the price may be when a delayed order arrives",
        unit="fraction of the odds", low=0.0, high=1.0, decides=True, shared=True,
    )  # fmt: skip
    fill_min_frac: float = row(
        0.0, "execution.fill_min_frac", help="smallest part of a stake that the price must take; 1 is all or nothing",
        unit="fraction of the stake", low=0.0, high=1.0, decides=True, lanes_only=0.0,
    )  # fmt: skip
    limiting_profit_minor: float = row(
        INF, "execution.limiting_profit_minor", help="profit from a bookmaker at which it cuts its limits",
        unit="minor units", null=INF, low=1.0, lanes_only=INF,
    )  # fmt: skip
    limiting_factor: float = row(
        1.0, "execution.limiting_factor", help="factor on the limits of a bookmaker at each cut", unit="factor",
        above=0.0, high=1.0,
    )  # fmt: skip
    wallets: bool = row(
        False, "execution.wallets",
        help="a wallet for each bookmaker; the bankroll is shared equally, nothing is moved",
        kind="flag", lanes_only=0.0,
    )  # fmt: skip


PARAMETERS: Final = tuple(Parameter(name=f.name, **f.metadata["parameter"]) for f in fields(FastParameters))
#: number of each parameter in a record and in a matrix of configurations
FIELD: Final = {parameter.name: number for number, parameter in enumerate(PARAMETERS)}

if TYPE_CHECKING:

    class Params(tuple[float, ...]):
        """One configuration as numbers, float64 each, named and ordered as in `FastParameters`."""

        _fields: ClassVar[tuple[str, ...]]

        def __new__(cls, *numbers: float, **named: float) -> Params: ...
        def __getattr__(self, name: str) -> float: ...
        def _asdict(self) -> dict[str, Any]: ...
        def _replace(self, **named: float) -> Params: ...

    DecisionParams = Params
else:
    Params = namedtuple("Params", list(FIELD), module=__name__)
    Params.__doc__ = "One configuration as numbers, float64 each, named and ordered as in `FastParameters`."
    #: what a decision in lanes reads; the other parameters are not needed to decide, or off in lanes
    DecisionParams = namedtuple("DecisionParams", [p.name for p in PARAMETERS if p.decides], module=__name__)

#: the row of each parameter in a block of lanes; the compiler sees constants
ROW: Final = Params(*range(len(PARAMETERS)))
