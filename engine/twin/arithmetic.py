"""Arithmetic of the interpreted twin: prices, payoffs and draws in plain Python. It uses no rule of the kernel."""

from __future__ import annotations

import bisect
import math

from engine.kernel.codes import Reduction, State
from engine.tape import Tape


def ladder() -> list[float]:
    """The 350 prices of Betfair, ascending."""
    steps = {200: 1, 300: 2, 400: 5, 600: 10, 1000: 20, 2000: 50, 3000: 100, 5000: 200, 10_000: 500, 100_000: 1000}
    prices, hundredths = [], 100
    for end, step in steps.items():
        while hundredths < end:
            hundredths += step
            prices.append(hundredths / 100.0)
    return prices


LADDER = ladder()


def slipped(odds: float, is_lay: bool, slippage_frac: float, *, has_ladder: bool) -> float:
    """Odds after slippage: lower for a back bet, higher for a lay, on the ladder of the venue. NaN stays NaN."""
    keeps = 1.0 + slippage_frac if is_lay else 1.0 - slippage_frac
    odds = 1.0 + (odds - 1.0) * keeps
    if not has_ladder or math.isnan(odds):
        return odds
    place = bisect.bisect_left(LADDER, odds - 1e-9) if is_lay else bisect.bisect_right(LADDER, odds + 1e-9) - 1
    return LADDER[min(max(place, 0), len(LADDER) - 1)]


def after_removals(odds: float, factor: float, rule: Reduction) -> float:
    """Odds lowered by the reduction factor of removed runners.

    In a win market of an exchange off the price, from 2.5 % on, to two decimals, at least 1.01; else off the winnings.
    """
    if rule is not Reduction.EXCHANGE_WIN:
        return 1.0 + (odds - 1.0) * (1.0 - factor)
    return odds if factor < 0.025 else max(1.01, round(odds * (1.0 - factor) * 100.0) / 100.0)


def back_payoff(tape: Tape, row: int, odds: float, hedge: float) -> float:
    """P&L of one unit on a back bet, before the tax on winnings. `odds` are those after the removal of runners."""
    bet_frac = 1.0 - float(tape.tax_stake_frac[row])  # the rest of the stake is tax
    each_way, share = float(tape.each_way_frac[row]), float(tape.dead_heat_share[row])
    win = odds * bet_frac - 1.0
    shared = share * (odds * bet_frac) - 1.0
    place = float(tape.place_share[row]) * ((1.0 + (odds - 1.0) * each_way) * bet_frac) - 1.0
    return {
        State.WIN: 0.5 * win + 0.5 * place if each_way else win,
        State.PLACE: 0.5 * place - 0.5,
        State.HALF_WIN: win / 2.0,
        State.HALF_LOSE: -0.5,
        State.LOSE: -1.0,
        State.DEAD_HEAT: 0.5 * shared + 0.5 * place if each_way else shared,
        State.CASHED: odds * bet_frac / hedge - 1.0,
    }[State(int(tape.state[row]))]


def at_most_4_ulps_above(step: float, exact: float) -> bool:
    """Whether a step is above a number by no more than 4 units in its last place (or not above it)."""
    return step - exact <= 4.0 * math.ulp(exact)


def down_to_steps(stake: float, step: float) -> float:
    """The largest multiple of `step` that is at most the stake, or at most 4 ulps above it."""
    above = math.ceil(stake / step) * step
    is_near = stake > 0.0 and at_most_4_ulps_above(above, stake)
    return float(above if is_near else math.floor(stake / step) * step)


def allowance(frac: float, money: float) -> float:
    """`frac * money`, or the whole minor unit of which it misses no more than the rounding of the product."""
    product = frac * money
    if not math.isfinite(product):
        return product
    above = float(math.ceil(product))
    return above if above <= product * (1.0 + 2.0**-51) else product


def stake_for_profit(profit: float, odds: float, lay_odds: float) -> float:
    """profit / (odds - 1); a whole stake whose return at these odds is stake and profit within 4 ulps is exact.

    So is a whole liability that is the profit times the lay odds less 1 (`lay_odds`, NaN for a back bet).
    """
    stake = profit / (odds - 1.0)
    whole = float(round(stake))
    allowed = 4.0 * math.ulp(whole + profit)
    is_exact = any(abs(paid - (whole + profit)) <= allowed for paid in (whole * odds, profit * lay_odds))
    return whole if is_exact else stake


def kelly_stake(stake: float, part: float) -> float:
    """A Kelly stake; a whole one that differs by at most 16 ulps of `part`, the stake without the 1 of the edge."""
    if not math.isfinite(stake):
        return stake
    whole = float(round(stake))
    return whole if abs(whole - stake) <= 16.0 * math.ulp(part) else stake


def backer_stake(liability: float, odds: float, step: float) -> float:
    """liability / (odds - 1) rounded down; up, if the return of the next multiple is at most 4 ulps too large."""
    steps = liability / (odds - 1.0) / step
    above = math.ceil(steps) * step
    is_near = at_most_4_ulps_above(above * odds, above + liability)
    return float(above if is_near else math.floor(steps) * step)


def uniform(seed: int, identity: int, purpose: int) -> float:
    """A number in [0, 1) from three integers: SplitMix64's finaliser, folded (Steele, Lea & Flood 2014)."""
    mask, bits = 2**64 - 1, 0
    for number in (seed, identity, purpose):
        bits = ((bits ^ (number & mask)) + 0x9E3779B97F4A7C15) & mask
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
        bits ^= bits >> 31
    return (bits >> 11) / 2**53
