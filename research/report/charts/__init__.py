"""Charts of a run: functions of frames that give a `Figure`, for the page and for Jupyter alike.

>>> from research.report import charts
>>> import polars as pl
>>> charts.funnel(pl.DataFrame({"reason": ["placed"], "count": [2]}))
<Figure funnel: 2 of 2 opportunities (100.0 %) became bets.>
"""

from research.report.charts.calibration import calibration, calibration_scores
from research.report.charts.crossing import crossing
from research.report.charts.differences import differences
from research.report.charts.drawdowns import drawdowns
from research.report.charts.funnel import funnel
from research.report.charts.groups import yield_by
from research.report.charts.histogram import clv_distribution, tried
from research.report.charts.logits import logits
from research.report.charts.money import equity, together
from research.report.charts.path import out_of_sample
from research.report.charts.points import clv_against_yield, edge_against_yield
from research.report.charts.scatter import inside_outside
from research.report.charts.surface import parameter_map

__all__ = [
    "calibration",
    "calibration_scores",
    "clv_against_yield",
    "clv_distribution",
    "crossing",
    "differences",
    "drawdowns",
    "edge_against_yield",
    "equity",
    "funnel",
    "inside_outside",
    "logits",
    "out_of_sample",
    "parameter_map",
    "together",
    "tried",
    "yield_by",
]
