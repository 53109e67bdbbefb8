"""Charts of a run: functions of frames that return a `Figure`, for the page and for Jupyter alike.

A new chart is one module in this folder and two lines in this file: its import, and its line in one of the tables
below. The page, `run.charts()` and the tests read the tables. `docs/reports.md` lists every chart with its question.

>>> from research.report import charts
>>> import polars as pl
>>> charts.funnel(pl.DataFrame({"reason": ["placed"], "count": [2]}))
<Figure funnel: 2 of 2 opportunities (100.0%) became bets.>
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from research.report.breakdown import has_regimes
from research.report.charts.calibration import calibration as calibration
from research.report.charts.calibration import calibration_scores as calibration_scores
from research.report.charts.crossing import crossing as crossing
from research.report.charts.differences import differences as differences
from research.report.charts.drawdowns import drawdowns as drawdowns
from research.report.charts.funnel import funnel as funnel
from research.report.charts.groups import yield_by as yield_by
from research.report.charts.histogram import clv_distribution as clv_distribution
from research.report.charts.histogram import tried as tried
from research.report.charts.importance import importance as importance
from research.report.charts.logits import logits as logits
from research.report.charts.money import equity as equity
from research.report.charts.money import together as together
from research.report.charts.months import monthly as monthly
from research.report.charts.parallel import parallel as parallel
from research.report.charts.path import out_of_sample as out_of_sample
from research.report.charts.points import clv_against_yield as clv_against_yield
from research.report.charts.points import edge_against_yield as edge_against_yield
from research.report.charts.regimes import regimes as regimes
from research.report.charts.rolling import rolling_yield as rolling_yield
from research.report.charts.scatter import inside_outside as inside_outside
from research.report.charts.surface import parameter_map as parameter_map
from research.report.data import Configuration, CrossValidation, PathData
from research.report.figure import Figure

Data = TypeVar("Data")
#: A chart by its name: takes the data of its table; None where there is nothing to say, so that it is left out.
Charts = dict[str, Callable[[Data], Figure | None]]


def with_bets(draw: Callable[[Configuration], Figure]) -> Callable[[Configuration], Figure | None]:
    """A chart that is left out where the configuration placed no bet."""
    return lambda data: draw(data) if data.bets.height else None


def with_several(by: str) -> Callable[[Configuration], Figure | None]:
    """Yield by a name, left out where all bets have the same one."""
    return lambda data: (
        yield_by(data.bets, by, data.seed) if by in data.bets.columns and data.bets[by].n_unique() > 1 else None
    )


#: charts of one configuration: on the page under "Where does the result come from?", and in `run.charts()`
CONFIGURATION: Final[Charts[Configuration]] = {
    "equity": lambda data: equity(
        data.daily,
        data.others,
        label=data.label,
        seed=data.seed,
        zone=data.zone,
        compounds=data.compounds,
        fan=data.fan,
    ),
    "monthly": with_bets(lambda data: monthly(data.daily)),
    "rolling_yield": with_bets(lambda data: rolling_yield(data.bets)),
    "yield_by_season": with_bets(lambda data: yield_by(data.bets, "season", data.seed)),
    "yield_by_competition": with_bets(lambda data: yield_by(data.bets, "competition", data.seed)),
    "yield_by_odds": with_bets(lambda data: yield_by(data.bets, "odds", data.seed)),
    "yield_by_month": with_bets(lambda data: yield_by(data.bets, "month", data.seed)),
    "yield_by_regime": lambda data: (
        yield_by(data.bets, "regime", data.seed, data.turns) if has_regimes(data.bets) else None
    ),
    "yield_by_market": with_several("market"),
    "yield_by_selection": with_several("selection"),
    "yield_by_bookmaker": with_several("bookmaker"),
    "edge_against_yield": with_bets(lambda data: edge_against_yield(data.bets, data.seed)),
    "clv_against_yield": with_bets(lambda data: clv_against_yield(data.bets, data.seed)),
    "clv_distribution": with_bets(lambda data: clv_distribution(data.bets, data.seed)),
    "funnel": lambda data: funnel(data.reasons),
}

#: charts of the stitched out-of-sample path of a sweep, P&L after commission
OUT_OF_SAMPLE: Final[Charts[PathData]] = {
    "yield_by_season": lambda data: yield_by(data.bets, "season", data.seed),
    "yield_by_odds": lambda data: yield_by(data.bets, "odds", data.seed),
    "edge_against_yield": lambda data: edge_against_yield(data.bets, data.seed),
    "clv_against_yield": lambda data: clv_against_yield(data.bets, data.seed),
}

#: charts of risk and of probabilities: of the out-of-sample path of a sweep, or of a backtest
RISK: Final[Charts[PathData]] = {
    "drawdowns": lambda data: drawdowns(data.drawdowns, data.bets.height),
    "calibration": lambda data: calibration(data.calibration),
    "calibration_scores": lambda data: calibration_scores(data.calibration).widened(),
}

#: charts of the cross-validation of a sweep's selection
CROSS_VALIDATION: Final[Charts[CrossValidation]] = {
    "inside_outside": lambda data: inside_outside(data.splits) if data.null_band else None,
    "logits": lambda data: logits(data.splits, *data.null_band) if data.null_band else None,
    "crossing": lambda data: (
        crossing(data.paths.metrics, data.paths.bets, data.paths.splits, data.metric) if data.paths else None
    ),
}


def draw(charts: Mapping[str, Callable[[Data], Figure | None]], data: Data) -> dict[str, Figure]:
    """The figures of one table of charts that have something to say about `data`, by name and in order."""
    figures = {name: chart(data) for name, chart in charts.items()}
    return {name: figure for name, figure in figures.items() if figure is not None}
