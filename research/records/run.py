"""A run as an object: what was tried, what came of it, and the path of each configuration."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.backtesting.measures import METRICS, REASON_COLUMNS
from engine.errors import DataError, UsageError
from engine.files import write_json
from engine.kernel.params import Params
from research.config.kernel_params import configuration, matrix
from research.config.tape_spec import tape_spec_of
from research.records.folder import MANIFEST, find, run_folder
from research.records.leaks import leaking
from research.records.results import BETS, DAILY, RESULTS, ranked
from research.records.trials import Count, Ledger
from research.verdict.findings import FLAGS, PATH_BETS, PATH_DAILY, SCHEMA, SPLITS, Findings, alone, read
from research.verdict.judge import Verdict, judge
from research.verdict.plausibility import WORDS

REPORT = "report.html"
ACKNOWLEDGED = "acknowledged.json"


class RunRecord:
    """A complete run on disk.

    Attributes
    ----------
    id : str
        Hash of configuration, rows used, sources and seed.
    folder : Path
    manifest : dict
        What made it: command, configuration, hashes, versions, counts, notes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            self.id = str(self.manifest["run"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                "the run cannot be read", where=str(folder / MANIFEST), found=type(error).__name__
            ) from None

    @classmethod
    def open(cls, prefix: str) -> Self:
        """The run whose id starts with `prefix`; raises UsageError where there is none or more than one."""
        return cls(run_folder(find(prefix)))

    @property
    def short(self) -> str:
        """The first digits of the id."""
        return self.id[:12]

    @property
    def kind(self) -> str:
        """``backtest`` or ``sweep``."""
        return str(self.manifest["kind"])

    @property
    def keys(self) -> list[str]:
        """Keys that are not the same in all configurations."""
        return list(self.manifest["keys"])

    @property
    def axes(self) -> list[str]:
        """Keys and groups that were swept over, of those in `keys`; the others vary with the options of a group."""
        branches = self.manifest["branches"]
        swept = {key for branch in branches for key in (*branch["axes"], *branch["choices"])}
        return [key for key in self.keys if key in swept]

    @property
    def chosen(self) -> list[int]:
        """Configurations whose bets and days are stored, best first."""
        return [int(one) for one in self.manifest["chosen"]]

    @property
    def report_path(self) -> Path:
        """Where the page is, or will be."""
        return self.folder / REPORT

    def __len__(self) -> int:
        return int(self.manifest["counts"]["configurations"])

    def scan(self) -> pl.LazyFrame:
        """All configurations, lazily: config, branch, tape, keys that vary, measures, counts of reasons."""
        path = self.folder / RESULTS
        if not path.is_file():
            raise DataError("the run is incomplete", where=str(path), todo="repeat its command with force=true")
        return pl.scan_parquet(path, glob=False)

    @cached_property
    def results(self) -> pl.DataFrame:
        """All configurations in their order."""
        return self.scan().collect()

    def leaderboard(self, top: int | None = None, order: str | None = None) -> pl.DataFrame:
        """Configurations, best first: config, the keys that vary, the measures.

        Parameters
        ----------
        top : int, optional
            So many of them; default all.
        order : str, optional
            One of `engine.backtesting.measures.METRICS`; default the run's own. What did not bet stands last, behind
            it what
            carries a flag that nobody has acknowledged.
        """
        table = self.scan().select("config", *self.keys, *METRICS)
        return ranked(table, order or self.manifest["order"], top, self.unranked())

    def best(self) -> int:
        """Number of the first configuration of the leaderboard."""
        return int(self.leaderboard(1)["config"][0])

    def parameters(self, config: int | None = None) -> dict[str, Any]:
        """All dotted keys of one configuration; default the best."""
        row = self._row(config)
        branch = self.manifest["branches"][row["branch"]]
        flat = dict(branch["base"])
        for key in branch["axes"]:
            if key in row:
                text = row[key]
                flat[key] = json.loads(text) if key in self.manifest["json_columns"] and text is not None else text
        return flat

    def metrics(self, config: int | None = None) -> dict[str, Any]:
        """Measures of one configuration by name, and `reasons`, a count each."""
        row = self._row(config)
        reasons = {name.removeprefix("reason_"): row[name] for name in REASON_COLUMNS}
        return {name: row[name] for name in METRICS} | {"reasons": reasons}

    def reasons(self, config: int | None = None) -> pl.DataFrame:
        """Why opportunities were not taken: reason, count, in the order in which they are asked; the last is a bet."""
        counts = self.metrics(config)["reasons"]
        return pl.DataFrame({"reason": list(counts), "count": list(counts.values())})

    def bets(self, config: int | None = None) -> pl.DataFrame:
        """Bets of one configuration (default the best); one that was not chosen is replayed.

        Columns as in `engine.backtesting.path.Path.bets`.
        """
        return self._path(config, BETS, "bets")

    def days(self, tape: int = 0) -> NDArray[np.float32]:
        """P&L by day of all configurations of a tape, minor units: float32 (configurations, days), mapped, not read.

        Raises
        ------
        DataError
            The run was made without ``sweep.days=true``.
        """
        path = self.folder / f"days-{tape}.npy"
        if not path.is_file():
            raise DataError("the run holds no P&L by day", where=str(path), todo="repeat it with sweep.days=true")
        found: NDArray[np.float32] = np.load(path, mmap_mode="r")
        return found

    @cached_property
    def findings(self) -> Findings | None:
        """What is known of luck: of a sweep as stored, of a backtest by its days; None of a sweep made without."""
        if self.kind == "backtest":
            return alone(self.daily(1), int(self.manifest["seed"]))
        return read(self.folder)

    def trials(self) -> Count:
        """Trials that stand behind the run by the ledger as it is now; at least the run's own."""
        counted = Ledger().count(self.manifest.get("event_sets", []))
        found = self.findings
        own = Count(len(self), float(len(self)) if found is None else max(1.0, found.evidence.effective))
        return Count(max(counted.raw, own.raw), max(counted.effective, own.effective))

    def acknowledged(self) -> list[str]:
        """Names of flags that a reader has looked into (`bea report RUN --acknowledge NAME`)."""
        path = self.folder / ACKNOWLEDGED
        if not path.is_file():
            return []
        try:
            return [str(one) for one in json.loads(path.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError) as error:
            raise DataError(
                "what was acknowledged cannot be read",
                where=str(path),
                found=type(error).__name__,
                todo="remove the file and acknowledge again",
            ) from None

    def acknowledge(self, names: Sequence[str]) -> None:
        """Write down that these flags were looked into; raises UsageError for one that does not stand."""
        standing = self.flags()
        for name in names:
            if name not in standing:
                raise UsageError(f"no flag {name}", expected=", ".join(standing) or "none stands", found=name)
        write_json(self.folder / ACKNOWLEDGED, sorted({*self.acknowledged(), *names}))

    def flags(self) -> dict[str, str]:
        """Flags of plausibility and leaks that configurations of the run carry: name, what it says, likely cause."""
        return {kind: WORDS[kind] for kind in self.flagged()["flag"].unique().sort()}

    def flagged(self) -> pl.DataFrame:
        """Which configuration carries which flag: config, flag. A leak is one of every configuration on its tape."""
        path = self.folder / FLAGS
        parts = [self._table(FLAGS)] if path.is_file() else []
        for tape in self.manifest["tapes"]:
            if "made_of" in tape and leaking([tape["made_of"]]):
                numbers = pl.int_range(tape["first_config"], tape["last_config"] + 1, dtype=pl.Int64, eager=True)
                parts.append(pl.DataFrame({"config": numbers}).with_columns(flag=pl.lit("leak")))
        return pl.concat([pl.DataFrame(schema=SCHEMA), *parts])

    def unranked(self) -> list[int]:
        """Configurations that carry a flag which nobody has acknowledged: they stand behind all others."""
        standing = self.flagged().filter(~pl.col("flag").is_in(self.acknowledged()))
        return [int(one) for one in standing["config"].unique().sort()]

    def verdict(self) -> Verdict | None:
        """Evidence of an edge, or no winner, by the numbers as they are now; None of a backtest."""
        found = self.findings
        if found is None or self.kind == "backtest":
            return None
        evidence, seen = found.evidence, self.acknowledged()
        return judge(
            evidence.p_all,
            math.nan if evidence.picked is None else evidence.picked.p_value,
            self.trials().effective,
            found.outside,
            [name for name in self.flags() if name not in seen],
        )

    def path_bets(self) -> pl.DataFrame:
        """Bets of the stitched out-of-sample path; raises DataError where nothing was validated."""
        return self._outside(PATH_BETS)

    def path_daily(self) -> pl.DataFrame:
        """Days of the stitched out-of-sample path: date, pnl_minor, equity_start_minor, n_bets."""
        return self._outside(PATH_DAILY)

    def splits(self) -> pl.DataFrame:
        """Cross-validation split by split: logit, inside, outside; no row where there was too little."""
        return self._table(SPLITS)

    def _outside(self, file: str) -> pl.DataFrame:
        if not (self.folder / file).is_file():
            raise DataError("the run has no out-of-sample path", where=str(self.folder), todo="use validation")
        return self._table(file)

    def _table(self, file: str) -> pl.DataFrame:
        """A table of the run; raises DataError where it is not there, or damaged."""
        try:
            return pl.read_parquet(self.folder / file)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(
                "a table of the run cannot be read",
                where=str(self.folder / file),
                found=type(error).__name__,
                todo="repeat its command with force=true",
            ) from None

    def daily(self, config: int | None = None) -> pl.DataFrame:
        """Daily P&L of one configuration (default the best); columns as in `engine.backtesting.path.Path.daily`."""
        return self._path(config, DAILY, "daily")

    def _row(self, config: int | None) -> dict[str, Any]:
        number = self.best() if config is None else config
        if not 1 <= number <= len(self):
            raise UsageError(f"run {self.short} has no configuration {number}", expected=f"1 to {len(self)}")
        row: dict[str, Any] = self.scan().slice(number - 1, 1).collect().row(0, named=True)
        return row

    def _path(self, config: int | None, file: str, what: str) -> pl.DataFrame:
        row = self._row(config)
        number = int(row["config"])
        if number in self.chosen and (self.folder / file).is_file():
            frame = pl.scan_parquet(self.folder / file, glob=False).filter(pl.col("config") == number)
            return frame.drop("config").collect()
        return getattr(self._replayed(row), what)  # type: ignore[no-any-return]

    def _replayed(self, row: dict[str, Any]) -> Any:
        """The path of a configuration that was not chosen, from its tape; the store must still hold the same rows."""
        from engine.backtesting.run import replay
        from engine.custom_rule import load
        from research.tapes.builder import Tapes

        flat = self.parameters(row["config"])
        wanted, tapes = self.manifest["tapes"][row["tape"]], Tapes()
        spec = replace(tape_spec_of(flat), fit_at=tuple(wanted.get("fit_at", ())))
        if tapes.rows(spec).hash != wanted["rows_hash"]:
            raise DataError(
                "the store does not hold the rows of this run any more",
                where=spec.store,
                todo="repeat the run's command",
            )
        numbers = matrix(pl.DataFrame({"branch": [0]}), {0: flat}, {0: frozenset()})
        configuration(numbers[0])
        rule = None if spec.rule is None else load(spec.rule)
        if rule is not None and rule.hash not in self.manifest["rules"]:
            raise DataError("the staking rule is another one now", where=rule.path, todo="repeat the run's command")
        return replay(tapes.tape(spec), Params(*numbers[0].tolist()), int(flat["seed"]), rule)

    def __repr__(self) -> str:
        counts = self.manifest["counts"]
        return f"<Run {self.short}: {self.kind}, {counts['configurations']:,} configurations>"
