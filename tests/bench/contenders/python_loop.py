"""The obvious loop in plain Python: one configuration after another, with bankroll, peak and drawdown."""

from __future__ import annotations


def prepare(job, threads):
    """Columns as lists."""
    rows = list(zip(job["odds"].tolist(), job["prob"].tolist(), job["won"].tolist(), strict=True))
    names = ("edge_min", "odds_min", "odds_max", "staking", "amount", "fraction")
    return rows, list(zip(*(job[name].tolist() for name in names), strict=True)), float(job["bankroll"])


def run(state):
    """All configurations."""
    rows, configurations, bankroll = state
    final, bets = [], []
    for edge_min, odds_min, odds_max, staking, amount, fraction in configurations:
        equity = peak = bankroll
        count, drawdown = 0, 0.0
        for odds, prob, won in rows:
            edge = prob * odds - 1.0
            if edge < edge_min or odds < odds_min or odds > odds_max:
                continue
            if staking == 0:
                stake = amount
            elif staking == 1:
                stake = fraction * equity
            else:
                stake = fraction * edge / (odds - 1.0) * equity
            equity += stake * (odds - 1.0) if won else -stake
            count += 1
            if equity > peak:
                peak = equity
            elif (peak - equity) / peak > drawdown:
                drawdown = (peak - equity) / peak
        final.append(equity)
        bets.append(count)
    return {"final": final, "bets": bets}
