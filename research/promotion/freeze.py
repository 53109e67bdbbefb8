"""Promote a configuration of a run: replay it, hold it against the gates, draw its bands, sign and write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import polars as pl

from engine.backtesting.path import Path
from engine.clock import DAY_NS
from engine.errors import PromotionError
from engine.files import plain
from engine.promotion import Promotion, changing, check_free, iso, publish
from research.adapters.by_name import terms_of, venue_names
from research.config.keys import complete
from research.config.tape_spec import TapeSpec, staking_path, store_place
from research.promotion.bands import bands
from research.promotion.deployed import spec_of
from research.promotion.gates import Candidate, Gate, acknowledge, adapter_gate, gates_of
from research.promotion.hashes import bets_hash, code_hashes
from research.promotion.proof import first_difference, keep_bets, replayed
from research.promotion.reference import Reference, reference_of, spans_of
from research.promotion.settings import PromotionSettings
from research.records.results import BETS
from research.records.run import RunRecord
from research.records.summary import price_summary, verdict_summary
from research.tapes.builder import Tapes


@dataclass(frozen=True)
class Wanted:
    """What the user asks for.

    Attributes
    ----------
    name : str
        Of the promotion and of its ledger.
    settings : PromotionSettings
        Of the mode.
    currency : str
    acknowledged : mapping of str to str
        Reasons by gate.
    """

    name: str
    settings: PromotionSettings
    currency: str
    acknowledged: Mapping[str, str]


@dataclass(frozen=True)
class Prepared:
    """A configuration with everything that its promotion needs, before the gates open.

    Attributes
    ----------
    candidate : Candidate
    spec : TapeSpec
    path : Path
        Replayed with today's code.
    gates : tuple of Gate
        With the reasons of those that were acknowledged.
    """

    candidate: Candidate
    spec: TapeSpec
    path: Path
    gates: tuple[Gate, ...]

    @property
    def closed(self) -> list[Gate]:
        """Gates that failed and were not acknowledged."""
        return [gate for gate in self.gates if not gate.is_open]


def prepare(run: RunRecord, config: int, wanted: Wanted, more: tuple[Gate, ...] = ()) -> Prepared:
    """Replay a configuration of a run and hold it against the gates.

    Parameters
    ----------
    run : RunRecord
    config : int
        Its number in the run.
    wanted : Wanted
    more : tuple of Gate
        Gates beside those of the backtest, such as those of the time on paper.

    Raises
    ------
    PromotionError
        The name is taken, or today's code or store does not give the bets of the run.
    UsageError
        A gate that is acknowledged does not exist.
    """
    check_free(wanted.name)
    settings, tapes = frozen_settings(run.parameters(config)), Tapes()
    tape = run.tape(config)
    spec = spec_of(settings, tuple(tape.get("fit_at", ())))
    if tapes.rows(spec).hash != tape["rows_hash"]:
        raise _changed("the store does not hold the rows of the run any more", spec.store, "", "")
    path = replayed(spec, settings, tapes)
    _check_same(run, config, path)
    reference: Reference = reference_of(path, tapes.tape(spec), spans_of(run.findings, config))
    candidate = Candidate(run, config, settings, path.daily, reference)
    gates = [*gates_of(candidate, wanted.settings.gates), *more]
    if wanted.settings.mode == "live":
        venues = {name: terms_of(name).bookmakers for name in venue_names()}
        gates.append(adapter_gate(tapes.tape(spec).bookmaker_names, venues))
    gates = acknowledge(gates, wanted.acknowledged, wanted.settings.never_acknowledged)
    return Prepared(candidate, spec, path, tuple(gates))


def promote(prepared: Prepared, wanted: Wanted, now_ns: int) -> Promotion:
    """Write the promotion of a configuration whose gates are open.

    Parameters
    ----------
    prepared : Prepared
    wanted : Wanted
    now_ns : int
        UTC nanoseconds.

    Raises
    ------
    PromotionError
        A gate is closed, the name is taken, or there are too few days for bands.
    """
    if prepared.closed:
        names = ", ".join(gate.name for gate in prepared.closed)
        raise PromotionError(
            f"{len(prepared.closed)} of {len(prepared.gates)} gates are closed",
            found=names,
            todo='what is acknowledged is shown wherever the promotion is: --acknowledge GATE="reason"',
        )
    candidate, spec, run = prepared.candidate, prepared.spec, prepared.candidate.run
    settings, seed = candidate.settings, int(candidate.settings["seed"])
    reference = candidate.reference
    if reference.until_ns > now_ns:
        raise PromotionError(
            "the backtest reaches into the future",
            expected=f"bets before {iso(now_ns)}",
            found=f"one at {iso(reference.until_ns)}",
            todo="set the clock of this machine, or data.last_date",
        )
    drawn = bands(list(reference.days), wanted.settings.bands, seed, reference.basis)
    drawn["reference"]["until_ns"] = reference.until_ns
    hashes = code_hashes(spec) | {
        "data": str(run.tape(candidate.config)["rows_hash"]),
        "bets": bets_hash(prepared.path.bets),
    }
    promotion = Promotion(
        name=wanted.name,
        mode=wanted.settings.mode,
        run=run.id,
        configuration=candidate.config,
        settings=plain(dict(settings)),
        seed=seed,
        currency=wanted.currency,
        zone=spec.zone,
        fit_at=spec.fit_at,
        hashes=hashes,
        verdict=_verdicts(run),
        bands=drawn,
        gates=tuple(plain(gate.plain()) for gate in prepared.gates),
        created_ns=now_ns,
        expires_ns=now_ns + wanted.settings.expires_days * DAY_NS,
    )
    with changing(wanted.name):
        check_free(wanted.name)  # again: the bets of a promotion that came in the meantime are not replaced
        keep_bets(wanted.name, prepared.path.bets)
        return publish(promotion)


def frozen_settings(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All keys of a configuration, checked, with the places of files that do not depend on the current folder."""
    settings = complete(parameters)
    if settings["data.store"] not in (None, "embedded:sample"):
        settings["data.store"] = store_place(settings["data.store"])
    if settings.get("strategy.file"):
        settings["strategy.file"] = str(FilePath(settings["strategy.file"]).expanduser().absolute())
    if settings.get("staking.file"):
        settings["staking.file"] = str(staking_path(settings["staking.file"]))
    return settings


def _check_same(run: RunRecord, config: int, path: Path) -> None:
    """Today's code must give what the run holds: the bets where they are stored, else the measures."""
    if config in run.chosen and (run.folder / BETS).is_file():
        stored: pl.DataFrame = run.bets(config)
        if difference := first_difference(stored, path.bets):
            raise _changed("today's code does not make the bets of the run", f"run {run.short}", "", difference)
        return
    metrics = run.metrics(config)
    pnl = int(path.daily["pnl_minor"].sum()), path.bets.height
    if (int(metrics["pnl_minor"]), int(metrics["n_bets"])) != pnl:
        expected = f"{int(metrics['n_bets'])} bets and a profit of {int(metrics['pnl_minor'])}"
        raise _changed(
            "today's code does not make the bets of the run", f"run {run.short}", expected, f"{pnl[1]} and {pnl[0]}"
        )


def _changed(what: str, where: str, expected: str, found: str) -> PromotionError:
    return PromotionError(
        what, where=where, expected=expected, found=found, todo="repeat the run's command with force=true"
    )


def _verdicts(run: RunRecord) -> dict[str, Any]:
    trials = run.trials()
    document: dict[str, Any] = plain(
        {
            "money": verdict_summary(run) if run.kind == "sweep" else None,
            "price": price_summary(run),
            "trials_raw": trials.raw,
            "trials_effective": trials.effective,
            "kind": run.kind,
            "command": list(run.manifest["command"]),
            "data": run.manifest["data"],
            "code": run.manifest["code"],
        }
    )
    return document
