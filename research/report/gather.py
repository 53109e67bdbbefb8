"""From a run on disk to the data of its page."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from engine.backtesting.measures import METRICS
from research.report.activity import activity
from research.report.data import Bankrupt, Chosen, Configuration, Luck, ReportData, SetAside, compounding
from research.report.naming import settings
from research.report.text import count
from research.tapes.matches import with_matches

if TYPE_CHECKING:
    from research.records.run import RunRecord

#: most configurations whose charts are drawn
PATHS: Final = 4
#: most configurations that are named with their settings in a list
NAMED: Final = 3
#: keys that name the option of a group
NAMES: Final = ("strategy.name", "staking.name")


def gather(run: RunRecord) -> ReportData:
    """Everything the page shows about a run.

    Parameters
    ----------
    run : RunRecord
        A complete run. Configurations whose bets are not stored are replayed.
    """
    board = run.leaderboard()
    keys = distinguishing(board, run.keys, run.axes)
    board = board.select("config", *keys, *METRICS)
    board = board.with_columns(plain_words(run, board.columns))
    marks = _marks(run)
    board = board if marks.is_empty() else board.join(marks, on="config", how="left", maintain_order="left")
    numbers = run.chosen[:PATHS] or [int(board["config"][0])]
    selected = tuple(configuration(run, number) for number in numbers)
    gone = run.bankrupt()
    return ReportData(
        run.id,
        board,
        tuple(keys),
        str(run.manifest["order"]),
        selected,
        run.manifest,
        luck(run, keys),
        bankruptcies(run, keys, gone),
        gone.height,
    )


def among(manifest: Mapping[str, Any]) -> str:
    """Which configurations a leaderboard ranks first, as the end of a phrase; empty where that is all with a bet."""
    fewest = int(manifest.get("bets_min", 0))
    return f" among those with at least {count(fewest, 'bet')}" if fewest > 1 else ""


def configuration(run: RunRecord, number: int | None = None) -> Configuration:
    """One configuration with its bets and days.

    Parameters
    ----------
    run : RunRecord
    number : int, optional
        Its number in the run; the best one by default.
    """
    number = run.best() if number is None else number
    return Configuration(
        config=number,
        parameters=named(run, number),
        metrics=run.metrics(number),
        bets=with_matches(run.bets(number)),
        daily=run.daily(number),
        reasons=run.reasons(number),
        seed=int(run.manifest.get("seed") or 0),
        end=last_day(run),
        after=run.after_the_last_bet(number),
        turns=run.tape(number).get("regimes"),
    )


def named(run: RunRecord, config: int) -> dict[str, Any]:
    """All dotted keys of a configuration, and the options of groups that were swept, such as ``risk``."""
    row = run.results.row(config - 1, named=True)
    branch = run.manifest["branches"][row["branch"]]
    options = {key: row[key] for key in branch["choices"] if key in row}
    return run.parameters(config) | options


def last_day(run: RunRecord) -> dt.date | None:
    """The last day of the data; None where it is not the same for all configurations."""
    last = run.manifest["data"].get("last_date")
    varies = any(key.startswith("data.") for key in run.axes)
    return None if varies or not last else dt.date.fromisoformat(str(last))


def bankruptcies(run: RunRecord, keys: Sequence[str], gone: pl.DataFrame) -> tuple[Bankrupt, ...]:
    """The first configurations that went bankrupt: those whose paths are stored, then by number."""
    dates = dict(gone.iter_rows())
    configs = [*(config for config in run.chosen if config in dates), *sorted(set(dates) - set(run.chosen))]
    found = []
    for config in configs[:NAMED]:
        metrics, words = run.metrics(config), settings(named(run, config), keys)
        amounts = int(metrics["n_bets"]), metrics["yield"], -float(metrics["pnl_minor"])
        found.append(Bankrupt(config, words, dates[config], *amounts))
    return tuple(found)


def _marks(run: RunRecord) -> pl.DataFrame:
    """What a row needs to be read with, as words: its flags, and the day on which it went bankrupt; config, flag."""
    gone = run.bankrupt().select("config", flag=pl.format("bankrupt {}", pl.col("date").cast(pl.String)))
    flags = run.flagged().select("config", pl.col("flag").str.replace_all("_", " "))
    return pl.concat([flags, gone]).group_by("config").agg(pl.col("flag").unique().sort().str.join(", "))


def luck(run: RunRecord, keys: Sequence[str]) -> Luck | None:
    """What is known about luck; None for a sweep of an early version. Configurations are named by `keys`."""
    findings = run.findings
    if findings is None:
        return None
    bets = daily = None
    if findings.out_of_sample is not None:
        bets, daily = with_matches(run.path_bets()), with_compounding(run, run.path_daily())
    elif run.kind == "backtest":
        bets = with_matches(run.bets(1).with_columns(net_minor=pl.col("pnl_minor").fill_null(0)))
        daily = run.daily(1)
    return Luck(
        findings=findings,
        verdict=run.verdict(),
        trials=run.trials(),
        selected_bets=0 if findings.selected is None else int(run.metrics(findings.selected)["n_bets"]),
        path_bets=bets,
        path_daily=daily,
        splits=pl.DataFrame() if run.kind == "backtest" else run.splits(),
        flags=run.flags(),
        acknowledged=tuple(run.acknowledged()),
        aside=set_aside(run, keys),
        chosen=None if findings.selected is None else _chosen(run, findings.selected, keys),
        path=None if findings.out_of_sample is None or daily is None else activity(daily, last_day(run)),
        earlier=run.look().earlier,
        price=run.price_verdict(),
        closing=run.closing() or (),
    )


def with_compounding(run: RunRecord, daily: pl.DataFrame) -> pl.DataFrame:
    """Days of the stitched path with `compounds`: whether the stakes of the fold are fractions of the bankroll."""
    shares, windows = pl.lit(False), () if run.findings is None else run.findings.windows
    for window in windows:
        fraction = window.config is not None and compounding(run.parameters(window.config))
        begins = pl.col("date") >= dt.date.fromisoformat(window.first)
        shares = pl.when(begins).then(pl.lit(fraction)).otherwise(shares)
    return daily.with_columns(shares.alias("compounds"))


def _chosen(run: RunRecord, config: int, keys: Sequence[str]) -> Chosen:
    when = activity(run.daily(config), last_day(run), run.after_the_last_bet(config))
    return Chosen(config, settings(named(run, config), keys), when)


def set_aside(run: RunRecord, keys: Sequence[str]) -> tuple[SetAside, ...]:
    """The first configurations that the verdict sets aside, named by these keys."""
    first = list(run.set_aside().items())[:NAMED]
    return tuple(SetAside(config, flags, settings(named(run, config), keys)) for config, flags in first)


def naming_keys(run: RunRecord) -> list[str]:
    """The keys that tell the configurations of a run apart; none of a backtest."""
    return distinguishing(run.results, run.keys, run.axes) if len(run) > 1 else []


def distinguishing(board: pl.DataFrame, keys: list[str], axes: list[str]) -> list[str]:
    """The keys that distinguish the rows: names of options, swept keys, and others only where those do not suffice.

    Parameters
    ----------
    board : polars.DataFrame
        A row a configuration, a column a key.
    keys : list of str
        All keys, in the order of the result.
    axes : list of str
        Keys that were swept.
    """
    shown = [key for key in keys if key in axes or key in NAMES]
    shown = [key for key in shown if board[key].n_unique() > 1] if board.height > 1 else shown
    rest = [key for key in keys if key not in shown and board[key].n_unique() > 1]
    distinct = board.select(shown).n_unique() if shown else 1
    for key in rest:
        if distinct >= board.height:
            break
        more = board.select([*shown, key]).n_unique()
        if more > distinct:
            shown, distinct = [*shown, key], more
    return [key for key in keys if key in shown]


def plain_words(run: RunRecord, columns: Sequence[str]) -> list[pl.Expr]:
    """Columns of JSON texts as words: ``["1x2","totals"]`` becomes ``1x2, totals``."""
    texts = [key for key in run.manifest.get("json_columns", []) if key in columns]
    return [pl.col(key).map_elements(_words, return_dtype=pl.String) for key in texts]


def _words(text: str) -> str:
    value = json.loads(text)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return str(value)
