"""A partition in memory during an import."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from engine.store import merge
from engine.store.incoming import ImportSummary


class PartitionState:
    """Events, quotes and withdrawn rows of a partition. New quotes are merged when the quotes are next read.

    Hundreds of small files may belong to one partition, such as one file per pull of current prices. Their quotes are
    collected and merged in one step; of equal quotes the last still wins.
    """

    def __init__(
        self, events: pl.DataFrame, quotes: pl.DataFrame, withdrawn: pl.DataFrame, summary: ImportSummary
    ) -> None:
        self.events, self.withdrawn = events, withdrawn
        self.changed = False
        self._quotes, self._pending = quotes, list[pl.DataFrame]()
        self._summary = summary
        self._seen: dict[int, datetime] | None = None

    @property
    def n_quotes(self) -> int:
        """Number of quotes in memory, including those that are not merged yet."""
        return self._quotes.height + sum(frame.height for frame in self._pending)

    def quotes(self) -> pl.DataFrame:
        """All quotes, after merging the pending ones."""
        if self._pending:
            before, total = self._quotes.height, self.n_quotes
            self._quotes = merge.merge_quotes(self._quotes, pl.concat(self._pending))
            self._pending.clear()
            self._summary.quotes_new += self._quotes.height - before
            self._summary.quotes_again += total - self._quotes.height
        return self._quotes

    def add(self, events: pl.DataFrame, quotes: pl.DataFrame) -> None:
        """Merge the events and quotes of a newer file."""
        ids = events.select("event_id")
        before = self.events.height
        again = self.events.join(ids, on="event_id", how="semi").height
        self._summary.results_changed += merge.changed_results(self.events, events)
        self.events = merge.merge_events(self.events, self._with_newer_starts(events, quotes))
        self._pending.append(quotes)
        if self.withdrawn.height:
            self.withdrawn = self.withdrawn.join(ids, on="event_id", how="anti")
        self.changed = True
        self._summary.events_new += self.events.height - before
        self._summary.events_again += again

    def _with_newer_starts(self, events: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
        """The events, with the start that is stored where it comes from a later pull of current prices."""
        pulled = merge.last_snapshots(quotes)
        if not pulled:
            return events
        if self._seen is None:
            self._seen = merge.last_snapshots(pl.concat([self._quotes, *self._pending]))
        seen = self._seen
        later = [event for event, at in pulled.items() if event in seen and seen[event] > at]
        self._seen = seen | {event: at for event, at in pulled.items() if event not in later}
        return merge.with_starts(events, self.events, later) if later else events

    def carry(self, events: pl.DataFrame, quotes: pl.DataFrame) -> None:
        """Insert rows that were filed under another season; the newer file must be added right after."""
        self.events = pl.concat([self.events, events])
        self._quotes = pl.concat([self.quotes(), quotes])
        self._seen = None
        self.changed = True

    def hand_over(self, quotes: pl.DataFrame) -> None:
        """Take the quotes of events that others have replaced (`reread.replaced_events`); later quotes win."""
        if quotes.height:
            self._pending.append(quotes)
            self._seen = None

    def remove(self, ids: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Remove events by `event_id`, with their quotes, and return both."""
        events = self.events.join(ids, on="event_id", how="semi")
        if not events.height:
            return events, self._quotes.clear()
        quotes = self.quotes().join(ids, on="event_id", how="semi")
        self.events = self.events.join(ids, on="event_id", how="anti")
        self._quotes = self._quotes.join(ids, on="event_id", how="anti")
        self._seen = None
        self.changed = True
        return events, quotes

    def remove_quotes(self, ids: pl.DataFrame) -> None:
        """Remove the quotes of events by `event_id`; the events stay."""
        self._quotes = self.quotes().join(ids, on="event_id", how="anti")
        self._seen = None
        self.changed = True

    def withdraw(self, moved: pl.DataFrame) -> pl.DataFrame:
        """Withdraw moved fixtures (`moved.moved_fixtures`) and return them in the columns of `merge.WITHDRAWN`."""
        withdrawn = merge.withdraw(self.events, self.quotes(), moved)
        self.remove(moved.select("event_id"))
        rest = self.withdrawn.join(withdrawn.select("event_id"), on="event_id", how="anti")
        self.withdrawn = pl.concat([rest, withdrawn]).sort("date", "home", "away", "event_id")
        return withdrawn
