"""What the prices of a decision say: fair probabilities, the overround, and how far the bookmakers disagree."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import ConfigurationError, unknown_name
from engine.odds import METHODS, fair_of_market, overround
from engine.schema import AGGREGATES, SELECTIONS
from research.forecasting.rows import KEY

Numbers = NDArray[np.float64]
#: instead of a bookmaker: the mean of all that have a complete book
CONSENSUS: Final = "consensus"
#: columns besides the probabilities
MEASURES: Final = ("overround", "disagreement", "n_books")
#: what the columns of `with_opening` begin with, before the name of the selection
OPENED: Final = "open_"
MOVED: Final = "move_"


def market_of(
    quotes: pl.DataFrame, market: str, bookmaker: str, method: str = "multiplicative", line: float | None = None
) -> pl.DataFrame:
    """The market at each decision: a pure function of the prices in force, whatever the order of their rows.

    Parameters
    ----------
    quotes : polars.DataFrame
        `engine.strategy.View.quotes`; back prices count, and flagged ones too.
    market : str
        A market of `schema.SELECTIONS`.
    bookmaker : str
        A bookmaker or an aggregate of the source, or `CONSENSUS`: the mean over all bookmakers without aggregates.
    method : str
        Method of margin removal (`engine.odds.METHODS`).
    line : float, optional
        Line of the market.

    Returns
    -------
    polars.DataFrame
        decided_at, event_id, one column of fair probabilities for each selection, and `MEASURES`:

        - overround: sum of the inverse prices of the bookmaker; the mean of it for a consensus;
        - disagreement: root mean square, over bookmakers and selections, of the distances of the bookmakers' fair
          probabilities from their mean; null with fewer than two bookmakers;
        - n_books: bookmakers with a complete book, without aggregates.

        One row for each decision with a complete book of the bookmaker (of any, for a consensus), sorted by
        (decided_at, event_id). A book for which the method gives a value outside (0, 1) is left out.

    Raises
    ------
    ConfigurationError
        An unknown market or method.
    """
    if market not in SELECTIONS:
        raise unknown_name("market", market, tuple(SELECTIONS), where="market")
    if method not in METHODS:
        raise unknown_name("method", method, METHODS, where="method")
    if not bookmaker:
        raise ConfigurationError("a market needs a bookmaker", expected=f"a name, or {CONSENSUS}", found="nothing")
    names = SELECTIONS[market]
    books = _books(quotes, market, line)
    odds = books.select(names).to_numpy()
    fair = np.asarray(fair_of_market(odds, market, method), np.float64).reshape(len(odds), len(names))
    inside = np.asarray(((fair > 0.0) & (fair < 1.0)).all(axis=1))
    books, fair, margins = books.filter(inside), fair[inside], np.asarray(overround(odds), np.float64)[inside]
    real = ~books["bookmaker"].is_in(AGGREGATES).to_numpy()
    means, spread = _means(books.filter(real), fair[real], margins[real], names)
    if bookmaker == CONSENSUS:
        return means.join(spread, on=KEY, how="left", maintain_order="left")
    own = (books["bookmaker"] == bookmaker).to_numpy()
    found = _framed(books.filter(own), fair[own], margins[own], names)
    joined = found.join(spread, on=KEY, how="left", maintain_order="left")
    return joined.with_columns(pl.col("n_books").fill_null(0))


def opening(path: pl.DataFrame) -> pl.DataFrame:
    """The first price of each series of every decision: the quotes at which the market opened, as far as it is known.

    Parameters
    ----------
    path : polars.DataFrame
        `engine.strategy.View.path`.

    Returns
    -------
    polars.DataFrame
        Rows of `path`, one for each (decided_at, event_id, market, line, selection, bookmaker, side), in its order: the
        one that became known first, of several known together the last.
    """
    series = [*KEY, "market", "line", "selection", "bookmaker", "side"]
    first = path.filter(pl.col("known_at") == pl.col("known_at").min().over(series))
    return first.unique(series, keep="last", maintain_order=True)


def move_of(before: pl.DataFrame, now: pl.DataFrame, market: str) -> pl.DataFrame:
    """How far the market has moved between two states of it, for each decision that both have.

    Parameters
    ----------
    before, now : polars.DataFrame
        `market_of`, of the prices at the opening and of those in force, with the same decisions.
    market : str

    Returns
    -------
    polars.DataFrame
        decided_at, event_id, one column for each selection: the logarithm of the ratio of its probabilities, now over
        before. Above 0: the price has shortened.
    """
    names = SELECTIONS[market]
    both = now.join(before, on=KEY, how="inner", suffix="_before", maintain_order="left")
    return both.select(*KEY, *((pl.col(name) / pl.col(f"{name}_before")).log().alias(name) for name in names))


def with_opening(now: pl.DataFrame, before: pl.DataFrame, market: str) -> pl.DataFrame:
    """A market with its state at the opening.

    Parameters
    ----------
    now, before : polars.DataFrame
        `market_of`, of the prices in force and of those of `opening`.
    market : str

    Returns
    -------
    polars.DataFrame
        The rows and columns of `now`, then for each selection ``open_SELECTION``, its probability at the opening, and
        ``move_SELECTION``, as `move_of`; null where a book was not complete at the opening.
    """
    names = SELECTIONS[market]
    opened = before.select(*KEY, *(pl.col(name).alias(f"{OPENED}{name}") for name in names))
    moved = move_of(before, now, market).rename({name: f"{MOVED}{name}" for name in names})
    return now.join(opened, on=KEY, how="left", maintain_order="left").join(
        moved, on=KEY, how="left", maintain_order="left"
    )


def _books(quotes: pl.DataFrame, market: str, line: float | None) -> pl.DataFrame:
    """Complete books: `KEY`, bookmaker and the price of each selection, sorted."""
    names, keys = SELECTIONS[market], [*KEY, "bookmaker"]
    wanted = (pl.col("market") == market) & (pl.col("side") == "back") & pl.col("line").eq_missing(pl.lit(line))
    priced = (pl.col("odds").filter(pl.col("selection") == name).first().alias(name) for name in names)
    return quotes.filter(wanted).group_by(keys).agg(*priced).drop_nulls(names).sort(keys)


def _framed(books: pl.DataFrame, fair: Numbers, margins: Numbers, names: tuple[str, ...]) -> pl.DataFrame:
    columns = {name: fair[:, number] for number, name in enumerate(names)}
    return books.select(KEY).with_columns(**columns, overround=margins)


def _means(
    books: pl.DataFrame, fair: Numbers, margins: Numbers, names: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of each decision, the means over its bookmakers; and the disagreement with the number of bookmakers.

    Values are added in the order of the bookmakers' names, so that the bits depend on no other decision.
    """
    run = books.select(pl.struct(KEY).rle_id()).to_series().to_numpy()
    firsts = np.flatnonzero(np.append(True, run[1:] != run[:-1])[: len(run)])
    count = np.bincount(run, minlength=len(firsts)).astype(np.float64)
    mean = np.column_stack([_summed(run, fair[:, n], len(firsts)) / count for n in range(len(names))])
    squares = ((fair - mean[run]) ** 2).sum(axis=1) / len(names)
    spread = np.sqrt(_summed(run, squares, len(firsts)) / count)
    decisions = books[firsts]
    means = _framed(decisions, mean, _summed(run, margins, len(firsts)) / count, names)
    measured = decisions.select(KEY).with_columns(disagreement=spread, n_books=count.astype(np.int64))
    alone = pl.col("n_books") < 2
    return means, measured.with_columns(pl.when(~alone).then("disagreement").otherwise(None).alias("disagreement"))


def _summed(run: NDArray[np.intp], values: Numbers, n: int) -> Numbers:
    return np.bincount(run, weights=values, minlength=n).astype(np.float64)
