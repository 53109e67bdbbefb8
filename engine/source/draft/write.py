"""The text of a first mapping: keys for what a file shows, and commented questions for what it does not say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from engine.schema import MARKETS, SELECTIONS
from engine.source.draft import columns as of
from engine.source.draft.look import Look, look_at
from engine.source.draft.prices import Guess, guesses

_SPORTS: Final = {
    "nfl": "american_football",
    "nba": "basketball",
    "wnba": "basketball",
    "nhl": "ice_hockey",
    "mlb": "baseball",
}
_MARKET_WORDS: Final = {
    **dict.fromkeys(("h2h", "ml"), "moneyline"),
    **dict.fromkeys(("spreads", "spread", "ah"), "asian_handicap"),
    **dict.fromkeys(("total", "ou", "over_under"), "totals"),
    **dict.fromkeys(("match_odds", "match odds", "full time result"), "1x2"),
}


def draft_mapping(path: Path) -> str:
    """Text of a first mapping for a file. It can be parsed as it is.

    Raises
    ------
    SourceError
        The file cannot be opened, or is neither a table of text nor JSON.
    """
    look = look_at(path)
    names = list(look.columns)
    lines = [
        f"# A first mapping for {_plain(look.name)}: read it, answer the questions (lines with ?), then import with",
        "#   bea data import generic_csv FILE --mapping THIS.yaml",
        f"# Columns: {_plain(', '.join(names))[:900]}",
        f"description: {_quoted(f'{look.name}, as bea data map read it')}",
    ]
    lines += _file(look)
    prices, odds = _prices(look)
    lines += _event(look, prices)
    lines += _result(look)
    lines += odds
    return "\n".join(lines) + "\n"


def _file(look: Look) -> list[str]:
    lines = []
    if look.records is not None:
        each = f", each: [{', '.join(map(_quoted, look.records.each))}]" if look.records.each else ""
        lines.append(f"records: {{list: {_quoted(look.records.list)}{each}}} # JSON; columns are paths")
    elif look.delimiter != ",":
        lines.append(f"delimiter: {_quoted(look.delimiter)}")
    if look.headerless:
        lines.append(f"columns: [{', '.join(map(_quoted, look.columns))}] # ? the file has no header: name its columns")
    if look.header_line:
        lines.append(f"header_line: {look.header_line} # the lines before it are skipped")
    if of.has_commas(look.columns):
        lines.append('decimal: "," # numbers are written 1,85')
    return lines


def _event(look: Look, prices: Sequence[Guess]) -> list[str]:
    columns = look.columns
    lines = [_sport(look, prices), *_competition(look)]
    season = of.find(columns, "season")
    if season:
        lines.append(f"season: {_quoted(season)}")
    else:
        lines.append("season_rule: july # ? july (to June) or calendar: the season follows from the date")
    sides = of.find_sides(columns)
    if sides is None:
        lines += ["home: HOME # ? no column was found: write its name", "away: AWAY # ? the same"]
    else:
        home, away, guessed = sides
        note = " # ? found by its values: which of the two columns is the home side?" if guessed else ""
        lines += [f"home: {_quoted(home)}{note}", f"away: {_quoted(away)}"]
        if of.bare(home) == "winner" or of.bare(home) == "player1":
            lines.append("neutral: true # no home side: names are put in alphabetical order")
    lines += _start(look)
    game, game_id = of.find(columns, "game"), of.find(columns, "game_id")
    if game:
        lines.append(f"game: {_quoted(game)} # number of the game where a pair plays twice on a date")
    elif game_id and look.records is not None:
        lines.append(f"game_id: {_quoted(game_id)}")
    return lines


def _sport(look: Look, prices: Sequence[Guess]) -> str:
    column = of.find(look.columns, "sport")
    if column:
        values = list(dict.fromkeys(look.columns[column]))[:8]
        words = _plain(", ".join(values))
        return f"sport: {{column: {_quoted(column)}, map: {{}}}} # ? map its words ({words}) to football, tennis, ..."
    words_of_name = re.split(r"[^a-z]+", look.name.lower())
    hint = next((sport for word, sport in _SPORTS.items() if word in words_of_name), "")
    if not hint and any(of.bare(name) == "winner" for name in look.columns) and "Loser" in look.columns:
        hint = "tennis"
    draws = any(guess.selection == "draw" for guess in prices)
    return f"sport: {{value: {hint or 'football'}}} # ? " + (
        "the prices have a draw" if draws and not hint else "is it?"
    )


def _competition(look: Look) -> list[str]:
    column, country = of.find(look.columns, "competition"), of.find(look.columns, "country")
    if column and country and column != country:
        return [f"competition: {{columns: [{_quoted(country)}, {_quoted(column)}]}}"]
    if column or country:
        return [f"competition: {_quoted(column or country or '')}"]
    stem = re.sub(r"[^A-Za-z0-9]+", " ", look.name.split(".")[0]).strip() or "X"
    return [
        f"competition: {{value: {_quoted(stem)}}} # ? no column was found; from the name of the file:",
        "# competition: {file: '^([A-Za-z]+)'}",
    ]


def _start(look: Look) -> list[str]:
    dates = [
        name for name in look.columns if of.date_format(look.columns[name][:50]) and not of.odds_of(look.columns[name])
    ]
    column = of.find(dates, "date") or next(iter(dates), None)
    if column is None:
        return ["start: {column: DATE} # ? no column with a date was found: write its name and format"]
    form, has_time, other = of.date_format(look.columns[column]) or ("iso", False, "")
    keys = [f"column: {_quoted(column)}"] + ([f"format: {_quoted(form)}"] if form != "iso" else [])
    clock = of.find(look.columns, "time")
    if not has_time and clock and clock != column and of.is_clock(look.columns[clock]):
        keys.append(f"time_column: {_quoted(clock)}")
        has_time = True
    lines = []
    if other:
        lines.append(f"# ? every date can be read both ways: is it {_quoted(form)} or {_quoted(other)}?")
    named = form.startswith("unix") or (
        form == "iso" and any(re.search(r"(Z|[+-]\d\d:\d\d)$", v) for v in look.columns[column][:50])
    )
    keys.append("zone: UTC")
    note = "" if named else " # ? in which time zone: UTC, Europe/London, America/New_York, ..."
    if not has_time:
        note = " # ? dates without a time: in which time zone is the day?"
    return [*lines, f"start: {{{', '.join(keys)}}}{note}"]


def _result(look: Look) -> list[str]:
    columns, lines = look.columns, []
    home, away, text = (of.find(columns, role) for role in ("home_score", "away_score", "score"))
    if home and away and of.is_integers(columns[home] + columns[away]):
        lines += [f"home_score: {_quoted(home)}", f"away_score: {_quoted(away)}"]
    elif text and of.is_score(columns[text]):
        lines.append(f"score: {_quoted(text)} # one cell: 2:1, 2-1 AET")
    if lines:
        lines.append("# score_scope: {value: regulation} # ? or with_overtime: what does the score count?")
    by_name = {of.bare(name): name for name in columns}
    found = []
    for scope, pairs in of.FURTHER.items():
        pair = next((p for p in pairs if p[0] in by_name and p[1] in by_name), None)
        if pair:
            found.append(f"  {scope}: {{home: {_quoted(by_name[pair[0]])}, away: {_quoted(by_name[pair[1]])}}}")
    lines += ["scores:", *found] if found else []
    sides = of.find_sides(columns)
    winner = of.find(columns, "winner")
    if sides and of.bare(sides[0]) == "winner":
        lines.append("winner: {value: home} # the column of winners is the home side, before the names are sorted")
    elif winner and not lines:
        words = list(dict.fromkeys(columns[winner]))[:5]
        keys = f"column: {_quoted(winner)}, map: {{H: home, D: draw, A: away}}"
        lines.append(f"# winner: {{{keys}}} # ? its words: {_plain(', '.join(words))}")
    return lines


def _prices(look: Look) -> tuple[list[Guess], list[str]]:
    """Meanings of the price columns, and the lines of the mapping about prices."""
    names = list(look.columns)
    kinds = {name: of.odds_of(values) for name, values in look.columns.items()}
    lines = []
    seen = of.find(names, "seen")
    if seen and of.date_format(look.columns[seen]):
        form = (of.date_format(look.columns[seen]) or ("iso",))[0]
        lines.append(
            f"known: {{columns: [{_quoted(seen)}]"
            + (f", format: {_quoted(form)}" if form != "iso" else "")
            + "} # when a price was seen"
        )
    else:
        seen = None
    long = _long(look, kinds, seen)
    if long:
        return [], lines + long
    others = {of.find(names, role) for role in ("season", "date", "time", "home_score", "away_score", "score")}
    odds = [name for name in names if kinds[name] and name not in others]
    found = guesses(odds, names)
    formats = Counter(kinds[guess.column] for guess in found)
    common = formats.most_common(1)[0][0] if formats else "decimal"
    if common != "decimal":
        lines.append(f"odds: {common}")
    found = [guess for guess in found if kinds[guess.column] == common]
    if not found:
        head = ["prices: [] # no column was recognised as a price: with prices, one line for each column:"]
        return [], [*head, *(f"#  - {{column: {_quoted(name)}, market: 1x2, selection: home}}" for name in odds[:40])]
    book = of.find(names, "bookmaker")
    if book:
        lines.append(f"bookmaker: {_quoted(book)}")
        found = [Guess(**{**vars(guess), "bookmaker": ""}) for guess in found]
    elif any(not guess.bookmaker for guess in found):
        lines.append("bookmaker: {value: unnamed} # ? whose prices are these?")
    lines.append("prices: # instant: open, close" + (" or snapshot" if seen else ""))
    lines += [_price(guess, "snapshot" if seen else guess.instant) for guess in found]
    used = {guess.column for guess in found} | {guess.line_column for guess in found}
    left = [name for name in odds if name not in used]
    lines += [f"#  - {{column: {_quoted(name)}, market: ?, selection: ?}}" for name in left[:40]]
    return found, [*lines, *_lines_of(found)]


def _price(guess: Guess, instant: str) -> str:
    keys = [f"column: {_quoted(guess.column)}", f"market: {guess.market}", f"selection: {_quoted(guess.selection)}"]
    keys += [f"line: {guess.line:g}"] if guess.line is not None else []
    keys += [f"line_column: {_quoted(guess.line_column)}"] if guess.line_column else []
    keys += [f"bookmaker: {_quoted(guess.bookmaker)}"] if guess.bookmaker else []
    keys += [f"instant: {instant}"] if instant != "open" else []
    return f"  - {{{', '.join(keys)}}}"


def _lines_of(found: Sequence[Guess]) -> list[str]:
    """Rules of the columns of handicaps, whose owner the file does not name."""
    totals = sorted({guess.line_column for guess in found if guess.line_column and "totals" in guess.market})
    questions = [
        f"# ? is {_plain(name)} the line of the totals, and not the points that were scored?" for name in totals
    ]
    names = sorted({guess.line_column for guess in found if guess.line_column and "handicap" in guess.market})
    if not names:
        return questions
    return [
        *questions,
        "lines: # ? whose handicap is it: home, away, or own (that of the side of the price)?",
        *(
            f"  {_quoted(name)}: {{team: {_owner(name)}}} # factor: -1 if it is by how much the team is favoured"
            for name in names
        ),
    ]


def _owner(name: str) -> str:
    """Whose handicap a column has, by its name: spread_away is that of the away side."""
    return "away" if "away" in of.bare(name) and "home" not in of.bare(name) else "home"


def _long(look: Look, kinds: dict[str, str], seen: str | None) -> list[str]:
    """Lines of a long table: one price a row. Empty if the file is none."""
    names = list(look.columns)
    market, selection, odds = (of.find(names, role) for role in ("market", "selection", "odds"))
    if look.records is not None and look.records.each:
        inner = ".".join(look.records.each) + "."
        above = ".".join(look.records.each[:-1])
        selection = selection or next(
            (n for n in names if n.startswith(inner) and n.rsplit(".", 1)[-1] in ("name", "key")), None
        )
        keys = [n for n in names if above and n in (f"{above}.key", f"{above}.name")]
        market = next(iter(keys), market)
    if not (odds and kinds.get(odds) and selection and market) or len({odds, selection, market}) < 3:
        return []
    book = of.find(names, "bookmaker") or next(
        (n for n in names if re.fullmatch(r"(bookmakers|books)\.(key|name|title)", n)), None
    )
    lines = [f"odds: {kinds[odds]}"] if kinds[odds] != "decimal" else []
    lines.append("long:")
    lines.append(
        f"  bookmaker: {_quoted(book)}" if book else "  bookmaker: {value: unnamed} # ? whose prices are these?"
    )
    lines.append(
        "  instant: {value: snapshot}" if seen else "  instant: {value: open} # ? or close; a snapshot needs known"
    )
    words = list(dict.fromkeys(look.columns[market]))[:30]
    known = {word: _MARKET_WORDS[word.lower()] for word in words if word.lower() in _MARKET_WORDS}
    if {"draw", "tie", "x"} & {value.lower() for value in look.columns[selection]}:
        known = {word: "1x2" if name == "moneyline" else name for word, name in known.items()}
    unknown = [word for word in words if word not in known and word.lower() not in MARKETS]
    question = f" # ? what are: {_plain(', '.join(unknown))}" if unknown else ""
    lines.append(f"  market: {{column: {_quoted(market)}, map: {_flow(known)}}}{question}")
    chosen = {s for sides in SELECTIONS.values() for s in sides}
    words = list(dict.fromkeys(look.columns[selection]))
    known = {word: word.lower() for word in words if word.lower() in chosen and word != word.lower()}
    known |= {word: "draw" for word in words if word.lower() in ("tie", "x")}
    lines.append(
        f"  selection: {{column: {_quoted(selection)}, map: {_flow(known)}, names: true}} # names: a team is its side"
    )
    line = of.find(names, "line")
    if line:
        lines.append(f"  line_column: {_quoted(line)}")
    lines.append(f"  odds_column: {_quoted(odds)}")
    if line:
        negative = any(value.startswith("-") for value in look.columns[line])
        lines.append("lines: # ? whose handicap is it: home, away, or own (that of the side of the price)?")
        lines.append(f"  {_quoted(line)}: {{team: {'own' if negative else 'home'}}}")
    return lines


def _quoted(text: str) -> str:
    """A text as YAML in a flow table."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) and yaml.safe_load(text) == text:
        return text
    return "'" + _plain(text).replace("'", "''") + "'"


def _flow(words: dict[str, str]) -> str:
    return "{" + ", ".join(f"{_quoted(a)}: {_quoted(b)}" for a, b in words.items()) + "}"


def _plain(text: str) -> str:
    return " ".join(text.split())
