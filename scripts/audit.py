"""Look for known vulnerabilities of the installed packages: ``python -m scripts.audit``.

Runs pip-audit, which asks an advisory service in the network about every package.

Exit status 0: all packages were checked and none has a known vulnerability. 1: some have one, or were left unchecked.
3: the service could not be reached, so nothing was checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

UNREACHED = 3


def verdict(report: dict[str, Any]) -> tuple[int, str]:
    """Exit status and text for a report of pip-audit.

    Parameters
    ----------
    report : dict
        The JSON of pip-audit: ``{"dependencies": [{"name", "version", "vulns"} or {"name", "skip_reason"}, ...]}``.
    """
    packages = report["dependencies"]
    skipped = [package for package in packages if "skip_reason" in package]
    hit = [package for package in packages if package.get("vulns")]
    if len(skipped) == len(packages):
        return UNREACHED, "The advisory service could not be reached: nothing was audited."
    lines = []
    for package in hit:
        for flaw in package["vulns"]:
            fixed = ", ".join(flaw["fix_versions"]) or "no release"
            lines.append(f"{package['name']} {package['version']}: {flaw['id']}, fixed in {fixed}")
    lines += [f"{package['name']}: not audited, {package['skip_reason']}" for package in skipped]
    checked = len(packages) - len(skipped)
    lines.append(f"{checked} packages audited, {len(hit)} with a known vulnerability, {len(skipped)} not audited")
    return int(bool(hit or skipped)), "\n".join(lines)


def main() -> int:
    """Run pip-audit on the current environment; prints its findings and gives the exit status."""
    command = [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner=off", "--format=json"]
    done = subprocess.run([*command, "--timeout=10"], capture_output=True, text=True)
    try:
        status, text = verdict(json.loads(done.stdout))
    except json.JSONDecodeError:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        status, text = UNREACHED, f"The advisory service could not be reached: nothing was audited.\n{reason}"
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
