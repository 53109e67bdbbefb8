"""Breaks the alert rules one at a time; their cases must find each: ``python -m tests.deployment.prometheus.spoilt``.

The exit status is 1 if a rule is wrong and no case fails. The result is in docs/alerts.md.
"""

from __future__ import annotations

import copy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from scripts.alerts import RULES
from tests.deployment.prometheus.test_rules import HERE, matrix, told


def spoilt(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is wrong with a rule, and the rule."""
    yield "never fires", rule | {"expr": "vector(0) > 1"}
    yield "fires always", rule | {"expr": "vector(1)", "for": "0s"}
    if "for" in rule:
        yield "fires at once", {name: value for name, value in rule.items() if name != "for"}
        yield "waits for an hour", rule | {"for": "1h"}
    if "labels" in rule:
        yield "is of another severity", rule | {"labels": {"severity": "info"}}
    yield "leads to another page", rule | {"annotations": rule["annotations"] | {"runbook_url": "docs/runbook/x.md"}}


def main() -> int:
    """Break each rule in each way."""
    rules, cases = yaml.safe_load(RULES.read_text()), (HERE / "rules_test.yml").read_text()
    count, unseen = 0, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for g, group in enumerate(rules["groups"]):
            for r, rule in enumerate(group["rules"]):
                for wrong, changed in spoilt(rule):
                    whole = copy.deepcopy(rules)
                    whole["groups"][g]["rules"][r] = changed
                    text = yaml.safe_dump(whole)
                    count += 1
                    if all(told(folder, one, text).startswith("0 ") for one in (cases, matrix())):
                        unseen.append(f"{rule['alert']} {wrong}")
    sys.stdout.write(f"{count} broken rules, {count - len(unseen)} found\n" + "".join(f"{one}\n" for one in unseen))
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
