"""What a column seems to be, by its name and by its values: events, dates, scores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Words of columns, in lower case without signs. The first that a file has counts.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "home": _words("hometeam home hometeamname homename teamhome team1 heim heimteam local casa hosts player1 winner"),
    "away": _words(
        "awayteam away awayteamname awayname teamaway team2 gast gastteam visitor visitante ospite "
        "visitors player2 loser"
    ),
    "date": _words(
        "commencetime startsat starttime kickoff date gameday start datetime datum gamedate matchdate eventdate "
        "fecha data startdate utcdate timestamp opendate"
    ),
    "time": _words("time zeit kickofftime gametime uhrzeit hour hora"),
    "competition": _words("div league competition sportkey tournament division liga leaguename competitionname"),
    "country": _words("country land nation"),
    "season": _words("season saison temporada seasonname"),
    "sport": _words("sport sportkey sportname"),
    "home_score": _words(
        "fthg hg homescore homegoals homescoreft hs ht scorehome homepoints goalshome homeruns "
        "targethometeamfulltimegoals scoresnamehometeamscore"
    ),
    "away_score": _words(
        "ftag ag awayscore awaygoals awayscoreft as gt scoreaway awaypoints goalsaway awayruns "
        "targetawayteamfulltimegoals scoresnameawayteamscore"
    ),
    "score": _words("score result ergebnis ftscore finalscore resultado"),
    "status": _words("status comment matchstatus"),
    "winner": _words("winner ftr res outcome resultside"),
    "game": _words("gamenumber gamenum dhgame doubleheader"),
    "game_id": _words("gameid id eventid matchid fixtureid"),
    "seen": _words(
        "snapshottakenatutc seen knownat scrapedat collectedat lastupdate snapshot pulledat capturedat quotetime"
    ),
    "bookmaker": _words("bookmaker book sportsbook bookmakername bookmakerskey provider"),
    "market": _words("market markettype bettype marketname markets"),
    "selection": _words("selection outcome side runner outcomename pick sel"),
    "line": _words("line point handicap points hdp"),
    "odds": _words("odds price odd decimalodds oddsdecimal quote quota"),
}
#: Pairs of further scores.
FURTHER: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "first_half": (("hthg", "htag"), ("homescoreht", "awayscoreht"), ("homegoalsht", "awaygoalsht")),
    "corners": (("hc", "ac"), ("homecorners", "awaycorners")),
}
#: Formats of dates that are tried, in this order.
FORMATS: Final = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%Y", "%d.%m.%y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%b %d %Y", "%b %d, %Y", "%d %B %Y"),
)
_TIMES: Final = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")
_SCORE = re.compile(r"\d{1,3}\s*[:\-\u2013]\s*\d{1,3}(\s.*)?")


def bare(name: str) -> str:
    """A name in lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def find(columns: Iterable[str], role: str) -> str | None:
    """The column whose name is one of the words of a role; of a path, its last parts count as well."""
    by_name: dict[str, str] = {}
    for column in columns:
        for name in _names(column):
            by_name.setdefault(name, column)
    return next((by_name[word] for word in NAMES[role] if word in by_name), None)


def _names(column: str) -> tuple[str, str, str]:
    """The bare name of a column; of a path such as ``teams.home.name``, also of its last two parts and of its last."""
    parts = column.split(".")
    return bare(column), bare("".join(parts[-2:])), bare(parts[-1])


def find_sides(columns: Mapping[str, Sequence[str]]) -> tuple[str, str, bool] | None:
    """Columns of the two sides, and whether they were found by their values: two columns with the same texts.

    Columns of numbers are scores or prices, whatever their names.
    """
    columns = {name: values for name, values in columns.items() if not (values and _numeric(values))}
    for a, b in zip(NAMES["home"], NAMES["away"], strict=False):
        both = [find_word(columns, word) for word in (a, b)]
        if both[0] and both[1]:
            return both[0], both[1], False
    home, away = find(columns, "home"), find(columns, "away")
    if home and away and home != away:
        return home, away, False
    texts = {name: set(values) for name, values in columns.items() if len(set(values)) > 3}
    names = list(texts)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            if len(texts[a] & texts[b]) >= 0.8 * min(len(texts[a]), len(texts[b])) and columns[a] != columns[b]:
                return a, b, True
    return None


def find_word(columns: Iterable[str], word: str) -> str | None:
    """The column whose name, or the last parts of whose path, is a word."""
    return next((column for column in columns if word in _names(column)), None)


def date_format(values: Sequence[str]) -> tuple[str, bool, str] | None:
    """Format of dates, whether they have a time of day, and the other order of day and month if both are possible."""
    sample = list(dict.fromkeys(values))[:3_000]
    if not sample:
        return None
    if all(re.fullmatch(r"1[0-9]{9}", v) for v in sample):
        return "unix", True, ""
    if all(re.fullmatch(r"1[0-9]{12}", v) for v in sample):
        return "unix_ms", True, ""
    if _share(sample, lambda v: bool(datetime.fromisoformat(v))) > 0.9 and "-" in sample[0]:
        return "iso", any(len(v) > 10 for v in sample), ""
    for clock in _TIMES:
        shares = {form + clock: _share(sample, _reader(form + clock)) for form in FORMATS}
        best = max(shares, key=lambda form: (round(shares[form], 2), -list(shares).index(form)))
        if shares[best] > 0.9:
            rivals = [
                form
                for form, share in shares.items()
                if form != best and share >= shares[best] and _swapped(form, best)
            ]
            return best, bool(clock), rivals[0] if rivals else ""
    return None


def _swapped(one: str, other: str) -> bool:
    return one.replace("%d", "?").replace("%m", "%d").replace("?", "%m") == other


def _reader(form: str) -> Callable[[str], bool]:
    return lambda value: bool(datetime.strptime(value, form))


def _share(values: Sequence[str], read: Callable[[str], bool]) -> float:
    """Share of the values that a function reads without a ValueError."""
    count = 0
    for value in values:
        try:
            count += bool(read(value))
        except ValueError:
            continue
    return count / len(values)


def is_clock(values: Sequence[str]) -> bool:
    """Whether a column has times of the day."""
    return bool(values) and sum(bool(_CLOCK.fullmatch(v)) for v in values) > 0.9 * len(values)


def is_score(values: Sequence[str]) -> bool:
    """Whether a column has scores written as one text."""
    return bool(values) and sum(bool(_SCORE.fullmatch(v)) for v in values) > 0.6 * len(values)


def is_integers(values: Sequence[str]) -> bool:
    """Whether a column has small whole numbers."""
    return bool(values) and sum(bool(re.fullmatch(r"\d{1,3}(\.0*)?", v)) for v in values) > 0.9 * len(values)


def _numeric(values: Sequence[str]) -> bool:
    return sum(bool(_NUMBER.fullmatch(v) or _COMMA.fullmatch(v)) for v in values) > 0.5 * len(values)


def has_commas(columns: Mapping[str, Sequence[str]]) -> bool:
    """Whether the numbers of a file have decimal commas."""
    commas = sum(bool(_COMMA.fullmatch(v)) for values in columns.values() for v in values[:200])
    points = sum(bool(re.fullmatch(r"[+-]?\d+\.\d+", v)) for values in columns.values() for v in values[:200])
    return commas > 3 * points


def odds_of(values: Sequence[str]) -> str:
    """How a column may write odds: ``decimal``, ``american``, ``fractional``; empty if it has no odds."""
    sample = [v.replace(",", ".") for v in values[:1_000]]
    if not sample:
        return ""
    if sum(bool(re.fullmatch(r"\d+/\d+", v)) for v in sample) > 0.8 * len(sample):
        return "fractional"
    numbers = [float(v) for v in sample if _NUMBER.fullmatch(v)]
    if len(numbers) < 0.8 * len(sample):
        return ""
    if sum(abs(n) >= 100 for n in numbers) > 0.95 * len(numbers) and any(
        n < 0 or "+" in v for n, v in zip(numbers, sample, strict=False)
    ):
        return "american"
    between = sum(1.0 < n < 1_001 for n in numbers) > 0.95 * len(numbers)
    return "decimal" if between and any(n != round(n) for n in numbers) else ""
