"""A run on disk: its configurations, their results, and the path of each."""

from __future__ import annotations

import json
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
from engine.files import read_json, write_json
from research.config.kernel_params import params_of
from research.config.tape_spec import tape_spec_of
from research.inference.closing_calibration import ClosingCalibration
from research.records.folder import MANIFEST, find, run_folder
from research.records.leaks import leaking
from research.records.results import BETS, DAILY, RESULTS, ranked
from research.records.trials import Count, Ledger, Look
from research.tapes.closes import read_calibrations
from research.verdict.findings import (
    AFTER,
    FLAG_SCHEMA,
    FLAGS,
    PATH_BETS,
    PATH_DAILY,
    SPLITS,
    WITH_FLAGGED,
    Findings,
    backtest_findings,
    read_findings,
)
from research.verdict.judge import Flagged, PValues, Search, Verdict, judge
from research.verdict.levels import levels
from research.verdict.plausibility import FLAG_TEXTS
from research.verdict.price import PriceVerdict, judge_price, read_price
from research.verdict.ruin import BANKRUPT, BANKRUPT_SCHEMA, bankrupt_on

REPORT = "report.html"
ACKNOWLEDGED = "acknowledged.json"
ACKNOWLEDGED_SCHEMA = 1


class RunRecord:
    """A complete run on disk. It knows no page and no chart; `research.api.Run` adds both.

    Attributes
    ----------
    id : str
        Hash of everything the results depend on: configuration, rows, code, seed.
    folder : Path
    manifest : dict
        What made it: command, configuration, hashes, versions, counts, notes.

    Raises
    ------
    DataError
        The manifest cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._findings: dict[Path, Findings | None] = {}
        try:
            self.manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            self.id = str(self.manifest["run"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                "the run cannot be read", where=str(folder / MANIFEST), found=type(error).__name__
            ) from None

    @classmethod
    def open(cls, prefix: str) -> Self:
        """The run whose id starts with `prefix`; raises UsageError if none or several do."""
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
        """Keys that vary between configurations."""
        return list(self.manifest["keys"])

    @property
    def axes(self) -> list[str]:
        """The keys among `keys` that were swept over; the others vary with the option of a group."""
        branches = self.manifest["branches"]
        swept = {key for branch in branches for key in (*branch["axes"], *branch["choices"])}
        return [key for key in self.keys if key in swept]

    @property
    def chosen(self) -> list[int]:
        """Configurations whose bets and days are stored, best first."""
        return [int(one) for one in self.manifest["chosen"]]

    @property
    def report_path(self) -> Path:
        """Path of the report page, written or not."""
        return self.folder / REPORT

    def __len__(self) -> int:
        return int(self.manifest["counts"]["configurations"])

    def scan(self) -> pl.LazyFrame:
        """All configurations as a lazy frame: config, branch, tape, keys that vary, measures, counts of reasons."""
        path = self.folder / RESULTS
        if not path.is_file():
            raise DataError("the run is incomplete", where=str(path), todo="repeat its command with force=true")
        return pl.scan_parquet(path, glob=False)

    @cached_property
    def results(self) -> pl.DataFrame:
        """All configurations, in the order of their numbers."""
        return self.scan().collect()

    def leaderboard(self, top: int | None = None, order: str | None = None) -> pl.DataFrame:
        """Configurations, best first: config, the keys that vary, the measures.

        Those with fewer bets than ``sweep.bets_min`` come after all others, and last those with an unacknowledged flag.

        Parameters
        ----------
        top : int, optional
            Number of rows; default all.
        order : str, optional
            One of `engine.backtesting.measures.METRICS`; default that of the run.
        """
        table = self.scan().select("config", *self.keys, *METRICS)
        fewest = int(self.manifest.get("bets_min", 0))  # runs of earlier versions: 0
        return ranked(table, order or self.manifest["order"], top, self.unranked(), fewest)

    def best(self) -> int:
        """Number of the configuration that leads the leaderboard."""
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

    def tape(self, config: int | None = None) -> dict[str, Any]:
        """What the manifest says of the tape of one configuration; default the best."""
        tape: dict[str, Any] = self.manifest["tapes"][self._row(config)["tape"]]
        return tape

    def metrics(self, config: int | None = None) -> dict[str, Any]:
        """Measures of one configuration by name, and `reasons`, a count each."""
        row = self._row(config)
        reasons = {name.removeprefix("reason_"): row[name] for name in REASON_COLUMNS if name in row}
        return {name: row[name] for name in METRICS} | {"reasons": reasons}

    def reasons(self, config: int | None = None) -> pl.DataFrame:
        """How opportunities ended: reason and count, in the order of the checks; the last reason is a placed bet."""
        counts = self.metrics(config)["reasons"]
        return pl.DataFrame({"reason": list(counts), "count": list(counts.values())})

    def bets(self, config: int | None = None) -> pl.DataFrame:
        """Bets of one configuration (default the best), replayed if they are not stored.

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
        days: NDArray[np.float32] = np.load(path, mmap_mode="r")
        return days

    @property
    def findings(self) -> Findings | None:
        """Evidence against luck: of a sweep as stored, of a backtest from its days; None if a sweep has none.

        Flagged configurations are set aside until every flag of the run has been acknowledged.
        """
        if self.kind == "backtest":
            return self._backtest_findings
        folder = self._judged
        if folder not in self._findings:
            self._findings[folder] = read_findings(folder)
        return self._findings[folder]

    @cached_property
    def _backtest_findings(self) -> Findings:
        return backtest_findings(self.daily(1), int(self.manifest["seed"]))

    @property
    def _judged(self) -> Path:
        """Folder of the findings: those with nothing set aside once no flag stands."""
        everything = self.folder / WITH_FLAGGED
        return everything if everything.is_dir() and self.standing().is_empty() else self.folder

    def trials(self) -> Count:
        """Trials behind the run according to the ledger as it is now; at least the run's own configurations."""
        counted = Ledger().count(self.manifest.get("event_sets", []))
        findings = self.findings
        effective = float(len(self)) if findings is None else max(1.0, findings.evidence.effective)
        return Count(max(counted.raw, len(self)), max(counted.effective, effective))

    def look(self, kind: str = "sweep") -> Look:
        """Which sweep (or backtest) of its family this is according to the ledger; the first of simulated data."""
        known = self.manifest
        return Ledger().look(known.get("event_sets", []), self.id, str(known.get("finished_at", "")), kind)

    def acknowledged(self) -> list[str]:
        """Names of flags that a reader has acknowledged (`bea report RUN --acknowledge NAME`)."""

        def read(document: Any) -> list[str]:
            # a list alone is what version 0.1 wrote
            return [str(name) for name in (document if isinstance(document, list) else document["flags"])]

        what, todo = "the acknowledged flags cannot be read", "remove the file and acknowledge again"
        return read_json(self.folder / ACKNOWLEDGED, read, what, todo) or []

    def acknowledge(self, names: Sequence[str]) -> None:
        """Record that a reader has looked into these flags; raises UsageError for one that the run does not carry."""
        carried = self.flags()
        for name in names:
            if name not in carried:
                raise UsageError(f"no flag {name}", expected=", ".join(carried) or "the run has no flag", found=name)
        flags = sorted({*self.acknowledged(), *names})
        write_json(self.folder / ACKNOWLEDGED, {"schema": ACKNOWLEDGED_SCHEMA, "flags": flags})

    def flags(self) -> dict[str, str]:
        """Flags that configurations of the run carry, by name: what each says and its likely cause."""
        return {kind: FLAG_TEXTS[kind] for kind in self.flagged()["flag"].unique().sort()}

    def flagged(self) -> pl.DataFrame:
        """Which configuration carries which flag: config, flag. A leak flags every configuration on its tape."""
        path = self.folder / FLAGS
        parts = [self._table(FLAGS)] if path.is_file() else []
        for tape in self.manifest["tapes"]:
            if "made_of" in tape and leaking([tape["made_of"]]):
                numbers = pl.int_range(tape["first_config"], tape["last_config"] + 1, dtype=pl.Int64, eager=True)
                parts.append(pl.DataFrame({"config": numbers}).with_columns(flag=pl.lit("leak")))
        return pl.concat([pl.DataFrame(schema=FLAG_SCHEMA), *parts])

    def standing(self) -> pl.DataFrame:
        """Flags that nobody has acknowledged: config, flag."""
        return self.flagged().filter(~pl.col("flag").is_in(self.acknowledged()))

    def unranked(self) -> list[int]:
        """Configurations with a flag that nobody has acknowledged; the leaderboard lists them last."""
        return [int(one) for one in self.standing()["config"].unique().sort()]

    def set_aside(self) -> dict[int, tuple[str, ...]]:
        """Configurations that the verdict sets aside, each with its flags: neither selected nor judged, still tried."""
        findings = self.findings
        aside = () if findings is None else findings.set_aside
        flags = self.flagged().filter(pl.col("config").is_in(aside)).sort("config", "flag")
        named: dict[int, tuple[str, ...]] = {}
        for config, flag in flags.unique(maintain_order=True).iter_rows():
            named[config] = (*named.get(config, ()), flag)
        return {config: named.get(config, ("leak",)) for config in sorted(aside)}  # a leak that was mended since

    def verdict(self) -> Verdict | None:
        """The verdict of a sweep from the numbers as they are now; None for a backtest."""
        findings = self.findings
        if findings is None or self.kind == "backtest":
            return None
        evidence, aside = findings.evidence, findings.set_aside
        implausible = sum(flags != ("leak",) for flags in self.set_aside().values())
        judged = self.standing().filter(~pl.col("config").is_in(aside))
        flags = judged["flag"].unique().sort().to_list()
        return judge(
            PValues(evidence.p_all, evidence.p_selected, evidence.p_ensemble),
            Search(self.trials().effective, self.look().number),
            findings.out_of_sample,
            Flagged(flags, len(aside), implausible > evidence.betting, self.manifest["data"].get("closes_seen", False)),
        )

    def closing(self) -> tuple[ClosingCalibration, ...] | None:
        """Calibrations of the closing lines that its bets are measured against; None: not measured, as earlier."""
        return read_calibrations(self.folder)

    def price_verdict(self) -> PriceVerdict:
        """Whether the bets beat the closing line, from the numbers as they are now; of a backtest too."""
        look, read = self.look().number, self.look(self.kind).number if self.kind == "backtest" else 1
        return judge_price(read_price(self._judged), self.trials().effective, look, levels(look).alpha, read)

    def bankrupt(self) -> pl.DataFrame:
        """Configurations that went bankrupt (`research.verdict.ruin`), and when: config, date."""
        if self.kind == "backtest":
            day = bankrupt_on(self.daily(1))
            rows = {"config": [] if day is None else [1], "date": [] if day is None else [day]}
            return pl.DataFrame(rows, schema=BANKRUPT_SCHEMA)
        known = (self.folder / BANKRUPT).is_file()  # runs of earlier versions did not look
        return self._table(BANKRUPT) if known else pl.DataFrame(schema=BANKRUPT_SCHEMA)

    def after_the_last_bet(self, config: int) -> dict[str, int] | None:
        """Opportunities after the last bet of a stored configuration, by reason; None where it is not known."""
        if config not in self.chosen or not (self.folder / AFTER).is_file():
            return None
        return dict(self._table(AFTER).filter(pl.col("config") == config).select("reason", "count").iter_rows())

    def path_bets(self) -> pl.DataFrame:
        """Bets of the stitched out-of-sample path; raises DataError without validation."""
        return self._outside(PATH_BETS)

    def path_daily(self) -> pl.DataFrame:
        """Days of the stitched out-of-sample path: date, pnl_minor, equity_start_minor, n_bets."""
        return self._outside(PATH_DAILY)

    def splits(self) -> pl.DataFrame:
        """Cross-validation split by split: logit, inside, outside; no row if there were too few days."""
        return self._table(SPLITS, self._judged)

    def _outside(self, file: str) -> pl.DataFrame:
        folder = self._judged
        if not (folder / file).is_file():
            raise DataError("the run has no out-of-sample path", where=str(folder), todo="use validation")
        return self._table(file, folder)

    def _table(self, file: str, folder: Path | None = None) -> pl.DataFrame:
        """A table of the run, of its own folder by default; raises DataError if it is missing or damaged."""
        path = (folder or self.folder) / file
        try:
            return pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(
                "a table of the run cannot be read",
                where=str(path),
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
        """The path of a configuration whose bets are not stored; the store must still hold the same rows."""
        from engine.backtesting.run import replay
        from engine.custom_rule import load
        from research.tapes.builder import Tapes

        flat = self.parameters(row["config"])
        wanted, tapes = self.tape(row["config"]), Tapes()
        spec = replace(tape_spec_of(flat), fit_at=tuple(wanted.get("fit_at", ())))
        if tapes.rows(spec).hash != wanted["rows_hash"]:
            raise DataError(
                "the store does not hold the rows of this run any more",
                where=spec.store,
                todo="repeat the run's command",
            )
        _, params = params_of(flat)
        rule = None if spec.rule is None else load(spec.rule)
        if rule is not None and rule.hash not in self.manifest["rules"]:
            raise DataError("the staking rule is another one now", where=rule.path, todo="repeat the run's command")
        return replay(tapes.tape(spec), params, int(flat["seed"]), rule)

    def __repr__(self) -> str:
        n = self.manifest["counts"]["configurations"]
        return f"<Run {self.short}: {self.kind}, {n:,} configuration{'s' * (n != 1)}>"
