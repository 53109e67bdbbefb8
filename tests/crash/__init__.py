"""Kills: a runner dies by SIGKILL at named crash points, and its ledger is that of a day that nobody disturbed."""
