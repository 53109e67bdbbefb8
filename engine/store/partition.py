"""One partition in memory while an import runs."""

from __future__ import annotations

import polars as pl

from engine.store import merge
from engine.store.incoming import ImportSummary


class Held:
    """Events, quotes and withdrawn rows of a partition; new quotes are merged when somebody looks at them.

    Hundreds of small files may fall into one partition (a pull each), so their quotes are gathered and merged at once:
    the last still wins.
    """

    def __init__(
        self, events: pl.DataFrame, quotes: pl.DataFrame, withdrawn: pl.DataFrame, summary: ImportSummary
    ) -> None:
        self.events, self.withdrawn = events, withdrawn
        self.changed = False
        self._quotes, self._gathered = quotes, list[pl.DataFrame]()
        self._summary = summary

    @property
    def n_quotes(self) -> int:
        """Rows of quotes in memory, those not merged yet included."""
        return self._quotes.height + sum(frame.height for frame in self._gathered)

    def quotes(self) -> pl.DataFrame:
        """The quotes after all that was added."""
        if self._gathered:
            before, given = self._quotes.height, self.n_quotes
            self._quotes = merge.merge_quotes(self._quotes, pl.concat(self._gathered))
            self._gathered.clear()
            self._summary.quotes_new += self._quotes.height - before
            self._summary.quotes_again += given - self._quotes.height
        return self._quotes

    def add(self, events: pl.DataFrame, quotes: pl.DataFrame) -> None:
        """Merge events and quotes of a newer file."""
        ids = events.select("event_id")
        before = self.events.height
        again = self.events.join(ids, on="event_id", how="semi").height
        self.events = merge.merge_events(self.events, events)
        self._gathered.append(quotes)
        if self.withdrawn.height:
            self.withdrawn = self.withdrawn.join(ids, on="event_id", how="anti")
        self.changed = True
        self._summary.events_new += self.events.height - before
        self._summary.events_again += again

    def carry(self, events: pl.DataFrame, quotes: pl.DataFrame) -> None:
        """Put in rows that stood under another season; a newer file is to be added right after."""
        self.events = pl.concat([self.events, events])
        self._quotes = pl.concat([self.quotes(), quotes])
        self.changed = True

    def remove(self, ids: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Take events (column event_id) out, with their quotes; gives both."""
        events = self.events.join(ids, on="event_id", how="semi")
        if not events.height:
            return events, self._quotes.clear()
        quotes = self.quotes().join(ids, on="event_id", how="semi")
        self.events = self.events.join(ids, on="event_id", how="anti")
        self._quotes = self._quotes.join(ids, on="event_id", how="anti")
        self.changed = True
        return events, quotes

    def withdraw(self, moved: pl.DataFrame) -> pl.DataFrame:
        """Withdraw moved fixtures (`merge.moved_fixtures`); gives their rows of `merge.WITHDRAWN`."""
        gone = merge.withdraw(self.events, self.quotes(), moved)
        self.remove(moved.select("event_id"))
        rest = self.withdrawn.join(gone.select("event_id"), on="event_id", how="anti")
        self.withdrawn = pl.concat([rest, gone]).sort("date", "home", "away", "event_id")
        return gone
