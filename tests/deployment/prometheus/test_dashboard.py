"""The dashboard of Grafana shows every number of a ledger, and is whole; its queries are asked in `test_live`."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
import yaml

from research.monitor.measures import MEASURES
from research.monitor.metrics import FURTHER
from tests.deployment.dockerfile import ROOT
from tests.deployment.prometheus.queries import DASHBOARDS, metrics_of, panels, queries

PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"


def test_every_number_is_on_the_dashboard_or_in_a_rule() -> None:
    asked = {name for text in queries().values() for name in metrics_of(text)}
    assert {one.name for one in MEASURES} | {name for name, *_ in FURTHER} <= asked


def test_the_dashboard_names_the_data_source_that_is_provisioned_and_lies_where_it_is_looked_for() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "bea.yaml").read_text())["providers"]
    (dashboard,) = (json.loads(path.read_text()) for path in DASHBOARDS)
    named = [dashboard["templating"]["list"][0]["datasource"]]
    for panel in panels():
        named += [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
    assert {(one["type"], one["uid"]) for one in named} == {(source["type"], source["uid"])}
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    mounts = dict(volume.split(":")[:2] for volume in compose["grafana"]["volumes"])
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./grafana/provisioning"] == "/etc/grafana/provisioning"
    port = compose["prometheus"]["ports"][0].rpartition(":")[2]
    assert source["url"] == f"http://prometheus:{port}"


def test_panels_have_titles_of_their_own_and_do_not_overlap() -> None:
    found = list(panels())
    for key in ("id", "title"):
        assert len({panel[key] for panel in found}) == len(found) > 20
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in found)
    assert not [(a["title"], b["title"]) for a, b in combinations(found, 2) if overlap(a["gridPos"], b["gridPos"])]


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Whether two panels share a cell."""
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    )


@pytest.mark.parametrize("panel", tuple(panels()), ids=lambda panel: panel["title"])
def test_a_query_is_of_the_ledgers_that_were_chosen(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        is_of_all = target["expr"].startswith(("ALERTS", "bea_ledgers_listed", "process_", "rate(process_"))
        assert is_of_all or '{ledger=~"$ledger"' in target["expr"]
