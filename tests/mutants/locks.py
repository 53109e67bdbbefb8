"""The locks on real money, taken out one by one, each with the test that finds it."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_UNLOCK: Final = "engine/live/venues/locks.py"
_LIMITS: Final = "engine/live/venues/locked.py"
_LOCKS: Final = "tests/live/venues/test_locks.py"
_LOCKED: Final = "tests/live/venues/test_locked.py"
_REAL: Final = "tests/research/trading/test_real_money.py"
_ALONE: Final = f"{_LOCKS}::test_each_lock_alone_keeps_it_shut"
_FILE: Final = f"{_LOCKS}::test_a_file_that_is_not_right_keeps_it_shut"

LOCKS: Final = (
    Mutant("a promotion for paper opens real money", _UNLOCK, 'if promotion.mode != "live":', "if False:", _ALONE),
    Mutant("a gate that is closed opens real money", _UNLOCK,
           'closed = [name for name, gate in gates.items() if not gate["passed"]',
           'closed = [name for name, gate in gates.items() if False', _ALONE),
    Mutant("the gate of the adapter is not asked for", _UNLOCK,
           'if gate is None or not gate["passed"] or gate["found"] != wanted.venue:', "if False:", _ALONE),
    Mutant("a file that says no opens real money", _UNLOCK,
           'if venue.get("real_money") is not True:', "if False:", _FILE),
    Mutant("a file that others can read opens real money", _UNLOCK,
           "if status.st_mode & _OTHERS or status.st_uid != os.getuid():", "if False:", _FILE),
    Mutant("a file in a repository opens real money", _UNLOCK, 'if (folder / ".git").exists()', "if False",
           f"{_LOCKS}::test_a_file_in_a_repository_keeps_it_shut"),
    Mutant("a file without limits opens real money", _UNLOCK,
           'if type(venue[name]) is not int or venue[name] < 1:', "if False:", _FILE),
    Mutant("the file of another venue opens real money", _UNLOCK,
           "if limits.name != wanted.venue:", "if False:", _ALONE),
    Mutant("the file of another account opens real money", _UNLOCK, "if user and limits.account != user:", "if False:",
           _FILE),
    Mutant("a credential that lacks opens real money", _UNLOCK, "missing.append(name)", "pass", _ALONE),
    Mutant("an account in another currency opens real money", _UNLOCK,
           "if wanted.currency != wanted.promotion.currency:", "if False:", _ALONE),
    Mutant("limits in another currency open real money", _UNLOCK,
           "if limits.currency != wanted.promotion.currency:", "if False:", _FILE),
    Mutant("a person who says no opens real money", _UNLOCK,
           "if not confirm(confirmation(wanted, limits, stated), phrase(limits)):",
           "if confirm(confirmation(wanted, limits, stated), phrase(limits)) is None:",
           f"{_LOCKS}::test_other_words_of_the_person_keep_it_shut"),
    Mutant("a person is not told of acknowledged gates", _UNLOCK, "for gate, reason in promotion.acknowledged.items()]",
           "for gate, reason in ()]",
           f"{_LOCKS}::test_with_everything_there_and_a_person_that_says_yes_it_is_open"),
    Mutant("an order of any size leaves", _LIMITS, "if order.stake_minor > self._limits.order_most_minor:", "if False:",
           f"{_LOCKED}::test_an_order_above_the_limit_never_leaves"),
    Mutant("a day loses without a limit", _LIMITS, 'return DAY_LOSS_LIMIT if order.stake_minor > left_minor else ""',
           'return ""', f"{_LOCKED}::test_what_stands_counts_as_lost"),
    Mutant("what stands does not count as lost", _LIMITS, "max(0, self._lost[self._today()]) - standing",
           "max(0, self._lost[self._today()])", f"{_LOCKED}::test_what_stands_counts_as_lost"),
    Mutant("a restart forgets what the day has lost", _LIMITS,
           "self._lost[day_of(entry.at_ns, self._zone)] += lost", "pass",
           f"{_LOCKED}::test_losses_of_the_day_count_also_after_a_restart_and_end_with_the_day"),
    Mutant("money that was paid in is a win", _LIMITS, "max(0, money.adjustment)", "money.adjustment",
           f"{_LOCKED}::test_money_that_was_paid_in_is_no_win_of_the_day"),
    Mutant("what is not in the ledger is sent", _LIMITS, "if order.key not in self._sent:", "if False:",
           f"{_LOCKED}::test_what_is_not_in_the_ledger_is_not_sent"),
    Mutant("a group loses one leg", _LIMITS, "if order.group and order.key in refused}", "if False}",
           f"{_LOCKED}::test_a_leg_beyond_a_limit_keeps_its_whole_group_back"),
    Mutant("a bet at another bookmaker is sent", _LIMITS, "if order.bookmaker not in self._bookmakers:", "if False:",
           f"{_LOCKED}::test_a_bet_at_another_bookmaker_is_not_sent"),
    Mutant("a link that nobody confirmed is bet on", "research/trading/sources.py", "around.clock, confirmed=True)",
           "around.clock, confirmed=False)", f"{_REAL}::test_a_link_that_nobody_confirmed_is_not_bet_on"),
    Mutant("a dry run sends", "research/commands/real.py", "surroundings(secrets, stack, dry_run=not sends, ",
           "surroundings(secrets, stack, dry_run=False, ",
           f"{_REAL}::test_a_dry_run_shows_what_would_be_sent_and_keeps_nothing"),
    Mutant("a dry run is written into the ledger", "research/trading/setup.py",
           "rehearses = isinstance(venue, DryVenue) and wish.settles is None", "rehearses = False",
           f"{_REAL}::test_a_dry_run_shows_what_would_be_sent_and_keeps_nothing"),
    Mutant("real money goes on with the ledger of paper", "engine/live/ledger/opening.py",
           '"mode": None, "venue": "paper"}', '"mode": None}', f"{_REAL}::test_a_ledger_on_paper_is_not_gone_on_with"),
    Mutant("the account as a whole is the bankroll", "engine/live/venues/locked.py",
           "return self._venue.balance_minor() - self._aside_minor", "return self._venue.balance_minor()",
           f"{_REAL}::test_the_next_start_goes_on_and_a_wind_down_settles_without_any_lock"),
    Mutant("a person at a pipe is a person", "research/commands/real.py", "if not sys.stdin.isatty():", "if False:",
           f"{_REAL}::test_each_lock_keeps_the_order_back"),
    Mutant("an aggregate passes the gate of the adapter", "research/promotion/gates.py",
           "if names and set(names) <= set(sold)]", "if names]",
           "tests/research/promotion/test_gates.py::test_every_bookmaker_must_be_sold_at_one_venue_with_an_adapter"),
)  # fmt: skip
