"""Write the alert matrix and the list of metrics into docs/alerts.md: ``python -m scripts.alerts``.

They are made of the tables of the code and of the rules of Prometheus; a test keeps them current.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from engine.live.alerts.table import ALERTS
from research.monitor.measures import MEASURES
from research.monitor.metrics import FURTHER, OWN_ALERTS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "alerts.md"
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
BEGIN: Final = "<!-- from here on written by `python -m scripts.alerts`: {} -->\n\n"
END: Final = "\n<!-- end of the table: {} -->\n"

#: rules of Prometheus that take name and severity from the metric
_BREAKER, _EVENT = "BeaBreakerTripped", "BeaAlert"
#: alerts of a runner that ends: it gives no pulse any more, so no metric has them
_LAST_WORDS: Final = {"ledger_failed": "BeaRunnerDead", "lease_lost": ""}


def rules() -> list[dict[str, Any]]:
    """All alert rules of Prometheus."""
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def page_of(rule: dict[str, Any]) -> str:
    """Name of the page of the runbook that a rule links to; in braces where a label of the metric names it."""
    return str(rule["annotations"]["runbook_url"]).rpartition("}}/")[2].removesuffix(".md")


def rows() -> list[tuple[str, str, str, str, str]]:
    """Name, severity, what it says, who tells it, and the rules of Prometheus that tell it too, of each alert."""
    by_page: dict[str, list[dict[str, Any]]] = {}
    for rule in rules():
        by_page.setdefault(page_of(rule), []).append(rule)
    found = []
    for alert in ALERTS.values():
        own = [rule["alert"] for rule in by_page.pop(alert.name, ())]
        if alert.severity == "info":
            names = ""
        elif own:
            names = ", ".join(own)
        elif alert.name in _LAST_WORDS:
            names = _LAST_WORDS[alert.name]
        else:
            names = _BREAKER if alert.name.startswith("breaker_") else _EVENT
        teller = "monitor" if alert.name in OWN_ALERTS else "runner"
        found.append((alert.name, alert.severity.value, alert.text, teller, names))
    for page, same in by_page.items():
        if same[0]["alert"] not in (_BREAKER, _EVENT):
            words, severity = same[0]["annotations"]["summary"], same[0]["labels"]["severity"]
            found.append((page, severity, words, "Prometheus", ", ".join(rule["alert"] for rule in same)))
    return found


def table() -> str:
    """The matrix in Markdown."""
    lines = ["| alert, and what to do | severity | it says | told by | rule of Prometheus |", "|---|---|---|---|---|"]
    lines += [f"| [{name}](runbook/{name}.md) | {' | '.join(rest)} |" for name, *rest in rows()]
    return "\n".join(lines) + "\n"


def metrics() -> str:
    """The metrics in Markdown."""
    lines = ["| metric | labels | is |", "|---|---|---|"]
    own = [(one.name, ("ledger", *one.labels), one.words) for one in MEASURES]
    for name, labels, words in (*own, *FURTHER):
        lines.append(f"| `{name}` | {', '.join(labels)} | {words} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the current tables."""
    text = PAGE.read_text(encoding="utf-8")
    for name, made in (("alerts", table()), ("metrics", metrics())):
        begin, end = BEGIN.format(name), END.format(name)
        head, _, rest = text.partition(begin)
        text = head + begin + made + end + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
