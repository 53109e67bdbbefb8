"""A fraction of Kelly that three limits of risk hold back: of a competition, of a day, and after a loss of that day."""

#: most that is open in one competition, and most that is staked on one day, as fractions of equity
COMPETITION_FRAC = 0.03
DAY_FRAC = 0.06
#: from this loss of a day on nothing more is staked on it
DAY_LOSS_FRAC = 0.03


def stake_minor(row, account, params):
    """Stake in minor units before all limits of the configuration; 0 where a limit of this file is reached."""
    if account.equity <= (1.0 - DAY_LOSS_FRAC) * account.day_start_equity:
        return 0.0
    wanted = params.fraction * row.edge_frac / (row.odds - 1.0) * account.base
    in_competition = COMPETITION_FRAC * account.equity - account.open_on_competition
    today = DAY_FRAC * account.equity - account.staked_today
    return max(0.0, min(wanted, in_competition, today))
