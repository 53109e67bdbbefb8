"""A `bea` on the PATH whose commands run in this process, which has imported everything: scripts that call it often.

The first command of each word runs in a process of its own, as a user's does, with everything that it writes. The later
ones of `bea backtest` leave out the page, which no script of a test reads.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from research.commands.main import main

BEA = Path(sys.executable).parent / "bea"

_CLIENT = f"""#!{sys.executable} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({{path!r}})
    server.sendall(json.dumps([os.getcwd(), sys.argv[1:]]).encode())
    server.shutdown(socket.SHUT_WR)
    with server.makefile("rb") as answer:
        status, out, err = json.load(answer)
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(status)
"""

Answer = tuple[int, str, str]  # exit status, stdout, stderr


def run_script(command: Sequence[str], home: Path) -> Answer:
    """Run a script that calls `bea` and answer each of its calls; its environment has the home as `BEA_HOME`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")} | {"BEA_HOME": str(home)}
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path, client = Path(folder) / "socket", Path(folder) / "bea"
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(0.1)
        client.write_text(_CLIENT.format(path=str(path)))
        client.chmod(0o700)
        search = [folder, str(Path(sys.executable).parent), environment["PATH"]]
        environment["PATH"] = os.pathsep.join(search)
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as script:
            try:
                _serve(script, listener, environment)
            finally:
                script.kill()
            out, err = script.communicate()
    return script.returncode, out, err


def _serve(script: subprocess.Popen[str], listener: socket.socket, environment: dict[str, str]) -> None:
    known: set[str] = set()
    while script.poll() is None:
        with contextlib.suppress(TimeoutError), listener.accept()[0] as caller:
            caller.settimeout(None)
            with caller.makefile("rb") as question:
                folder, words = json.load(question)
            answer = _here(words, folder, environment) if words[0] in known else _process(words, folder, environment)
            known.add(words[0])
            caller.sendall(json.dumps(answer).encode())


def _process(words: list[str], folder: str, environment: dict[str, str]) -> Answer:
    done = subprocess.run([BEA, *words], cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def _here(words: list[str], folder: str, environment: dict[str, str]) -> Answer:
    out, err, before = io.StringIO(), io.StringIO(), os.environ.get("BEA_HOME")
    words = [*words, "report=false"] if words[0] == "backtest" else words
    os.environ["BEA_HOME"] = environment["BEA_HOME"]
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(words)
    finally:
        os.environ.pop("BEA_HOME")
        os.environ |= {} if before is None else {"BEA_HOME": before}
    return status, out.getvalue(), err.getvalue()
