"""Random tapes and configurations with many rare cases: equal instants, groups, lays, half wins, open bets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from engine.clock import DAY_NS, HOUR_NS
from engine.configuration import Configuration
from engine.kernel.codes import Staking, State
from engine.tape import NEVER, Tape

START = int(datetime(2024, 3, 29, 21, tzinfo=UTC).timestamp()) * 10**9  # two days before clocks change in Europe


def midnights_between(first: int, last: int, zone: str) -> tuple[int, list[int]]:
    """The midnight at or before `first`, and all later ones up to the first after `last`, in a zone."""
    tz = ZoneInfo(zone)
    day = datetime.fromtimestamp(first // 10**9, tz).date().toordinal()
    midnights: list[int] = []
    while True:
        date = datetime.fromordinal(day)
        midnights.append(int(date.replace(tzinfo=tz).timestamp()) * 10**9)
        if midnights[-1] > last:
            return midnights[0], midnights[1:]
        day += 1


def random_tape(rng: np.random.Generator, n: int) -> Tape:
    """A tape of `n` rows. The legs of a group share event and instant."""
    step = int(rng.choice([HOUR_NS, 6 * HOUR_NS, DAY_NS // 2]))
    decided = START + step * rng.integers(0, max(2, n // 2), n)
    group = np.full(n, -1)
    event = rng.integers(0, max(1, n // 3), n)
    i = number = 0
    while i < n:
        size = int(rng.choice([1, 1, 1, 1, 2, 3]))
        if 1 < size <= n - i:
            group[i : i + size] = number
            event[i : i + size], decided[i : i + size] = event[i], decided[i]
            number += 1
        i += size
    priority = rng.integers(-3, 4, n) / 8.0
    for g in range(number):
        priority[group == g] = priority[group == g].max()
    ids = rng.integers(-(2**62), 2**62, n)
    order = np.lexsort((ids, group, -priority, decided))
    decided, group, event, priority, ids = (x[order] for x in (decided, group, event, priority, ids))
    renamed: dict[int, int] = {}
    group = np.array([renamed.setdefault(int(g), len(renamed)) if g >= 0 else -1 for g in group], np.int64)
    unknown = rng.random(n) < 0.05
    settled = decided + step * rng.integers(1, 6, n)
    settled[unknown] = NEVER
    state = rng.choice([1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 8], n).astype(np.int8)
    is_lay = (rng.random(n) < 0.25).astype(np.int8)
    each_way = np.where((rng.random(n) < 0.1) & (is_lay == 0), 0.2, 0.0)
    state[each_way > 0] = rng.choice([1, 5, 6, 7], n)[each_way > 0]
    state[unknown] = int(State.UNKNOWN)
    quoted = np.round(rng.uniform(1.05, 6.0, n), 2)
    odds = np.where(is_lay == 1, quoted / (quoted - 1.0), quoted)
    prob = np.clip(1.0 / odds * rng.uniform(0.85, 1.4, n), 0.0, 0.999)
    prob[::2] = np.round(prob[::2], 2)  # decimals, of which whole Kelly stakes come
    missing = rng.random(n) < 0.04
    prob[missing] = np.nan
    known = np.flatnonzero(~unknown)
    last = int(max(decided.max(), settled[known].max() if len(known) else 0))
    zone = str(rng.choice(["UTC", "Europe/London", "America/New_York"]))
    first_midnight, midnights = midnights_between(int(decided.min()), last, zone)
    competition = event % 2
    line = rng.integers(0, 2, n)
    book = rng.integers(0, 2, n)
    question = np.unique(event * 2 + line, return_inverse=True)[1]
    market = np.unique((event * 2 + line) * 2 + book, return_inverse=True)[1]
    events = np.unique(event, return_inverse=True)[1]
    return Tape(
        id=ids,
        decided_at=decided,
        settled_at=settled,
        quoted=quoted,
        filled=_filled(rng, quoted),
        odds=odds,
        is_lay=is_lay,
        ladder=(rng.random(n) < 0.3).astype(np.int8),
        prob=prob,
        edge_frac=prob * odds - 1.0,
        kelly_frac=np.where(rng.random(n) < 0.05, np.nan, rng.uniform(-0.05, 0.4, n)),
        stake_weight=np.where(group >= 0, rng.uniform(0.2, 0.8, n), 1.0),
        size_minor=np.where(rng.random(n) < 0.35, rng.integers(20, 8_000, n), np.inf).astype(float),
        stake_min_minor=np.where(rng.random(n) < 0.2, rng.choice([200.0, 600.0], n), 0.0),
        priority=priority,
        state=state,
        dead_heat_share=np.where(state == int(State.DEAD_HEAT), rng.choice([0.5, 1 / 3], n), 1.0),
        place_share=np.where((each_way > 0) & (rng.random(n) < 0.5), rng.choice([0.5, 1 / 3], n), 1.0),
        reduction_frac=np.where(rng.random(n) < 0.2, rng.choice([0.02, 0.1, 0.75], n), 0.0),
        reduction_rule=rng.integers(0, 3, n).astype(np.int8),
        each_way_frac=each_way,
        exit_odds=np.where(state == int(State.CASHED), np.round(quoted * rng.uniform(0.6, 1.5, n) + 0.2, 2), np.nan),
        tax_stake_frac=np.where((rng.random(n) < 0.1) & (is_lay == 0), 0.05, 0.0),
        tax_winnings_frac=np.where(rng.random(n) < 0.1, 0.1, 0.0),
        commission_rate=np.where(book == 1, 0.05, 0.0),
        close_prob=np.where(rng.random(n) < 0.5, rng.uniform(0.1, 0.9, n), np.nan),
        group=group,
        event=events.astype(np.int64),
        competition=competition.astype(np.int64),
        question=question.astype(np.int64),
        market=market.astype(np.int64),
        bookmaker=np.unique(book, return_inverse=True)[1].astype(np.int64),
        settle_order=known[np.lexsort((known, settled[known]))].astype(np.int64),
        midnights=np.array(midnights, np.int64),
        first_midnight=first_midnight,
        rows=pl.DataFrame({"event_id": events, "market": ["1x2"] * n, "bookmaker": [f"b{b}" for b in book]}),
        events=pl.DataFrame({"event_id": np.unique(events), "home": [f"h{e}" for e in np.unique(events)]}),
        zone=zone,
        hash="",
    )


def with_offers(rng: np.random.Generator, tape: Tape) -> Tape:
    """The tape with a few recorded offers, each met by several rows."""
    n = len(tape)
    drawn = np.where(rng.random(n) < 0.5, rng.integers(0, max(1, n // 6), n), -1)
    _, offer = np.unique(np.concatenate([[-1], drawn]), return_inverse=True)  # dense from 0, and -1 for none
    return replace(
        tape,
        offer=offer[1:].astype(np.int64) - 1,
        offer_minor=np.where(drawn >= 0, rng.integers(20, 6_000, n), np.inf).astype(float),
    )


def _filled(rng: np.random.Generator, quoted: np.ndarray) -> np.ndarray:
    """Prices when orders arrive: mostly unchanged, sometimes better or worse, sometimes missing."""
    n = len(quoted)
    moved = np.maximum(np.round(quoted * rng.choice([0.9, 0.97, 1.03, 1.1], n), 2), 1.01)
    filled = np.where(rng.random(n) < 0.2, np.nan, moved)
    return np.where(rng.random(n) < 0.8, quoted, filled)


def _maybe(rng: np.random.Generator, share: float, low: float, high: float, off: float = np.inf) -> float:
    """A limit that is on with probability `share`. Half of the values are round, so that ties occur."""
    if rng.random() >= share:
        return off
    value = float(rng.uniform(low, high))
    rounded = max(float(np.floor(value * 40.0)) / 40.0, low)
    return rounded if rng.random() < 0.5 else value


def _duration_ns(rng: np.random.Generator) -> float:
    """A duration of some hours. It often ends at an instant of the tape, often between two instants."""
    return float(rng.integers(1, 10) * 6 * HOUR_NS + rng.choice([0, 0, HOUR_NS // 2, HOUR_NS]))


def random_configuration(rng: np.random.Generator) -> Configuration:
    """A configuration in which about half of the limits are on."""
    step = float(rng.choice([1.0, 1.0, 10.0, 25.0]))
    warn = _maybe(rng, 0.5, 0.02, 0.1)
    return Configuration(
        bankroll_minor=float(rng.choice([10_000, 40_000, 100_000, 1_000_000])),
        edge_min=_maybe(rng, 0.5, -0.1, 0.1, -np.inf),
        edge_max=_maybe(rng, 0.2, 0.2, 0.3),
        odds_min=_maybe(rng, 0.3, 1.0, 1.5, 1.0),
        odds_max=_maybe(rng, 0.3, 3.0, 6.0),
        one_per_market=bool(rng.random() < 0.3),
        staking=Staking(int(rng.integers(0, 5))),
        amount_minor=float(rng.choice([40, 1_000, 2_500, 5_000, 7_500])),
        fraction=float(rng.choice([0.025, 0.05, 0.1, round(rng.uniform(0.01, 0.5), 3)])),
        stake_cap_frac=_maybe(rng, 0.5, 0.02, 0.2, 1.0),
        base_is_cash=bool(rng.random() < 0.3),
        bet_cap_frac=_maybe(rng, 0.35, 0.0005, 0.08),
        event_cap_frac=_maybe(rng, 0.3, 0.01, 0.2),
        competition_cap_frac=_maybe(rng, 0.3, 0.02, 0.3),
        day_cap_frac=_maybe(rng, 0.3, 0.02, 0.3),
        open_cap_frac=_maybe(rng, 0.3, 0.02, 0.4),
        stake_min_minor=float(rng.choice([step, 100.0, 400.0])),
        stake_increment_minor=step,
        commission_factor=float(rng.choice([0.0, 1.0, 0.6])),
        slippage_frac=_maybe(rng, 0.3, 0.0, 0.05, 0.0),
        rejection_frac=_maybe(rng, 0.3, 0.05, 0.5, 0.0),
        drawdown_warn_frac=warn,
        drawdown_warn_factor=float(rng.choice([0.5, 0.25])),
        drawdown_stop_frac=warn + 0.05 if warn < 1 else np.inf,
        drawdown_reset_after_ns=_duration_ns(rng),
        streak_warn=float(rng.choice([2.0, 3.0])),
        streak_stop=float(rng.choice([2.0, 3.0, 5.0, np.inf, np.inf, np.inf])),
        streak_cool_off_ns=_duration_ns(rng),
        daily_loss_frac=_maybe(rng, 0.5, 0.01, 0.1),
        price_tolerance_frac=float(rng.choice([0.0, 0.0, 0.05])),
        fill_min_frac=float(rng.choice([0.0, 0.0, 0.0, 0.5, 1.0])),
        limiting_profit_minor=_maybe(rng, 0.3, 500.0, 20_000.0),
        limiting_factor=float(rng.choice([1.0, 0.5, 0.1])),
        wallets=bool(rng.random() < 0.25),
    )
