"""Whether probabilities come true: the share of bets won against the probability used and the market's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from research.inference.calibration import Bin, Calibration, Score
from research.report.charts.axes import SOLID_FROM, centred, labelled, y_axis
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import LEVEL, NOTHING, count, number, percent, span

_QUESTION: Final = "Do the probabilities behind the bets come true?"
_OWN, _MARKET = "probability used", "closing market"
_BOTTOM: Final = 44.0


def calibration(scores: Calibration | None) -> Figure:
    """Reliability diagram of the probabilities used and of the closing market on the same bets.

    Parameters
    ----------
    scores : Calibration or None
        From `research.inference.calibration.calibration`; None where no bet can be scored.
    """
    if scores is None:
        return Figure("calibration", _QUESTION, "No bet with a probability was won or lost in full.")
    answer = _answer(scores)

    def draw(width: float, css: str) -> str:
        return _draw(scores, width).svg(answer, css)

    note = (
        f"{count(scores.n_bets, 'bet')} in groups of equal size by probability. Whiskers: {LEVEL} interval, events "
        "resampled."
    )
    few = any(group.n_bets < SOLID_FROM for group in (*scores.bins, *scores.market_bins))
    note += f" Hollow: fewer than {SOLID_FROM} bets." if few else ""
    left = [f"{number(scores.undecided)} without a full win or loss"] if scores.undecided else []
    left += [f"{number(scores.without_close)} without a closing price"] if scores.without_close else []
    note += f" Left out: {', '.join(left)}." if left else ""
    note += " Bets are selected for a high probability, so even a good model overstates it somewhat on them."
    return Figure("calibration", _QUESTION, answer, draw, _numbers(scores), note=note)


def _answer(scores: Calibration) -> str:
    """Log loss of both and which is better, the same weighted by odds, and the calibration error."""
    plain, error = scores.plain.log_loss, scores.plain.ece
    by_chance = f"{_points(error.strategy_by_chance)} is expected by chance"
    if not scores.has_market:
        return (
            f"Their log loss is {number(plain.strategy, 4)}; no bet has a closing price to compare with. Their "
            f"calibration error is {_points(error.strategy)}; {by_chance}."
        )
    return (
        f"Their log loss is {number(plain.strategy, 4)}, against {number(plain.market, 4)} for the closing market on "
        f"the same bets: {_better(plain)}. Weighted by odds: {_better(scores.weighted.log_loss)}. Their calibration "
        f"error is {_points(error.strategy)}, the market's {_points(error.market)}; {by_chance}."
    )


def _points(value: float) -> str:
    return f"{number(value * 100, 1)} points"


def _better(score: Score) -> str:
    """Which of the two is better, if the interval of the difference excludes zero."""
    gap = score.difference
    if not gap.known:
        return "there are too few bets or days to say which is better"
    if gap.high < 0:
        return "they are better than the market"
    if gap.low > 0:
        return "the market is better"
    return "the difference is not clear"


def _draw(scores: Calibration, width: float) -> Canvas:
    height = 330.0
    canvas = Canvas(width, height)
    low, high = _range((*scores.bins, *scores.market_bins))
    x, y = Scale(low, high, 64, width - 6), Scale(low, high, height - _BOTTOM, 40)
    canvas.text(0, 11, "share of bets won, %", "muted")
    y_axis(canvas, y, x.end)
    for tick, label in labelled(low, high, 5):
        canvas.line((x(tick), height - _BOTTOM), (x(tick), height - _BOTTOM + 4), "zero")
        at, edge = centred(canvas, x(tick), label)
        canvas.text(at, height - _BOTTOM + 18, label, "muted", edge)
    canvas.text(x.end, height - 7, "mean probability, %", "muted", "end")
    canvas.line((x(low), y(low)), (x(high), y(high)), "reference")
    canvas.text(width, 11, "dotted: perfect", "muted", "end")
    _legend(canvas, scores)
    for group in scores.market_bins:
        _point(canvas, (x, y), group, _MARKET)
    for group in scores.bins:
        _point(canvas, (x, y), group, _OWN)
    return canvas


def _range(groups: Sequence[Bin]) -> tuple[float, float]:
    """One range for both axes: all means and shares, and the intervals of the groups with enough bets."""
    values = [value for group in groups for value in (group.mean_prob, group.won.estimate)]
    for group in groups:
        if group.won.known and group.n_bets >= SOLID_FROM:
            values += [group.won.low, group.won.high]
    margin = (max(values) - min(values)) * 0.04 or 0.02
    return max(0.0, min(values) - margin), min(1.0, max(values) + margin)


def _legend(canvas: Canvas, scores: Calibration) -> None:
    """The marks above the drawing: a disc for the probability used, a square for the market."""
    canvas.dot(69, 27, 5, "point gain")
    canvas.text(80, 31, _OWN, "t1")
    if scores.has_market:
        at = 80 + fits(_OWN) + 16
        canvas.rect((at - 4.5, 22.5), (9, 9), "point loss")
        canvas.text(at + 11, 31, _MARKET, "t2")


def _point(canvas: Canvas, scales: tuple[Scale, Scale], group: Bin, source: str) -> None:
    x, y = scales
    at, level = x.clip(group.mean_prob), y.clip(group.won.estimate)
    if group.won.known:
        low, high = y.clip(group.won.low), y.clip(group.won.high)
        canvas.line((at, low), (at, high), "whisker")
        for end, value in ((low, group.won.low), (high, group.won.high)):
            if y.low <= value <= y.high:
                canvas.line((at - 4, end), (at + 4, end), "whisker")
    hollow = "" if group.n_bets >= SOLID_FROM else " hollow"
    if source == _OWN:
        canvas.dot(at, level, 5, f"point gain{hollow}")
    else:
        canvas.rect((at - 4.5, level - 4.5), (9, 9), f"point loss{hollow}")
    canvas.rect((at - 8, level - 8), (16, 16), "hit", _tip(group, source))


def _tip(group: Bin, source: str) -> str:
    text = f"{source} {percent(group.mean_prob)}: {percent(group.won.estimate)} won"
    if group.won.known:
        text += f" ({LEVEL} {span(group.won.low, group.won.high)})"
    return f"{text}, {count(group.n_bets, 'bet')} on {count(group.n_events, 'event')}"


def _numbers(scores: Calibration) -> Numbers:
    rows = tuple(
        (
            f"{source} {percent(group.mean_prob)}",
            percent(group.won.estimate),
            percent(group.won.low),
            percent(group.won.high),
            number(group.n_bets),
            number(group.n_events),
        )
        for source, groups in ((_OWN, scores.bins), (_MARKET, scores.market_bins))
        for group in groups
    )
    heads = ("mean probability", "won, %", f"low ({LEVEL})", f"high ({LEVEL})", "bets", "events")
    return Numbers(heads, rows)


def calibration_scores(scores: Calibration | None) -> Figure:
    """All scores of the probabilities used and of the closing market as a table, plain and weighted by odds.

    Parameters
    ----------
    scores : Calibration or None
        From `research.inference.calibration.calibration`; None where no bet can be scored.
    """
    question = "Are the probabilities better than the closing market by every score?"
    if scores is None:
        return Figure("scores", question, "No bet with a probability was won or lost in full.")
    rows, gaps = [], []
    for suffix, part in (("", scores.plain), (", weighted by odds", scores.weighted)):
        named = [
            ("log loss", part.log_loss),
            ("Brier score", part.brier),
            ("ranked probability score, 1x2", part.rps),
        ]
        known = [(f"{name}{suffix}", score) for name, score in named if score is not None]
        rows += [_score(name, score) for name, score in known]
        gaps += [score.difference for _, score in known if score.difference.known]
        error, none = part.ece, (NOTHING, NOTHING, NOTHING)
        rows.append((f"calibration error{suffix}", number(error.strategy, 4), number(error.market, 4), *none))
        chance = (number(error.strategy_by_chance, 4), number(error.market_by_chance, 4))
        rows.append((f"calibration error by chance{suffix}", *chance, *none))
    better, worse = sum(gap.high < 0 for gap in gaps), sum(gap.low > 0 for gap in gaps)
    answer = f"They are clearly better in {better} of {count(len(gaps), 'score')} and clearly worse in {worse}."
    if not gaps:
        answer = "No bet has a closing price to compare with."
        answer = "There are too few bets or days to say." if scores.has_market else answer
    note = (
        f"Lower is better. Clearly: the {LEVEL} interval of the difference excludes zero. Weighted by odds: each bet "
        "counts for what an error in its probability costs per unit of stake."
    )
    if scores.n_ranked:
        note += f" Ranked probability score: {count(scores.n_ranked, 'event')} with bets on home, draw and away."
    heads = ("score", "used", "market", "used − market", f"low ({LEVEL})", f"high ({LEVEL})")
    return Figure("scores", question, answer, None, Numbers(heads, tuple(rows)), note=note)


def _score(name: str, score: Score) -> tuple[str, ...]:
    gap = score.difference
    ends = (number(value, 4, sign=True) for value in (gap.estimate, gap.low, gap.high))
    return (name, number(score.strategy, 4), number(score.market, 4), *ends)
