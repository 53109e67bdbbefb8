"""The measured tables of docs/features.md, and every row of the features over real seasons in three ways.

    python -m tests.bench.features FOLDER football|constants|tennis|rows

DATA has the folders football_data, football_data_leagues and tennis_data. No season that `bea judge` judges is read for
a table of football: 2005/06 to 2012/13 are judged here, by one ordered logit that is fitted in the same span.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import polars as pl

from engine.asof.features import BEFORE, Follower, frames
from engine.schema import INSTANT_DTYPE
from engine.source import football_data, tennis_data
from engine.source.quarantine import Origin
from engine.strategy import Feature
from research.features import built_in
from research.regression.ordered import fitted
from tests.bench.goals import LEAGUES

TODAY = date(2026, 1, 1)
FIRST, LAST = "2005-2006", "2012-2013"
#: features whose rows are compared, by sport
ROWS = {
    "football": (
        "elo", "pi_ratings", "pi_chances", "form", "rest", "season_phase", "head_to_head", "shots", "corners",
        "poisson", "dixon_coles", "bivariate_poisson", "score_driven", "score_driven_shots", "running_draws",
    ),
    "tennis": ("elo", "pi_ratings", "form", "rest", "head_to_head", "welo", "elo_surface"),
}  # fmt: skip
#: instants at which the history is cut
N_CUTS = 12


def football(data: Path) -> pl.DataFrame:
    """Events of five leagues, all seasons, in the order of their starts."""
    paths = [path for league, folder in LEAGUES.items() for path in sorted((data / folder).glob(f"{league}_*.csv"))]
    read = [football_data.read(p.read_bytes(), Origin("football_data", p.name, "0" * 64), TODAY).events for p in paths]
    return pl.concat(read).sort("starts_at", "event_id")


def tennis(data: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events of the ATP, and Pinnacle's fair probability of the first player where both prices are there."""
    paths = sorted((data / "tennis_data").glob("*.csv"))
    read = [tennis_data.read(path.read_bytes(), Origin("tennis_data", path.name, "0" * 64), TODAY) for path in paths]
    quotes = pl.concat([part.quotes for part in read]).filter(pl.col("bookmaker") == "pinnacle")
    pairs = quotes.pivot("selection", index="event_id", values="odds").drop_nulls()
    fair = pairs.select("event_id", fair=pl.col("away") / (pl.col("home") + pl.col("away")))
    return pl.concat([part.events for part in read]).sort("starts_at", "event_id"), fair


def values(feature: Feature, events: pl.DataFrame) -> pl.DataFrame:
    """The feature at the start of each event, in the order of the events, its columns as ``name.column``."""
    asked = events.select("event_id", decided_at=pl.col("starts_at").cast(INSTANT_DTYPE))
    found = events.select("event_id").join(
        frames([feature], events, asked)[feature.name], on="event_id", maintain_order="left"
    )
    return found.select(pl.col(name).alias(f"{feature.name}.{name}") for name in feature.columns)


def loss(events: pl.DataFrame, inputs: Sequence[pl.Series]) -> float:
    """Mean log loss of one ordered logit of some inputs in the span, where all of them are known."""
    rows = pl.DataFrame([s.cast(pl.Float64).rename(str(k)) for k, s in enumerate(inputs)])
    codes = events["winner"].replace_strict(["home", "draw", "away"], [0, 1, 2], return_dtype=pl.Int64, default=None)
    here = events["season"].is_between(pl.lit(FIRST), pl.lit(LAST)) & codes.is_not_null()
    here &= rows.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    x, y = rows.filter(here).to_numpy(), codes.filter(here).to_numpy()
    model = fitted(np.ascontiguousarray(x), y, tuple(rows.columns), 3, "features")
    return -float(np.log(model.probabilities(x)[np.arange(len(y)), y]).mean())


def told(label: str, *numbers: float) -> None:
    """One line of a table."""
    sys.stdout.write(f"{label:64}" + "".join(f"  {number:.4f}" for number in numbers) + "\n")
    sys.stdout.flush()


def apart(found: pl.DataFrame, *pairs: tuple[str, str]) -> list[pl.Series]:
    """Differences of columns."""
    return [found[first] - found[second] for first, second in pairs]


def of_form(found: pl.DataFrame) -> list[pl.Series]:
    """Goals scored and conceded, and points, as differences."""
    kinds = (("home_points", "away_points"), ("home_scored", "away_scored"), ("home_conceded", "away_conceded"))
    return apart(found, *((f"form.{home}", f"form.{away}") for home, away in kinds))


def of_counts(found: pl.DataFrame, feature: str, kind: str) -> list[pl.Series]:
    """What both sides have and concede, as differences."""
    names = [(f"{feature}.home_{kind}{end}", f"{feature}.away_{kind}{end}") for end in ("", "_conceded")]
    return apart(found, *names)


def ratings(data: Path) -> None:
    """Constants of the ratings, and what other features add to them."""
    events = football(data)
    made: Any = {name: built_in(name) for name in ROWS["football"]}
    variants = {
        "Elo as above": made["elo"],
        "Elo with entrants at 1500": replace(made["elo"], entrant_gap=0.0),
        "pi-ratings as above (rate .03, catch-up .95)": made["pi_ratings"],
        "pi-ratings, constants of the paper, entrants at -0.4": replace(made["pi_ratings"], rate=0.035, catch_up=0.7),
        "pi-ratings of the paper": replace(made["pi_ratings"], rate=0.035, catch_up=0.7, entrant_gap=0.0),
        "pi_chances alone": made["pi_chances"],
    }
    diffs = {}
    for label, feature in variants.items():
        diffs[label] = values(feature, events)[f"{feature.name}.diff"]
        told(label, loss(events, [diffs[label]]))
    judged = events["season"].is_between(pl.lit(FIRST), pl.lit(LAST))
    sys.stdout.write(f"matches: {judged.sum():,} of {events.height:,}\n")
    elo, pi = diffs["Elo as above"], diffs["pi-ratings as above (rate .03, catch-up .95)"]
    told("pi-ratings and pi_chances", loss(events, [pi, diffs["pi_chances alone"]]))
    told("Elo and pi-ratings", loss(events, [elo, pi]))
    more = {
        name: values(made[name], events)
        for name in ("rest", "form", "head_to_head", "season_phase", "shots", "corners")
    }
    added = {
        "pi_chances": [diffs["pi_chances alone"]],
        "days of rest": apart(more["rest"], ("rest.home_days", "rest.away_days")),
        "congestion": apart(more["rest"], ("rest.home_matches", "rest.away_matches")),
        "head to head": [more["head_to_head"]["head_to_head.goals"], more["head_to_head"]["head_to_head.share"]],
        "form": of_form(more["form"]),
        "form: points at home and away": apart(more["form"], ("form.home_points_at_home", "form.away_points_away")),
        "phase of the season": [more["season_phase"]["season_phase.played"]],
        "shots": of_counts(more["shots"], "shots", "shots"),
        "shots on target": of_counts(more["shots"], "shots", "shots_on_target"),
        "corners": of_counts(more["corners"], "corners", "corners"),
    }
    for label, inputs in added.items():
        known = pl.DataFrame(inputs).select(pl.all_horizontal(pl.all().is_not_null())).to_series()
        both = [pl.select(pl.when(known).then(column)).to_series() for column in (elo, pi)]
        without, with_it = loss(events, both), loss(events, [*both, *inputs])
        told(f"  with {label}: without, with, gain", without, with_it, without - with_it)


def constants(data: Path) -> None:
    """Decays and priors of form, shots, corners and head to head, each alone."""
    events = football(data)
    made: Any = {name: built_in(name) for name in ("form", "shots", "corners", "head_to_head")}
    for decay in (0.9, 0.95, 0.97, 0.99):
        form = values(replace(made["form"], goals_decay=decay), events)
        pairs = [(f"form.home_{kind}", f"form.away_{kind}") for kind in ("scored", "conceded")]
        places = apart(form, ("form.home_points_at_home", "form.away_points_away"))
        told(
            f"form, goals_decay {decay}: goals; points at home and away",
            loss(events, apart(form, *pairs)),
            loss(events, places),
        )
        kinds = (("shots", "shots"), ("shots", "shots_on_target"), ("corners", "corners"))
        found = {name: values(replace(made[name], decay=decay), events) for name in ("shots", "corners")}
        told(f"shots, on target, corners, decay {decay}", *(loss(events, of_counts(found[f], f, k)) for f, k in kinds))
    for decay in (0.9, 0.95, 0.97, 0.98, 0.99):
        form = values(replace(made["form"], points_decay=decay), events)
        told(f"form, points_decay {decay}: points", loss(events, apart(form, ("form.home_points", "form.away_points"))))
        met = values(replace(made["head_to_head"], decay=decay), events)
        told(f"head to head, decay {decay}", loss(events, [met["head_to_head.goals"], met["head_to_head.share"]]))
    for prior in (1.0, 4.0, 8.0):
        told(f"form, prior {prior:g}", loss(events, of_form(values(replace(made["form"], prior=prior), events))))
        met = values(replace(made["head_to_head"], prior=prior), events)
        told(f"head to head, prior {prior:g}", loss(events, [met["head_to_head.goals"], met["head_to_head.share"]]))


def tours(data: Path) -> None:
    """The ratings of tennis, without and with a logit that is fitted on the years before."""
    events, fair = tennis(data)
    made: Any = {name: built_in(name) for name in ("elo", "welo", "elo_surface")}
    shares = {
        "elo": made["elo"], "welo of the paper": replace(made["welo"], ranking_weight=0.0),
        "welo": made["welo"], "elo_surface": made["elo_surface"],
    }  # fmt: skip
    welo = values(made["welo"], events)
    rows = events.select("event_id", "status", "season", won=pl.col("winner") == "home").with_columns(
        **{label: values(f, events)[f"{f.name}.expected"] for label, f in shares.items()},
        **{c: welo[c] for c in welo.columns},
    )
    rows = rows.join(fair, on="event_id").filter(pl.col("status") == "played").drop_nulls("elo")
    years = {"2012": pl.col("season") == "2012", "2013-2016": pl.col("season") > "2012"}
    parts = [rows.filter(where) for where in years.values()]
    sys.stdout.write("matches: " + ", ".join(f"{y} {p.height:,}" for y, p in zip(years, parts, strict=True)) + "\n")
    chance = pl.when("won")
    for label in ("fair", *shares):
        told(label, *(-p.select(chance.then(label).otherwise(1.0 - pl.col(label)).log().mean()).item() for p in parts))
    names = ["welo.diff"]
    for name in ("", "welo.ranking_diff", "welo.ranking_diff_long"):
        names += [name] if name else []
        losses = []
        for year in ("2013", "2014", "2015", "2016"):
            old, new = rows.filter(pl.col("season") < year), rows.filter(season=year)
            x, y = (part.select(pl.col(names).fill_null(0.0)).to_numpy() for part in (old, new))
            model = fitted(np.ascontiguousarray(x), 1 - old["won"].cast(pl.Int64).to_numpy(), tuple(names), 2, "tennis")
            p = model.probabilities(np.ascontiguousarray(y))[:, 0]
            losses += (-np.log(np.where(new["won"].to_numpy(), p, 1.0 - p))).tolist()
        told(f"logit of {', '.join(names)}", float(np.mean(losses)))


def same_rows(data: Path) -> None:
    """Every decision of real seasons: whole history, message by message, and cut at the day."""
    atp, _ = tennis(data)
    for sport, events in (("football", football(data)), ("tennis", atp)):
        asked = events.select("event_id", decided_at=pl.col("starts_at").cast(INSTANT_DTYPE)).sort(
            "decided_at", "event_id"
        )
        instants = asked["decided_at"].unique().sort()
        cuts = instants.gather(np.linspace(len(instants) // 20, len(instants) - 1, N_CUTS).astype(int))
        for name in ROWS[sport]:
            start, feature = process_time(), built_in(name)
            whole = frames([feature], events, asked)[name]
            n_cut = 0
            for instant in cuts:
                known = events.with_columns(settled_at=pl.when(pl.col("settled_at") < instant).then("settled_at"))
                part = asked.filter(decided_at=instant)
                assert frames([feature], known, part)[name].equals(whole.filter(decided_at=instant)), (name, instant)
                n_cut += part.height
            assert by_messages(feature, events, asked).equals(whole), name
            sys.stdout.write(
                f"{sport} {name}: {whole.height:,} decisions the same message by message, "
                f"{whole.drop_nulls().height:,} of them known; {n_cut:,} the same from histories cut at "
                f"{N_CUTS} instants; {process_time() - start:.0f} s\n"
            )
            sys.stdout.flush()


def by_messages(feature: Feature, events: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """The incremental form: each result is told when it is settled, and each instant is asked alone."""
    follower = Follower([feature])
    told_at = events.filter(pl.col("settled_at").is_not_null()).with_columns(at=pl.col("settled_at").cast(pl.Int64))
    messages = told_at.sort("at", "event_id", descending=[False, True]).iter_rows(named=True)
    waiting = next(messages, None)
    before = {row["event_id"]: row for row in events.select("event_id", *BEFORE).iter_rows(named=True)}
    parts = []
    for (instant,), part in asked.with_columns(pl.col("decided_at").cast(pl.Int64)).group_by(
        ["decided_at"], maintain_order=True
    ):
        while waiting is not None and waiting["at"] <= instant:
            follower.add(waiting, waiting["at"])
            waiting = next(messages, None)
        parts.append(follower.frames([(instant, before[event]) for event in part["event_id"]])[feature.name])
    return pl.concat(parts)


def main() -> None:
    """Print a table."""
    parts = {"football": ratings, "constants": constants, "tennis": tours, "rows": same_rows}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("part", choices=parts)
    given = parser.parse_args()
    parts[given.part](given.data)


if __name__ == "__main__":
    main()
