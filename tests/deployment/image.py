"""The image without docker: ``python -m tests.deployment.image [--keep FOLDER]``, as root, with a network.

Runs the instructions of deploy/Dockerfile in a folder, then sweeps, promotes and trades the sample as the user of the
image, who can write in the home folder only. What needs a container (packages of the system, the user) is named, not
run.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.second_python import interpreter
from tests.deployment.dockerfile import ROOT, Stage, environment, stages

USER = 10001
#: writes as the user does; reads everything, since the Python of this machine may lie in a folder closed to others
AS_USER = (
    "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search", "--bounding-set=-all,+dac_read_search", "--no-new-privs",
)  # fmt: skip
#: commands of the system itself
OF_A_CONTAINER = ("apt-get", "useradd")


def say(line: str) -> None:
    """One line of the report."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tracked(source: str) -> list[Path]:
    """Files of the checkout below a path, as the build would get them from a clean clone."""
    listed = subprocess.run(["git", "ls-files", "-z", source], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.split("\0") if name]


def build(stage: Stage, root: Path, python: Path) -> None:
    """Run the steps of the stage `build` with `root` in place of the root of the file system."""
    where = root
    variables = os.environ | {"PATH": f"{python.parent}:{os.environ['PATH']}"} | environment(stage)
    for step in stage.steps:
        begin = time.monotonic()
        if step.word == "WORKDIR":
            where = root / step.text.lstrip("/")
            where.mkdir(parents=True)
        elif step.word == "COPY":
            sources, target = step.paths()
            for source in sources:
                for name in tracked(source):
                    to = where / target / (name.name if (ROOT / source).is_file() else name.relative_to(source))
                    to.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(ROOT / name, to)
        elif step.word == "RUN":
            command = step.text.replace("/opt/", f"{root}/opt/").replace("python -m venv", f"{python} -m venv")
            subprocess.run(["/bin/sh", "-euc", command], cwd=where, env=variables, check=True)
            say(f"  {time.monotonic() - begin:6.1f} s  {step.text}")


def serve(stage: Stage, root: Path) -> dict[str, str]:
    """The environment of the last stage, whose steps of the system are named."""
    for step in stage.steps:
        if step.word == "RUN":
            assert step.text.startswith(OF_A_CONTAINER), step
            say(f"  not run: {step.text}")
    home = root / "var" / "lib" / "bea"
    home.mkdir(parents=True)
    os.chown(home, USER, USER)
    system = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    variables = {name: value.replace("/opt/", f"{root}/opt/") for name, value in environment(stage).items()}
    variables |= {name: value.replace("/var/lib", f"{root}/var/lib") for name, value in variables.items()}
    return system | variables | {"PATH": f"{root}/opt/bea/bin:{system['PATH']}"}


def trade(root: Path, variables: dict[str, str]) -> None:
    """A sweep, a promotion and a month on paper, as the user of the image."""
    reasons = ("simulated=the sample", "verdict,dsr,pbo,spa,price,clv,leaks=a demo")
    acknowledged = [word for reason in reasons for word in ("--acknowledge", reason)]
    for words in (
        ["sweep", "data=sample", "experiment=sample"],
        ["promote", "last", "--name", "demo", *acknowledged],
        ["paper", "demo", "--until", "2019-09-15", "logs.format=json"],
        ["status", "demo", "--json"],
    ):
        begin = time.monotonic()
        command = [*AS_USER, "/bin/sh", str(ROOT / "deploy" / "with-secrets"), "bea", *words]
        done = subprocess.run(
            command, cwd=root / "var/lib/bea", env=variables | {"SECRETS": "/nowhere"}, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"bea {words[0]}: exit status {done.returncode}\n{done.stderr}")
        say(f"  {time.monotonic() - begin:6.1f} s  bea {words[0]}")


def main() -> int:
    """Build, then trade; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder to build in, which must not exist; it stays")
    options = parser.parse_args()
    found = interpreter()
    if os.getuid() != 0 or found is None:
        sys.exit("needs root and a Python 3.12 or 3.13 beside the current one")
    version, python = found
    root = options.keep or Path(tempfile.mkdtemp(prefix="image-"))
    try:
        root.mkdir(exist_ok=not options.keep)
        root.chmod(0o755)
        say(f"deploy/Dockerfile with Python {version} in {root}")
        first, last = stages()
        build(first, root, Path(python))
        variables = serve(last, root)
        trade(root, variables)
        size = sum(
            path.stat().st_size for path in (root / "opt").rglob("*") if path.is_file() and not path.is_symlink()
        )
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        say(f"packages {size / 2**20:,.0f} MiB, largest process {most:,.0f} MiB")
    finally:
        if not options.keep:
            shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
