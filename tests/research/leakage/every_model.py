"""The leak finder on every model: ``python -m tests.research.leakage.every_model --data FOLDER`` on real matches.

One strategy fits all models by `strategy=model_value`, as a backtest does, and offers the probabilities of each in a
column of its own. So one search, over the same changed futures, tests them all: a leak names the column of its model.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final

import polars as pl

from engine.source.read import read_files
from engine.store.store import Store
from engine.strategy import DECISION, History, Requirement, View
from research.leakage.decisions import OFFER, Decider, Decisions, Subject
from research.leakage.finder import Search, find_leaks
from research.leakage.findings import Findings
from research.leakage.mutation import UNCHANGED
from research.strategies.model_value import FittedValue, ModelValue
from tests.research.leakage.subjects import subject

#: models by the market that they answer for
MODELS: Final = {
    "1x2": (
        "market", "elo", "pi", "poisson", "dixon_coles", "bivariate_poisson", "score_driven", "logit", "lightgbm",
        "calibrated", "stack", "market_blend",
    ),
    "moneyline": ("elo_surface", "welo"),
}  # fmt: skip
#: of the script: source, files, bookmaker whose prices are read, and dates of the fits
_WORLDS: Final = {
    "1x2": (
        "football_data",
        tuple(f"{league}_{year}" for league in ("E0", "SP1") for year in ("1516", "1617", "1718", "1819")),
        ("2018-07-01", "2019-01-15"),
    ),
    "moneyline": ("tennis_data", ("2013", "2014"), ("2014-01-01", "2014-07-01")),
}


@dataclass(frozen=True)
class EveryModel:
    """The price taken for each selection, with a column of probabilities for each model.

    Attributes
    ----------
    of : tuple of ModelValue
        One for each model.
    fitted : tuple of FittedValue
        The same, fitted; empty before a fit.
    """

    name: ClassVar[str] = "every_model"
    of: tuple[ModelValue, ...]
    fitted: tuple[FittedValue, ...] = ()

    def requires(self) -> Requirement:
        """What any of them requires."""
        all_of = [one.requires() for one in self.of]
        named = [one.bookmakers for one in all_of]
        books = None if None in named else tuple(sorted({name for one in named for name in one or ()}))
        features = sorted({name for one in all_of for name in one.features})
        scope = next((one.scope for one in all_of if one.scope != DECISION), DECISION)
        markets = tuple(dict.fromkeys(one.market for one in self.of))
        return Requirement(markets, books, features=tuple(features), path=any(one.path for one in all_of), scope=scope)

    def fit(self, history: History, until: int) -> EveryModel:
        """Fit them all."""
        return replace(self, fitted=tuple(one.fit(history, until) for one in self.of))

    def opportunities(self, view: View) -> pl.DataFrame:
        """The prices taken; null where a model has no answer."""
        first = {one.market: one for one in reversed(self.of)}
        taken = pl.concat([one.taken(view) for one in first.values()])
        rows = taken.with_columns(prob=0.9 / pl.col("odds")).sort(OFFER)
        for one in self.fitted:
            answers = one.opportunities(view).select(*OFFER, pl.col("prob").alias(f"prob_{one.of.model}"))
            rows = rows.join(answers, on=list(OFFER), how="left", nulls_equal=True, maintain_order="left")
        return rows


def subject_of(names: Iterable[str], fit_at: tuple[str, ...], parameters: Mapping[str, Any] | None = None) -> Subject:
    """The subject of a search over models, fitted at dates.

    Parameters
    ----------
    names : iterable of str
    fit_at : tuple of str
        ISO dates.
    parameters : mapping
        Parameters by name; the others have their defaults.
    """
    market = {name: key for key, of in MODELS.items() for name in of}
    made = [ModelValue(name, (parameters or {}).get(name, {}), market=market[name], price="pinnacle") for name in names]
    strategy = EveryModel(tuple(made))
    tested = subject(strategy=lambda _: strategy)  # type: ignore[arg-type, return-value]
    return replace(tested, spec=replace(tested.spec, fit_at=fit_at))


def answered(tested: Subject) -> dict[str, int]:
    """Decisions for which each model has an answer."""
    with tempfile.TemporaryDirectory() as folder:
        decided, _ = Decider(tested, Path(folder)).decide(UNCHANGED)
    if not isinstance(decided, Decisions):
        raise decided.error
    names = [one.model for one in tested.strategy(tested.spec).of]  # type: ignore[attr-defined]
    by_decision = decided.offers.group_by("decided_at", "event_id").agg(pl.col("^prob_.*$").is_not_null().all())
    return {name: int(by_decision[f"prob_{name}"].sum()) for name in names}


def of_reference(folder: Path, reference: Path, market: str) -> None:
    """Fill a home with the real matches and the prices of Pinnacle that the search of a market needs."""
    source, files, _ = _WORLDS[market]
    suffix = {path.stem: path for path in (reference / source).iterdir()}
    batches = read_files(source, [suffix[name] for name in files])
    kept = [replace(one, quotes=one.quotes.filter(pl.col("bookmaker") == "pinnacle")) for one in batches]
    Store.create_or_open(folder / "data" / "store").apply(kept)


def lines(market: str, counts: Mapping[str, int], findings: Findings) -> list[str]:
    """A line of a table for each model: what was tested, and what was found."""
    found = {leak.column.removeprefix("prob_"): leak for leak in findings.leaks}
    fewest = min(held.decisions for held in findings.coverage.held.values())
    return [
        f"| `{name}` | {market} | {count:,} | {fewest} of {findings.coverage.decisions} | "
        f"{found[name].cause if name in found else findings.outcome} |"
        for name, count in counts.items()
    ]


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with football_data and tennis_data")
    parser.add_argument("--instants", type=int, default=10)
    options = parser.parse_args()
    for market in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["BEA_HOME"] = folder
            of_reference(Path(folder), options.data, market)
            tested, begun = subject_of(MODELS[market], _WORLDS[market][2]), time.process_time()
            counts = answered(tested)
            findings = find_leaks(tested, Search(options.instants))
            for line in lines(market, counts, findings):
                print(line)  # noqa: T201
            for reason in findings.unjudged:
                print(reason)  # noqa: T201
            print(f"{time.process_time() - begun:.0f} s of processor time", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
