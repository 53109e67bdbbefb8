"""Do the probabilities come true: share of bets won against what was said, ours and the market's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from research.inference.calibration import Bin, Calibration, Score
from research.report.charts.axes import LEVEL_WORDS, SOLID_FROM, percent_tick
from research.report.drawing import Canvas, Scale, fits, ticks
from research.report.figure import Figure, Numbers
from research.report.text import NOTHING, THIN, count, number, percent, span

_QUESTION: Final = "Do the probabilities that were bet on come true?"
_OWN, _MARKET = "probability used", "closing market"
_BOTTOM: Final = 44.0


def calibration(found: Calibration | None) -> Figure:
    """Reliability diagram of the probabilities used and of the closing market on the same bets.

    Parameters
    ----------
    found : Calibration or None
        `research.inference.calibration.calibration`; None: no bet could be scored.
    """
    if found is None:
        return Figure("calibration", _QUESTION, "No bet with a probability was won or lost in full.")
    answer = _answer(found)

    def draw(width: float, css: str) -> str:
        return _draw(found, width).svg(answer, css)

    note = (
        f"Groups of equal size out of {count(found.n_bets, 'bet')} by probability; whiskers: 90 % of resampled events."
    )
    few = any(one.n_bets < SOLID_FROM for one in (*found.bins, *found.market_bins))
    note += f" Hollow: fewer than {SOLID_FROM} bets." if few else ""
    left = [f"{number(found.undecided)} without a full win or loss"] if found.undecided else []
    left += [f"{number(found.without_close)} without a closing price"] if found.without_close else []
    note += f" Left out: {', '.join(left)}." if left else ""
    note += " Bets are chosen for a high probability, so that even a good model promises somewhat too much on them."
    return Figure("calibration", _QUESTION, answer, draw, _numbers(found), note=note)


def _answer(found: Calibration) -> str:
    """Log loss of both, whether one is better, the same by odds, and the calibration error."""
    plain, error = found.plain.log_loss, found.plain.ece
    by_chance = f"{_points(error.strategy_by_chance)} would be there by chance"
    if not found.has_market:
        return (
            f"Their log loss is {number(plain.strategy, 4)}; no bet has a closing price to compare with. On average "
            f"they are {_points(error.strategy)} off what came; {by_chance}."
        )
    return (
        f"Their log loss is {number(plain.strategy, 4)}, that of the closing market on the same bets "
        f"{number(plain.market, 4)}: {_better(plain)}; weighted by odds {_better(found.weighted.log_loss)}. "
        f"On average they are {_points(error.strategy)} off what came, the market {_points(error.market)}; {by_chance}."
    )


def _points(value: float) -> str:
    return f"{number(value * 100, 1)}{THIN}points"


def _better(score: Score) -> str:
    """Whether ours or the market's is better by more than the interval."""
    gap = score.difference
    if not gap.known:
        return "too few bets or days to say which is better"
    if gap.high < 0:
        return "they beat the market"
    if gap.low > 0:
        return "the market is better"
    return "the two cannot be told apart"


def _draw(found: Calibration, width: float) -> Canvas:
    height = 330.0
    canvas = Canvas(width, height)
    low, high = _range((*found.bins, *found.market_bins))
    x, y = Scale(low, high, 64, width - 6), Scale(low, high, height - _BOTTOM, 40)
    canvas.text(0, 11, "share of bets won, %", "muted")
    for tick in ticks(low, high, 5):
        canvas.line((58, y(tick)), (x.end, y(tick)), "grid" if tick else "zero")
        canvas.text(52, y(tick) + 4.5, percent_tick(tick, high - low), "muted", "end")
        canvas.line((x(tick), height - _BOTTOM), (x(tick), height - _BOTTOM + 4), "zero")
        edge = "end" if x(tick) > x.end - 14 else "middle"
        canvas.text(x(tick), height - _BOTTOM + 18, percent_tick(tick, high - low), "muted", edge)
    canvas.text(x.end, height - 7, "mean probability, %", "muted", "end")
    canvas.line((x(low), y(low)), (x(high), y(high)), "reference")
    canvas.text(x.end, y(low) - 10, "dotted: as said", "muted halo", "end")
    _names(canvas, found)
    for group in found.market_bins:
        _point(canvas, (x, y), group, _MARKET)
    for group in found.bins:
        _point(canvas, (x, y), group, _OWN)
    return canvas


def _range(groups: Sequence[Bin]) -> tuple[float, float]:
    """One range for both axes: all means and shares, and the intervals of the groups with enough bets."""
    values = [value for one in groups for value in (one.mean_prob, one.won.estimate)]
    for one in groups:
        if one.won.known and one.n_bets >= SOLID_FROM:
            values += [one.won.low, one.won.high]
    room = (max(values) - min(values)) * 0.04 or 0.02
    return max(0.0, min(values) - room), min(1.0, max(values) + room)


def _names(canvas: Canvas, found: Calibration) -> None:
    """Which mark is whose, above the drawing: a disc for ours, a square for the market's."""
    canvas.dot(69, 27, 5, "point gain")
    canvas.text(80, 31, _OWN, "t1")
    if found.has_market:
        at = 80 + fits(_OWN) + 16
        canvas.rect((at - 4.5, 22.5), (9, 9), "point loss")
        canvas.text(at + 11, 31, _MARKET, "t2")


def _point(canvas: Canvas, scales: tuple[Scale, Scale], group: Bin, whose: str) -> None:
    x, y = scales
    at, level = x.clip(group.mean_prob), y.clip(group.won.estimate)
    if group.won.known:
        low, high = y.clip(group.won.low), y.clip(group.won.high)
        canvas.line((at, low), (at, high), "whisker")
        for end, value in ((low, group.won.low), (high, group.won.high)):
            if y.low <= value <= y.high:
                canvas.line((at - 4, end), (at + 4, end), "whisker")
    hollow = "" if group.n_bets >= SOLID_FROM else " hollow"
    if whose == _OWN:
        canvas.dot(at, level, 5, f"point gain{hollow}")
    else:
        canvas.rect((at - 4.5, level - 4.5), (9, 9), f"point loss{hollow}")
    canvas.rect((at - 8, level - 8), (16, 16), "hit", _tip(group, whose))


def _tip(group: Bin, whose: str) -> str:
    text = f"{whose} {percent(group.mean_prob)}: {percent(group.won.estimate)} won"
    if group.won.known:
        text += f" ({LEVEL_WORDS} {span(group.won.low, group.won.high)})"
    return f"{text}, {count(group.n_bets, 'bet')} on {count(group.n_events, 'event')}"


def _numbers(found: Calibration) -> Numbers:
    rows = tuple(
        (
            f"{whose} {percent(one.mean_prob)}",
            percent(one.won.estimate),
            percent(one.won.low),
            percent(one.won.high),
            number(one.n_bets),
            number(one.n_events),
        )
        for whose, groups in ((_OWN, found.bins), (_MARKET, found.market_bins))
        for one in groups
    )
    heads = ("mean", "won, %", f"low ({LEVEL_WORDS})", f"high ({LEVEL_WORDS})", "bets", "events")
    return Numbers(heads, rows)


def calibration_scores(found: Calibration | None) -> Figure:
    """All scores of the probabilities used and of the market as a table, plain and weighted by odds."""
    question = "Are they better than the closing market, whatever the score?"
    if found is None:
        return Figure("scores", question, "No bet with a probability was won or lost in full.")
    rows, told = [], []
    for words, scores in (("", found.plain), (", by odds", found.weighted)):
        named = [("log loss", scores.log_loss), ("Brier score", scores.brier), ("ranked score of 1x2", scores.rps)]
        listed = [(f"{name}{words}", score) for name, score in named if score is not None]
        rows += [_score(name, score) for name, score in listed]
        told += [score.difference for _, score in listed if score.difference.known]
        error, none = scores.ece, (NOTHING, NOTHING, NOTHING)
        rows.append((f"calibration error{words}", number(error.strategy, 4), number(error.market, 4), *none))
        chance = (number(error.strategy_by_chance, 4), number(error.market_by_chance, 4))
        rows.append((f"calibration error by chance{words}", *chance, *none))
    better, worse = sum(gap.high < 0 for gap in told), sum(gap.low > 0 for gap in told)
    answer = f"By more than the interval they are better in {better} of {count(len(told), 'score')}, worse in {worse}."
    if not told:
        answer = "Too few bets or days to say." if found.has_market else "No bet has a closing price to compare with."
    note = "Lower is better. By odds: a bet weighs what an error of its probability costs a unit of stake."
    if found.n_ranked:
        note += f" Ranked score: {count(found.n_ranked, 'event')} with home, draw and away bet."
    heads = ("score", "ours", "market", "ours − market", f"low ({LEVEL_WORDS})", f"high ({LEVEL_WORDS})")
    return Figure("scores", question, answer, None, Numbers(heads, tuple(rows)), note=note)


def _score(name: str, score: Score) -> tuple[str, ...]:
    gap = score.difference
    ends = (number(value, 4, sign=True) for value in (gap.estimate, gap.low, gap.high))
    return (name, number(score.strategy, 4), number(score.market, 4), *ends)
