"""All breakers of a runner: observer of the ledger, judge before each intent and before each send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.live.breakers.clock_jump import ClockJump
from engine.live.breakers.closing import ClosingLines
from engine.live.breakers.contract import (
    Breaker,
    Context,
    Distance,
    RiskState,
    Trip,
    Wanted,
    resume_entry,
    trip_entry,
)
from engine.live.breakers.days import DayFold
from engine.live.breakers.drift import CALIBRATION, CLV, MODEL, BandBreaker
from engine.live.breakers.fills import LostFills
from engine.live.breakers.guards import OddsSanity, Staleness
from engine.live.breakers.order_rate import OrderRate
from engine.live.breakers.risk import RiskBreaker
from engine.live.breakers.service import ServiceBreaker
from engine.live.breakers.settings import BreakerSettings
from engine.live.breakers.standing import KILL, KillSwitch, Standing
from engine.live.clock import Clock
from engine.live.feed import Message
from engine.live.ledger.control import Command, Control
from engine.live.ledger.entries import Entry, Kind, Recorded
from engine.promotion.bands import Standing as BandStanding

_OWN_REASONS = ("killed", "clock", "stale", "odds_sanity", "order_rate")


class Breakers:
    """The breakers of one runner. State is a fold of entries: `apply` each one, at start and as they are written.

    Every bet is asked about twice: before its intent is written and again before it is sent (`reason`). Once a loop
    turn, and after the close of each instant, the runner writes what `check` gives.

    Parameters
    ----------
    settings : BreakerSettings
    clock : Clock
    mode : str
        ``paper`` or ``live``: of the ledger. In live the drawdown breaker ends by a person only.
    live_feed : bool
        Whether the feed listens to the world. On a replay, breakers that judge the world (clock, quotes, fills, order
        rate) stop nothing unless `settings.act_on_replay`: it asks what the backtest would have done.
    bands : mapping, optional
        Of the promotion; the drift breakers without one are left out.
    closing : ClosingLines, optional
        Where closing line values come from; without it there are none.
    own : sequence of Breaker
        Of the user. Like those that judge the world, they are not asked on a replay unless `settings.act_on_replay`.
    """

    def __init__(
        self,
        settings: BreakerSettings,
        clock: Clock,
        *,
        mode: str,
        live_feed: bool,
        bands: Mapping[str, Any] | None = None,
        closing: ClosingLines | None = None,
        own: Sequence[Breaker] = (),
    ) -> None:
        self.settings, self._clock = settings, clock
        self._acts = live_feed or settings.act_on_replay
        self._kill = KillSwitch()
        self._risks = [RiskBreaker("drawdown", human=mode == "live"), RiskBreaker("streak"), RiskBreaker("daily_loss")]
        fills = LostFills(settings.unfilled_frac, settings.unfilled_sends, watched=not self._acts)
        self._days, self._closing = DayFold(), closing
        self._drift = [
            BandBreaker(name, measures, self._days, bands, watched=not self._acts)
            for name, measures in (("model", MODEL), ("clv", CLV), ("calibration", CALIBRATION))
            if bands is not None and any(measure in bands["measures"] for measure in measures)
        ]
        all_of_them: list[Breaker] = [self._kill, *self._risks, fills, *self._drift]
        if self._acts:
            all_of_them += [ClockJump(settings.clock_jump_s, settings.clock_quiet_s, clock), *own]
        self._breakers: dict[str, Breaker] = {breaker.name: breaker for breaker in all_of_them}
        self._stale = Staleness(settings.stale_after_s)
        self._odds = OddsSanity(
            settings.overround_min, settings.overround_max, settings.odds_jump_factor, settings.odds_jump_confirm_s
        )
        self._rate = OrderRate(settings.orders_per_minute, clock, watched=not self._acts)
        self._of_replay = False  # entries are those of a replay: a minute of it was none
        self._trips: Counter[str] = Counter()
        self._open: dict[str, bool] = {}
        #: bets that breakers refused, by reason, from the decisions on record
        self.refused: Counter[str] = Counter()

    # -- what happens -------------------------------------------------------------------------------------------------

    def observe(self, message: Message) -> None:
        """Take a message of the feed in, before decisions on it."""
        if self._closing is not None:
            self._closing.observe(message)
        if self._acts:
            self._stale.observe(message)
            self._odds.observe(message)

    def service(self, role: str, name: str) -> ServiceBreaker:
        """The breaker of a ``source`` or a ``venue``: tell it `asked`, `answered` and `failed`, ask it `allows`."""
        full = f"service/{role}/{name}"
        breaker = self._breakers.get(full)
        if not isinstance(breaker, ServiceBreaker):
            s = self.settings
            human = s.service_venue_human if role == "venue" else s.service_source_human
            breaker = ServiceBreaker(
                role, name, self._clock, failures=s.service_failures, open_s=s.service_open_s, human=human
            )
            self._breakers[full] = breaker
        return breaker

    def apply(self, recorded: Recorded) -> None:
        """Take an entry of the ledger in. The ledger's other observers do the same; the order does not matter."""
        entry = recorded.entry
        self._days.apply(recorded)
        if self._closing is not None:
            self._closing.apply(recorded)
        if entry.kind in (Kind.TRIPPED, Kind.RESUMED):
            name = str(entry.body["breaker"])
            self._known(name)
            self._trips[name] = max(self._trips[name], int(entry.body.get("n", 0)))
            self._open[name] = entry.kind is Kind.TRIPPED
        elif entry.kind is Kind.DECIDED:
            for decision in entry.body["decisions"]:
                reason = str(decision["reason"])
                if reason in _OWN_REASONS or reason.startswith("breaker_"):
                    self.refused[reason] += 1
        elif entry.kind is Kind.STARTED:
            self._of_replay = entry.body.get("is_live") is False
        elif entry.kind is Kind.SENT and (self.settings.act_on_replay or not self._of_replay):
            self._rate.sent(recorded.wall_ns)
        for breaker in self._breakers.values():
            breaker.apply(recorded)

    def _known(self, name: str) -> None:
        """A breaker that an entry names exists: a service, or one that was called for."""
        parts = name.split("/", 2)
        if name in self._breakers or name == KILL:
            return
        if parts[0] == "service" and len(parts) == 3:
            self.service(parts[1], parts[2])
        else:
            self._breakers[name] = Standing(name)

    # -- what follows -------------------------------------------------------------------------------------------------

    def check(self, at_ns: int, risk: RiskState | None = None) -> tuple[Entry, ...]:
        """Trips, ends and closing lines that are not on record yet, to be written now.

        Nothing has changed until they are applied.

        Parameters
        ----------
        at_ns : int
            Instant of the runner's world.
        risk : RiskState, optional
            `RiskState.of` the account, after the close of an instant.
        """
        context = Context(at_ns, self._clock.wall_ns(), self._clock.monotonic_ns(), risk)
        closed = self._closing.entries() if self._closing is not None else ()
        return (*closed, *self._entries(context))

    def _entries(self, context: Context) -> Iterator[Entry]:
        for breaker in self._breakers.values():
            found = breaker.check(context)
            if isinstance(found, Trip):
                yield trip_entry(found, self._trips[breaker.name] + 1, context.at_ns)
            elif found:
                yield resume_entry(breaker.name, self._trips[breaker.name], context.at_ns, found)

    def look(self, risk: RiskState) -> None:
        """Measure what the risk breakers measure, and write nothing: at the end of a run that is folded."""
        for breaker in self._risks:
            breaker.look(risk)

    def trip(self, name: str, cause: str, at_ns: int, measured: float = 1.0, limit: float = 0.0) -> Entry:
        """The entry of a breaker that a part of the runner calls for; a person must end it.

        Parameters
        ----------
        name : str
            Such as ``proof/venue/NAME``, ``price/venue/NAME`` or ``identity``. `Standing` says what it stops.
        """
        return trip_entry(Trip(name, cause, measured, limit, human=True), self._trips[name] + 1, at_ns)

    def resume(self, control: Control, at_ns: int) -> tuple[Entry, ...]:
        """What a person's ``bea resume`` ends: the breaker that it names, the kill switch where it names none.

        Empty where nothing is tripped under that name. A person ends trips that would end by rule, too, but not those
        of the kernel's rules: the streak and the loss of a day, and on paper the drawdown.
        """
        if control.command is not Command.RESUME:
            return ()
        name = control.subject or KILL
        if not control.subject:
            tripped, n = self._kill.tripped, self._kill.count
        else:
            tripped, n = self._open.get(name, False), self._trips[name]
        by_rule = any(breaker.name == name and not breaker.human for breaker in self._risks)
        if not tripped or by_rule:
            return ()
        return (resume_entry(name, n, at_ns, control.reason, control.person),)

    def reason(self, wanted: Wanted) -> str:
        """Why this bet may not be made now; empty: no breaker is against it. Changes nothing."""
        for breaker in self._breakers.values():
            if reason := breaker.reason(wanted):
                return reason
        if not self._acts:
            return ""
        return self._stale.reason(wanted) or self._odds.reason(wanted)

    def wait_ns(self, count: int = 1) -> int:
        """How long the order rate makes the next `count` orders wait; 0: they may go now.

        The executor waits within the decision window. Where the window ends first, the bet is abandoned with the
        reason ``order_rate``.
        """
        return self._rate.wait_ns(count)

    # -- what is shown ------------------------------------------------------------------------------------------------

    @property
    def killed(self) -> bool:
        """Whether the kill switch is set."""
        return self._kill.tripped

    def open(self) -> tuple[Distance, ...]:
        """The breakers that stop bets now."""
        return tuple(row for row in self.distances() if row.state in ("open", "half_open"))

    def distances(self) -> tuple[Distance, ...]:
        """Every breaker with how far it is from tripping."""
        return (*(breaker.distance() for breaker in self._breakers.values()), self._rate.distance())

    def standings(self) -> tuple[BandStanding, ...]:
        """Where the measures of the bands are at the end of the last day."""
        return tuple(one for breaker in self._drift for one in breaker.standings())

    def warnings(self) -> tuple[str, ...]:
        """Names of the risk breakers at their warning, as of the last `look`."""
        return tuple(breaker.name for breaker in self._risks if breaker.warns)
