"""Names of clubs and competitions: the tables that come along, and the user's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import yaml

from engine.errors import ConfigurationError
from engine.names import fold
from engine.paths import conf_dir
from engine.source.aliases import (
    check_user_tables,
    load_aliases,
    shipped_competitions,
    user_tables_hash,
)
from engine.source.read import read_files
from engine.source.sandbox.worker import parse

TABLES = sorted(p for p in (conf_dir() / "source" / "aliases").glob("*.yaml") if p.name != "competitions.yaml")
HEAD = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A"


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    (tmp_path / "aliases").mkdir()
    return tmp_path / "aliases"


def events(path: Path, *rows: str, source: str = "football_data", mapping: Path | None = None) -> pl.DataFrame:
    """Events of a file, as the child process of `read_files` reads them, in this process."""
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    text = mapping.read_text(encoding="utf-8") if mapping else ""
    facts = {"path": str(path), "name": path.name, "source": source, "reader": source, "sha256": "0" * 64}
    return parse(facts | {"today": "2026-01-01", "mapping": text, "mapping_name": "m"}).events


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_table_that_comes_along_gives_each_spelling_one_known_name(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = [name for group in (content.get("names") or {}).values() for name in group]
    variants = content["aliases"]
    assert len(names) == len(set(names)), "a name stands in two countries"
    assert not set(variants) & set(variants.values()), "a chain"
    assert not set(variants) & set(names), "a standard name that is a variant"
    assert not names or set(variants.values()) <= set(names)
    folded: dict[str, set[str]] = {}
    for name, standard in [*((n, n) for n in names), *variants.items()]:
        folded.setdefault(fold(name), set()).add(standard)
    assert not {text: two for text, two in folded.items() if len(two) > 1}, "one spelling, two clubs"
    for local in (content.get("aliases_in") or {}).values():
        assert not set(local) & set(names) and set(local.values()) <= {*names, *variants.values()}
    aliases = load_aliases(path.stem)
    for name in [*names, *variants]:
        assert aliases.resolve(aliases.resolve(name)) == aliases.resolve(name)
    assert {aliases.resolve(name) for name in names} == set(names)


@pytest.mark.parametrize(
    ("name", "standard"),
    [
        ("Nottingham Forest", "Nott'm Forest"),
        ("Nott’m Forest", "Nott'm Forest"),
        ("NOTT'M FOREST", "Nott'm Forest"),
        ("Man Utd", "Man United"),
        ("Sheffield Wednesday", "Sheffield Weds"),
        ("Eintracht Frankfurt", "Ein Frankfurt"),
        ("Borussia Mönchengladbach", "M'gladbach"),
        ("Atlético Madrid", "Ath Madrid"),
        ("Paris Saint-Germain", "Paris SG"),
        ("AS Saint-Étienne", "St Etienne"),
        ("1. FC Köln", "FC Koln"),
        ("Sporting CP", "Sp Lisbon"),
        ("Wolverhampton Wanderers", "Wolves"),
        ("Hellas Verona", "Verona"),
    ],
)
def test_spellings_of_football_clubs(name: str, standard: str) -> None:
    assert load_aliases("football").resolve(name) == standard


def test_clubs_that_differ_stay_different() -> None:
    aliases = load_aliases("football")
    groups = [
        ("Dundee", "Dundee United"),
        ("Verona", "Chievo"),
        ("Man United", "Man City"),
        ("Sheffield United", "Sheffield Weds"),
        ("Bristol City", "Bristol Rvs"),
        ("Ein Frankfurt", "Frankfurt FSV"),
        ("AFC Wimbledon", "Wimbledon", "Milton Keynes Dons"),
        ("Paris SG", "Paris FC"),
        ("Bastia", "CA Bastia"),
        ("Ajaccio", "Ajaccio GFCO"),
        ("Real Madrid", "Real Madrid B"),
        ("Granada", "Granada 74"),
        ("Murcia", "UCAM Murcia", "Ciudad de Murcia"),
        ("Louvieroise", "RAAL La Louviere"),
        ("Beveren", "Waasland-Beveren"),
        ("Mouscron", "Mouscron-Peruwelz"),
        ("RB Leipzig", "VfB Leipzig"),
        ("Shanghai SIPG", "Shanghai Port"),  # one club, two names at two times: both stand as written
    ]
    for group in groups:
        assert len({aliases.resolve(name) for name in group}) == len(group), group


def test_a_short_name_counts_in_its_competition_only() -> None:
    aliases = load_aliases("football")
    assert aliases.resolve("Sporting", "P1") == "Sp Lisbon"
    assert aliases.resolve("Sporting", "SP2") == "Sp Gijon"
    assert aliases.resolve("Sporting", "KAN") == aliases.resolve("Sporting") == "Sporting"


def test_teams_of_american_football_that_moved_keep_both_names() -> None:
    aliases = load_aliases("american_football")
    names = ["OAK", "LV", "SD", "LAC", "STL", "LA"]
    assert [aliases.resolve(name) for name in names] == names and aliases.new({"LV"}) == set()


def test_a_club_that_the_source_renames_is_one_club(tmp_path: Path) -> None:
    first = events(tmp_path / "a.csv", "E0,24/08/2024,Northport,Nott'm Forest,1,1,D,2.1,3.4,3.5")
    later = events(tmp_path / "b.csv", "E0,24/08/2024,Northport,Nottingham Forest,1,1,D,2.1,3.4,3.5")
    assert first["event_id"].to_list() == later["event_id"].to_list()


def test_a_users_alias_counts_and_a_changed_table_reads_the_file_again(user: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    row = "E0,24/08/2024,Northport Town,Arsenal,1,1,D,2.1,3.4,3.5"
    assert events(path, row)["home"].to_list() == ["Northport Town"] and user_tables_hash() == ""
    before = next(iter(read_files("football_data", [path], today=date(2026, 1, 1)))).identity
    (user / "football.yaml").write_text("aliases: {Northport Town: Northport}\n")
    assert events(path, row)["home"].to_list() == ["Northport"]
    after = next(iter(read_files("football_data", [path], today=date(2026, 1, 1), known=[before])))
    assert not after.unchanged and after.identity != before
    again = next(iter(read_files("football_data", [path], today=date(2026, 1, 1), known=[after.identity])))
    assert again.unchanged
    (user / "football.yaml").write_text("aliases: {Northport Town: North Port}\n")
    changed = next(iter(read_files("football_data", [path], today=date(2026, 1, 1), known=[after.identity])))
    assert not changed.unchanged and changed.events["home"].to_list() == ["North Port"]


def test_the_users_table_comes_first(user: Path) -> None:
    (user / "football.yaml").write_text(
        "names: {here: [Northport]}\n"
        "aliases:\n"
        "  Sparta: Sparta\n"  # not the one in Rotterdam
        "  Nott'm Forest: Nottingham Forest\n"  # the other way round
        "  Forest FC: Nottingham Forest\n"
        "  The Wanderers: Wolverhampton Wanderers\n"
        "aliases_in: {EC: {Town: Northport}}\n"
    )
    aliases = load_aliases("football")
    assert aliases.resolve("Sparta") == "Sparta"
    for name in ("Nott'm Forest", "Nottingham Forest", "Nottingham F", "Forest FC", "nottingham forest"):
        assert aliases.resolve(name) == "Nottingham Forest"
    assert aliases.resolve("The Wanderers") == "Wolves"
    assert aliases.resolve("Town", "EC") == "Northport" and aliases.resolve("Town", "E3") == "Town"
    assert aliases.new({"Northport", "Nottingham Forest", "Sparta", "Southport Q"}) == {"Southport Q"}


def test_aliases_without_a_list_of_names_report_no_new_name(user: Path) -> None:
    (user / "darts.yaml").write_text("aliases: {A. Smith: Smith A.}\n")
    aliases = load_aliases("darts")
    assert aliases.resolve("A. Smith") == "Smith A." and aliases.new({"Jones B."}) == set()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("football", "aliases: {A: B, B: C}", "'B' is both a name and a variant"),
        ("football", "aliases:\n  A: B\n  A: C\n", "'A' stands twice in .*line 3"),
        ("football", "alias: {A: B}", "found alias; did you mean 'aliases'"),
        ("football", "aliases: [A, B]", "not a table of names"),
        ("football", "aliases: {A: [B]}", "not a name"),
        ("football", "aliases: {A: yes}", "not a name"),
        ("football", "names: [A]", "not a table of names"),
        ("football", "names: {x: A}", "names without lists"),
        ("football", "- A", "not a table of names"),
        ("football", "aliases: {A: 'B", "not a table of names"),
        ("my sport", "aliases: {A: B}", "a table of aliases for no sport"),
        ("competitions", "use: football", "not a list of sports"),
        ("competitions", "use: [darts]", "no table of competitions for 'darts'"),
        ("competitions", "football: {A: B, B: C}", "'B' is both a name and a variant"),
    ],
)
def test_a_wrong_table_is_refused_before_any_file_is_read(user: Path, name: str, text: str, message: str) -> None:
    (user / f"{name}.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        check_user_tables()
    assert f"{name}.yaml" in str(caught.value) and "\n" not in str(caught.value)
    (user.parent / "a.csv").write_text(HEAD + "\n")
    with pytest.raises(ConfigurationError):
        read_files("football_data", [user.parent / "a.csv"])


def test_competitions_keep_their_names_until_the_user_says_otherwise(user: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "description: x\nsport: {value: football}\ncompetition: Div\nhome: HomeTeam\naway: AwayTeam\n"
        'start: {column: Date, format: "%d/%m/%Y"}\nhome_score: FTHG\naway_score: FTAG\n'
        "prices: [{column: B365H, market: 1x2, selection: home, bookmaker: b365, instant: open}]\n"
    )

    def competition(name: str, source: str = "generic_csv") -> str:
        more = {"mapping": mapping} if source == "generic_csv" else {}
        row = f"{name},24/08/2024,Northport,Arsenal,1,1,D,2.1,3.4,3.5"
        value: str = events(tmp_path / "a.csv", row, source=source, **more)["competition"][0]
        return value

    assert shipped_competitions("football")["soccer_epl"] == "E0"
    assert competition("soccer_epl") == "soccer_epl" and competition("EPL") == "EPL"
    (user / "competitions.yaml").write_text("football: {The League: E0}\n")
    assert competition("The League") == "E0" and competition("EPL") == "EPL"
    (user / "competitions.yaml").write_text("use: [football]\nfootball: {The League: EPL}\n")
    assert competition("soccer_epl") == competition("EPL") == competition("The League") == "E0"
    assert competition("E0", "football_data") == "E0"
    (user / "competitions.yaml").write_text("football: {E0: Premier League}\n")
    assert competition("E0", "football_data") == competition("E0") == "Premier League"


def test_two_spellings_of_one_club_do_not_meet(user: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}\nE0,24/08/2024,Man Utd,Man United,1,1,D,2.1,3.4,3.5\n")
    (batch,) = read_files("football_data", [tmp_path / "a.csv"], today=date(2026, 1, 1))
    assert batch.events.height == 0 and batch.counts.rows_quarantined == 1 and batch.counts.add_up
    assert batch.quarantine["reason"].to_list() == ["both teams are 'Man United' by the table of aliases"]


def test_a_winner_may_be_written_in_another_spelling(tmp_path: Path) -> None:
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "description: x\nsport: {value: football}\ncompetition: Div\nhome: HomeTeam\naway: AwayTeam\n"
        'start: {column: Date, format: "%d/%m/%Y"}\nwinner: {column: FTR, names: true}\n'
        "prices: [{column: B365H, market: 1x2, selection: home, bookmaker: b365, instant: open}]\n"
    )
    row = "E0,24/08/2024,Arsenal,Nott'm Forest,,,Nottingham Forest,2.1,3.4,3.5"
    found = events(tmp_path / "a.csv", row, source="generic_csv", mapping=mapping)
    assert found["winner"].to_list() == ["away"] and found["away"].to_list() == ["Nott'm Forest"]


def test_rules_of_seasons_hold_under_both_names_of_a_competition(user: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "description: x\nsport: {value: football}\ncompetition: Div\nhome: HomeTeam\naway: AwayTeam\n"
        'start: {column: Date, format: "%d/%m/%Y"}\nhome_score: FTHG\naway_score: FTAG\n'
        "season_rules: {The League: calendar}\n"
        "prices: [{column: B365H, market: 1x2, selection: home, bookmaker: b365, instant: open}]\n"
    )
    (user / "competitions.yaml").write_text("football: {The League: L1}\n")
    row = "The League,24/08/2024,Arsenal,Chelsea,1,1,D,2.1,3.4,3.5"
    found = events(tmp_path / "a.csv", row, source="generic_csv", mapping=mapping)
    assert found.select("competition", "season").row(0) == ("L1", "2024")


def test_a_sport_under_another_name_has_the_same_tables(user: Path) -> None:
    assert load_aliases("soccer").resolve("Nottingham Forest") == "Nott'm Forest"
    assert load_aliases("Football").new({"Arsenal", "Northport"}) == {"Northport"}
    (user / "Ice-Hockey.yaml").write_text("aliases: {The Bears: Bears}\n")
    (user / "competitions.yaml").write_text("use: [soccer]\nhockey: {The Cup: Cup}\n")
    check_user_tables()
    for sport in ("ice_hockey", "icehockey_nhl", "Ice Hockey"):
        assert load_aliases(sport).resolve("The Bears") == "Bears"
        assert load_aliases(sport).competition("The Cup") == "Cup"
    assert load_aliases("football").competition("soccer_epl") == "E0"
    assert load_aliases("baseball").resolve("The Bears") == "The Bears"
    assert load_aliases("../football").resolve("Nottingham Forest") in ("Nottingham Forest", "Nott'm Forest")
    assert load_aliases("").resolve("The Bears") == load_aliases("my sport").resolve("The Bears") == "The Bears"


def test_a_table_with_another_ending_is_refused(user: Path) -> None:
    (user / "football.yml").write_text("aliases: {A: B}\n")
    with pytest.raises(ConfigurationError, match=r"for no sport in .*football.yml: expected SPORT.yaml"):
        check_user_tables()
