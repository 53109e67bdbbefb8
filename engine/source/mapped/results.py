"""Results from the cells of a mapped table: score, its scope, further scores, winner and status."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from engine.betting.sport import sport_of
from engine.schema import FURTHER_SCOPES, REGULATION, SCORE_SCOPES, VOID_STATUSES, WITH_OVERTIME, score_columns
from engine.source.mapped.notes import note_of
from engine.source.mapped.texts import plain_number, side_of, texts_of
from engine.source.mapping.keys import Mapping, Text
from engine.source.quarantine import Quarantine
from engine.source.table import Table

_INTEGER = re.compile(r"(\d{1,4})(?:\.0*)?", re.ASCII)
_STATUSES: Final = frozenset(("scheduled", "played", *VOID_STATUSES))
_WINNERS: Final = frozenset(("home", "draw", "away"))

Pair = tuple[int, int]


@dataclass(frozen=True)
class Result:
    """Result of one row.

    Attributes
    ----------
    status : str
        As in the schema of events.
    score : (int, int) or None
        Home and away.
    scope : str or None
        Scope of `score` as the source states it.
    winner : str or None
        ``home``, ``draw`` or ``away``.
    further : dict
        Scores of other scopes.
    named : bool
        Whether the source names the winner; else it follows from the score.
    """

    status: str = "scheduled"
    score: Pair | None = None
    scope: str | None = None
    winner: str | None = None
    further: dict[str, Pair] = field(default_factory=dict)
    named: bool = False

    @property
    def over(self) -> bool:
        """Whether the event is over."""
        return self.status != "scheduled"

    def contradicts(self, other: Result) -> bool:
        """Whether two rows cannot be about one game, because both have a result and the results differ."""
        if not (self.over and other.over):
            return False
        if self.score is not None and other.score is not None and self.scope == other.scope:
            return self.score != other.score
        return self.winner is not None and other.winner is not None and self.winner != other.winner

    @property
    def known(self) -> bool:
        """Whether there is a winner or a score."""
        return self.winner is not None or self.score is not None

    def of_sport(self, sport: str) -> Result:
        """The result without a winner that follows from a score after regulation, in a sport that is then played on."""
        usual = sport_of(sport).score_scope
        if self.named or self.score is None or usual == REGULATION or self.scope in (None, usual):
            return self
        final = self.further.get(usual)
        return replace(self, winner=None if final is None else _leader(final))

    def swapped(self) -> Result:
        """The result with home and away exchanged."""
        return replace(
            self,
            score=self.score and self.score[::-1],
            winner={"home": "away", "away": "home"}.get(self.winner or "", self.winner),
            further={scope: pair[::-1] for scope, pair in self.further.items()},
        )


class ResultReader:
    """Reads the results of the rows of one table with one mapping. Cells that cannot be used are quarantined."""

    def __init__(self, table: Table, mapping: Mapping, quarantine: Quarantine, file: str) -> None:
        self._mapping, self._quarantine = mapping, quarantine
        self._columns = {"": (mapping.home_score, mapping.away_score)} if mapping.home_score else {}
        self._columns |= {scope: (pair.home, pair.away) for scope, pair in mapping.scores.items()}
        self._cells = {key: (table.column(a), table.column(b)) for key, (a, b) in self._columns.items()}
        self._texts = table.column(mapping.score.column) if mapping.score else []
        self._words = {
            name: texts_of(table, getattr(mapping, name), file) for name in ("winner", "status", "score_scope")
        }
        self._blank = set(mapping.missing)

    def read(self, index: int, line: int, home: Collection[str], away: Collection[str]) -> Result:
        """Result of a row; `home` and `away` are the names that each side may have in it."""
        pairs = {key: self._pair(key, index, line) for key in self._columns}
        scope, said = self._words["score_scope"][index], ""
        if self._mapping.score is not None:
            text_pairs, said = self._text_score(index, line)
            pairs |= text_pairs
        if said in SCORE_SCOPES:
            scope = said
        elif self._mapping.score is not None and not said and self._mapping.score.plain and pairs.get(""):
            scope = self._mapping.score.plain
            if scope == "both":
                scope = WITH_OVERTIME
                pairs.setdefault(REGULATION, pairs[""])
        score = pairs.pop("", None)
        score_left_out = bool(score and scope and scope not in SCORE_SCOPES)
        if scope and scope not in SCORE_SCOPES:
            where = ", ".join(self._mapping.score_scope.sources)
            self._quarantine.cell(line, where, scope, "unknown scope of the score: the score is left out")
            score, scope = None, ""
        named = self._winner(index, line, home, away)
        winner = named if named or score is None else _leader(score)
        status = self._status(index, line, said, bool(winner) or score_left_out)
        if status == "scheduled":
            return Result()
        further = {key: pair for key, pair in pairs.items() if pair is not None}
        return Result(status, score, scope or None if score else None, winner, further, bool(named))

    def _pair(self, key: str, index: int, line: int) -> Pair | None:
        cells, names = self._cells[key], self._columns[key]
        texts = ["" if column[index] in self._blank else self._number(column[index]) for column in cells]
        integers = [_INTEGER.fullmatch(text) for text in texts]
        for name, text, integer in zip(names, texts, integers, strict=True):
            if text and not integer:
                below = re.fullmatch(r"-\d+(\.0*)?", text, re.ASCII)
                self._quarantine.cell(line, name, text, "score is below 0" if below else "score is not an integer")
        a, b = integers
        return (int(a[1]), int(b[1])) if a and b else None

    def _number(self, text: str) -> str:
        return plain_number(text, self._mapping.decimal, self._mapping.thousands)

    def _text_score(self, index: int, line: int) -> tuple[dict[str, Pair | None], str]:
        """Scores of a text and what its note says. A text may be a note alone: ``canc.``"""
        score, text = self._mapping.score, self._texts[index]
        assert score is not None
        if not text or text in self._blank:
            return {}, ""
        found = re.fullmatch(score.pattern, text)
        note = (found.groupdict().get("note") or "") if found else text
        said = note_of(note, score.notes)
        if said is None or (found is None and not said):
            reason = "not a score" if found is None else f"unknown note of a score: {note.strip()[:20]!r}"
            self._quarantine.cell(line, score.column, text, f"{reason}; add it to score.notes of the mapping")
            return {}, ""
        groups = found.groupdict() if found else {}
        names = {"": ("home", "away"), **{scope: score_columns(scope) for scope in FURTHER_SCOPES}}
        pairs: dict[str, Pair | None] = {}
        for key, (a, b) in names.items():
            if groups.get(a) is not None and groups.get(b) is not None:
                if not (_INTEGER.fullmatch(groups[a]) and _INTEGER.fullmatch(groups[b])):
                    self._quarantine.cell(line, score.column, text, "score is not an integer")
                    continue
                pairs[key] = (int(groups[a]), int(groups[b]))
        return pairs, said

    def _winner(self, index: int, line: int, home: Collection[str], away: Collection[str]) -> str | None:
        text: Text = self._mapping.winner
        winner: str | None = self._words["winner"][index] or None
        if winner is not None and text.names:
            winner = side_of(winner, home, away)
        if winner is not None and winner not in _WINNERS:
            reason = "invalid winner: expected home, draw or away" + (", or the name of a side" if text.names else "")
            self._quarantine.cell(line, ", ".join(text.sources), winner, reason)
            winner = None
        return winner

    def _status(self, index: int, line: int, said: str, played: bool) -> str:
        usual = "played" if played else "scheduled"
        status = self._words["status"][index] or (said if said in VOID_STATUSES else usual)
        if status not in _STATUSES:
            where = ", ".join(self._mapping.status.sources)
            self._quarantine.cell(line, where, status, "unknown status")
            return usual
        return status


def _leader(score: Pair) -> str:
    return "home" if score[0] > score[1] else "away" if score[0] < score[1] else "draw"
