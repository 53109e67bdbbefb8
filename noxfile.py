"""The verbs of development: `nox -l` lists them, `nox -s VERB` runs one in the current environment."""

from __future__ import annotations

import sys
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
PYTHON = str(BIN / "python")

nox.options.sessions = ["lint", "types", "test-fast"]
nox.options.default_venv_backend = "none"


def _run(session: nox.Session, *command: str, **environment: str) -> None:
    """Run a program of the current environment, wherever `nox` was called from."""
    program = BIN / command[0]
    session.run(str(program if program.exists() else command[0]), *command[1:], env=environment or None, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, security rules, formatting and import floors: seconds."""
    _run(session, "ruff", "check", ".")
    _run(session, "ruff", "format", "--check", ".")
    _run(session, "lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict, over both packages."""
    _run(session, "mypy")


@nox.session(name="test-fast")
def test_fast(session: nox.Session) -> None:
    """All tests but the slow ones and those in a browser: under a minute."""
    quick = "not slow and not browser and not proof"
    _run(session, "python", "-m", "pytest", "-q", "-n", "2", "-m", quick, *session.posargs)


@nox.session
def test(session: nox.Session) -> None:
    """All tests: the test command of the README."""
    _run(session, "python", "-m", "pytest", "-n", "2", *session.posargs)


@nox.session
def proofs(session: nox.Session) -> None:
    """The long proofs that CI leaves out: before a release and after a change of what they prove."""
    _run(session, "python", "-m", "pytest", "-n", "2", "-m", "proof", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """All tests with coverage, its threshold included."""
    _run(session, "python", "-m", "pytest", "-n", "2", "--cov", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as a site in site/; a broken link or reference is an error."""
    _run(session, "mkdocs", "build", "--strict", *session.posargs, NO_MKDOCS_2_WARNING="1")


@nox.session
def bench(session: nox.Session) -> None:
    """A small benchmark of the walk; arguments after `--` replace its sizes."""
    sizes = ("--sizes", "10_000,100_000", "--counts", "1,1_000", "--repeat", "2")
    _run(session, "python", "-m", "tests.bench", *(session.posargs or sizes))


@nox.session
def audit(session: nox.Session) -> None:
    """Known vulnerabilities of the installed packages, and the list of their licences."""
    _run(session, "python", "-m", "scripts.licences", "--check")
    _run(session, "python", "-m", "scripts.audit", *session.posargs)


@nox.session
def smoke(session: nox.Session) -> None:
    """A small sweep on a second Python (3.12 or 3.13), where one is installed."""
    _run(session, "python", "-m", "scripts.second_python")


@nox.session(venv_backend="venv")
def lock(session: nox.Session) -> None:
    """The packages of the image with their hashes, in deploy/: after a change of pyproject.toml or constraints.txt."""
    session.install("uv")
    options = ("--constraint", "constraints.txt", "--generate-hashes", "--python-version", "3.12")
    plain = (
        "--python-platform",
        "linux",
        "--no-header",
        "--no-annotate",
        "--no-emit-index-url",
        "--upgrade",
        "--quiet",
    )
    extras = ("--extra", "live", "--extra", "monitor", "--extra", "postgres")
    compiled = ("uv", "pip", "compile", *options, *plain)
    session.run(*compiled, *extras, "-o", "deploy/requirements.txt", "pyproject.toml")
    session.run(*compiled, "--output-file", "deploy/build.txt", "deploy/build.in")
