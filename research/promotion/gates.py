"""The gates that a configuration must pass before it is promoted: each with what was expected and what was found.

A gate whose number was not measured fails. A failed gate can be acknowledged with a reason, except where the settings
say that no reason opens it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import polars as pl

from engine.errors import PromotionError, UsageError, nearest_name
from engine.schema import AGGREGATES
from research.inference.bootstrap import enough, generator, ratio_quantiles
from research.inference.sharpe import deflated_sharpe, min_track_record, moments
from research.promotion.reference import Reference
from research.promotion.settings import GateSettings
from research.records.leaks import found_on
from research.records.run import RunRecord
from research.tapes.matches import match_ids
from research.verdict.numerals import count, number, percent

_UNMEASURED: Final = "not measured"
#: bookmakers that a gate names, at most
_LISTED: Final = 12
_CASH_OUT: Final = ("profit_frac", "loss_frac", "before_start")


@dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes
    ----------
    name : str
    expected, found : str
        In words with numbers.
    passed : bool
    reason : str
        With which a failed gate was acknowledged; empty otherwise.
    """

    name: str
    expected: str
    found: str
    passed: bool
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it passed or was acknowledged."""
        return self.passed or bool(self.reason)

    def plain(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)


@dataclass(frozen=True)
class Candidate:
    """A configuration that is to be promoted.

    Attributes
    ----------
    run : RunRecord
    config : int
    settings : mapping
        Every key.
    daily : polars.DataFrame
        Its days (`engine.backtesting.path.Path.daily`).
    reference : Reference
        Its out-of-sample days.
    """

    run: RunRecord
    config: int
    settings: Mapping[str, Any]
    daily: pl.DataFrame
    reference: Reference


def gates_of(candidate: Candidate, settings: GateSettings) -> list[Gate]:
    """All gates of a backtest, in the order in which they are shown."""
    return [
        *_verdicts(candidate),
        *_out_of_sample(candidate, settings),
        *_luck(candidate, settings),
        *_prices(candidate, settings),
        _drawdown(candidate, settings),
        *_soundness(candidate),
    ]


def adapter_gate(bookmakers: Iterable[str], venues: Mapping[str, Collection[str]]) -> Gate:
    """The gate between paper and money that asks where the bets can be placed: at one venue, all of them.

    Parameters
    ----------
    bookmakers : iterable of str
        At which the configuration could bet.
    venues : mapping
        Of each venue with an adapter, our names of what is sold there.
    """
    names = sorted(set(bookmakers))
    expected = f"one venue with an adapter ({', '.join(venues)}) for every bookmaker"
    able = [venue for venue, sold in venues.items() if names and set(names) <= set(sold)]
    if able:
        return Gate("adapter", expected, able[0], True)
    where = {name: [venue for venue, sold in venues.items() if name in sold] for name in names}
    said = [
        f"{name}: {' and '.join(where[name]) or ('an aggregate' if name in AGGREGATES else 'no adapter')}"
        for name in names
    ]
    return Gate("adapter", expected, ", ".join(said[:_LISTED]) or "no bookmaker", False)


def acknowledge(gates: list[Gate], reasons: Mapping[str, str], never: tuple[str, ...]) -> list[Gate]:
    """The gates with the reasons for those that failed.

    Raises
    ------
    UsageError
        A reason is empty or for a gate that there is not.
    PromotionError
        A reason is for a gate that no reason opens.
    """
    known = {gate.name: gate for gate in gates}
    for name, reason in reasons.items():
        if name not in known:
            near = nearest_name(name, known)
            todo = f"did you mean {near}?" if near else ""
            raise UsageError(f"unknown gate {name}", where="--acknowledge", expected=", ".join(known), todo=todo)
        if not reason.strip():
            raise UsageError("no reason", where=f"--acknowledge {name}", todo=f'write {name}="why"')
        if name in never and not known[name].passed:
            gate = known[name]
            raise PromotionError(
                f"no reason opens the gate {name}", where="--acknowledge", expected=gate.expected, found=gate.found
            )
    return [gate if gate.passed else replace(gate, reason=reasons.get(gate.name, "").strip()) for gate in gates]


def _verdicts(candidate: Candidate) -> Iterator[Gate]:
    run, findings = candidate.run, candidate.run.findings
    verdict = run.verdict()
    expected = "evidence of an edge, and this configuration selected"
    if verdict is None or findings is None:
        yield Gate("verdict", expected, f"{_UNMEASURED}: a backtest has no verdict of money", False)
        return
    selected = findings.selected
    which = "none selected" if selected is None else f"#{selected} selected"
    found = f"{'evidence' if verdict.evidence else 'no evidence'}, {which}"
    yield Gate("verdict", expected, found, verdict.evidence and selected == candidate.config)


def _out_of_sample(candidate: Candidate, settings: GateSettings) -> Iterator[Gate]:
    bets = candidate.reference.bets
    days = bets["date"].n_unique() if bets.height else 0
    where = "" if candidate.reference.spans else ": no fold selected it by earlier days"
    yield Gate(
        "out_of_sample_bets",
        f"at least {number(settings.bets_min)}",
        f"{number(bets.height)}{where}",
        bets.height >= settings.bets_min,
    )
    yield Gate("out_of_sample_days", f"at least {number(settings.days_min)}", number(days), days >= settings.days_min)


def _luck(candidate: Candidate, settings: GateSettings) -> Iterator[Gate]:
    run, findings, verdict = candidate.run, candidate.run.findings, candidate.run.verdict()
    sample = moments(candidate.daily["return_frac"].to_numpy())
    trials = run.trials().effective
    dsr = deflated_sharpe(sample, trials, 1.0 / max(sample.n - 1, 1))
    behind = count(max(1, round(trials)), "independent trial")
    yield _number_gate("dsr", f"at least {percent(settings.dsr_min, 0)}", dsr, dsr >= settings.dsr_min, f" at {behind}")
    overfitting = None if findings is None else findings.evidence.overfitting
    pbo = math.nan if overfitting is None else overfitting.probability
    yield _number_gate("pbo", f"at most {percent(settings.pbo_max, 0)}", pbo, pbo <= settings.pbo_max)
    spa = math.nan if findings is None or verdict is None else findings.evidence.p_all
    level = 0.05 if verdict is None else verdict.levels.main
    yield Gate("spa", f"p at most {level:.3g}", _UNMEASURED if math.isnan(spa) else f"p {spa:.3g}", spa <= level)
    needed = min_track_record(sample)
    found = _UNMEASURED if math.isnan(needed) else f"{sample.n:,} days"
    long_enough = f"at least {math.ceil(needed):,} days" if math.isfinite(needed) else "a mean above zero"
    yield Gate("track_record", long_enough, found, needed <= sample.n)


def _prices(candidate: Candidate, settings: GateSettings) -> Iterator[Gate]:
    verdict = candidate.run.price_verdict()
    leader = None if verdict.findings is None else verdict.findings.leader
    own = leader is not None and leader.config == candidate.config
    found = verdict.status if leader is None or own else f"{verdict.status}, by #{leader.config}"
    yield Gate("price", "this configuration beats the closing line", found, verdict.beats and own)
    bets = candidate.reference.bets.filter(pl.col("clv").is_not_null())
    expected, days = f"90% interval above {percent(settings.clv_min)}", bets["date"].n_unique() if bets.height else 0
    if not enough(bets.height, days):
        yield Gate("clv", expected, f"{_UNMEASURED}: {count(bets.height, 'out-of-sample bet')} with a close", False)
        return
    draws = generator(candidate.run.manifest["seed"], "promotion", "clv")
    ends = ratio_quantiles(bets["clv"].to_numpy(), pl.repeat(1.0, bets.height, eager=True).to_numpy(),
                           match_ids(bets), draws, (0.05, 0.95))  # fmt: skip
    if ends is None:
        yield Gate("clv", expected, _UNMEASURED, False)
        return
    mean = float(bets["clv"].mean() or 0.0)  # type: ignore[arg-type]
    yield Gate(
        "clv", expected, f"{percent(mean)} ({percent(ends[0])} to {percent(ends[1])})", ends[0] > settings.clv_min
    )


def _drawdown(candidate: Candidate, settings: GateSettings) -> Gate:
    found = candidate.run.metrics(candidate.config)["max_drawdown_frac"]
    value = math.nan if found is None else float(found)
    limit = settings.drawdown_max_frac
    return _number_gate("drawdown", f"at most {percent(limit, 0)}", value, value <= limit)


def _soundness(candidate: Candidate) -> Iterator[Gate]:
    run, settings = candidate.run, candidate.settings
    flags = sorted(run.standing().filter(pl.col("config") == candidate.config)["flag"].unique())
    yield Gate("flags", "no flag that nobody acknowledged", ", ".join(flags) or "none", not flags)
    yield _leaks(candidate)
    assumed = [str(basis) for basis in run.manifest["data"]["known_at_basis"] if basis != "recorded"]
    at_quote = settings["data.decide_at"] == "quote"
    found = f"decide_at={settings['data.decide_at']}, times {', '.join(assumed) or 'recorded'}"
    yield Gate(
        "decision_times", "decisions at recorded times, or at a scheduled one", found, not (at_quote and assumed)
    )
    sources = run.manifest["data"]["sources"]
    yield Gate("simulated", "recorded odds", ", ".join(sources), "simulator" not in sources)
    closed = [name for name in _CASH_OUT if settings.get(f"execution.cash_out_{name}") is not None]
    found = ", ".join(f"execution.cash_out_{name}" for name in closed) or "none"
    yield Gate("cash_out", "no bet is closed before its event is over", found, not closed)


def _leaks(candidate: Candidate) -> Gate:
    tape = candidate.run.tape(candidate.config)
    known = found_on(tape["made_of"], "judged", "leaks") if "made_of" in tape else None
    if known is None:
        found = f"{_UNMEASURED}: run `bea leakage` with the run's words"
    else:
        found = "leaks" if known[1] else "clean" if known[0] else "too few decisions to judge"
    return Gate("leaks", "the leak finder finds none", found, found == "clean")


def _number_gate(name: str, expected: str, value: float, passed: bool, more: str = "") -> Gate:
    return Gate(name, expected, _UNMEASURED if math.isnan(value) else f"{percent(value)}{more}", passed)
