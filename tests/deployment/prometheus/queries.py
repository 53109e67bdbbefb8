"""The queries of the rules and of the dashboard, and the names in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from scripts.alerts import rules
from tests.deployment.dockerfile import ROOT

CONFIG: Final = ROOT / "deploy" / "prometheus" / "prometheus.yml"
DASHBOARDS: Final = tuple(sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")))
#: what Prometheus itself makes at each scrape
_OWN: Final = frozenset({"up"})


def panels() -> Iterator[dict[str, Any]]:
    """All panels of the dashboards, those in rows too."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            yield panel
            yield from panel.get("panels", ())


def queries() -> dict[str, str]:
    """Every query by where it stands; variables of the dashboard have a value."""
    found = {rule["alert"]: rule["expr"] for rule in rules()}
    for panel in panels():
        for target in panel.get("targets", ()):
            text = target["expr"].replace("$ledger", "spring").replace("$__rate_interval", "1m")
            found[f"{panel['title']} {target['refId']}"] = text
    return found


def metrics_of(query: str) -> set[str]:
    """Names of the metrics that a query asks for, without those of Prometheus itself.

    >>> sorted(metrics_of('sum by (bea) (rate(bea_a_total{b="bea_c"}[5m])) > bea_d / process_x'))
    ['bea_a_total', 'bea_d', 'process_x']
    """
    bare = re.sub(r'"[^"]*"|\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)', "", query)
    return set(re.findall(r"\b(?:bea|process|up)(?:_\w+)?\b", bare)) - _OWN
