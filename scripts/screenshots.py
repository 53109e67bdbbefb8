"""Make the pictures of the documentation: ``python -m scripts.screenshots`` (needs chromium and chromedriver; 4 min).

In an empty home it gives the commands of the README: the sweep over the sample, the promotion, paper trading and the
monitor. Then it opens the report and the page of the runner in a headless browser, and writes ``docs/images``.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image  # comes with matplotlib

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
#: colours that are kept of a picture: flat pages look the same with few
COLOURS = 256
#: largest size of a picture, bytes
MOST = 150_000
#: the runner trades until this day as fast as it goes, so that there is something to see
UNTIL = "2020-03-01"
PROGRAM = (sys.executable, "-c", "import sys; from research.commands.main import main; sys.exit(main())")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


def demo() -> dict[str, list[str]]:
    """The words after `bea` of the demo in the README, by command."""
    found = re.findall(r"\.venv/bin/bea ([^\n`]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    words = [shlex.split(line.split("&&")[0]) for line in found]
    return {
        first: [first, *more] for first, *more in reversed(words) if first in ("sweep", "promote", "paper", "monitor")
    }


@contextmanager
def running(words: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process of its own, ended as Ctrl-C ends it."""
    process = subprocess.Popen([*PROGRAM, *words], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def browser(profile: Path) -> Iterator[Any]:
    """Chromium without a window."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or ""))
    try:
        yield driver
    finally:
        driver.quit()


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            raise SystemExit("the page did not show what was expected")
        time.sleep(0.2)


def sized(driver: Any, width: int, height: int) -> None:
    """Set the size of the page, and light colours."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    light = [{"name": "prefers-color-scheme", "value": "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": light})


def keep(driver: Any, name: str) -> None:
    """Write what the browser shows, with few colours."""
    picture = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
    target = IMAGES / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    size = target.stat().st_size
    print(f"{target.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > MOST:
        raise SystemExit(f"{target.name} has {size} bytes, more than {MOST}")


def take_report(driver: Any, home: Path) -> None:
    """The report of the sweep."""
    sized(driver, 1280, 1230)
    driver.get(next((home / "data" / "runs").glob("*/report.html")).as_uri())
    keep(driver, "report")


def take_monitor(driver: Any, address: str, token: str) -> None:
    """The page of the runner, at the width of a desk and of a phone."""
    sized(driver, 1280, 1320)
    driver.get(address)
    driver.find_element("name", "person").send_keys("ann")
    driver.find_element("name", "token").send_keys(token)
    driver.find_element("css selector", ".ask button").click()
    drawn = "return document.querySelectorAll('.chart canvas').length === 2"
    told = "return document.querySelectorAll('.breakers li').length > 0"
    until(lambda: driver.execute_script(drawn) and driver.execute_script(told))
    keep(driver, "monitor-desktop")
    sized(driver, 390, 1320)
    time.sleep(1.0)  # the charts are drawn again
    keep(driver, "monitor-phone")


def main() -> None:
    """Give the commands and take the pictures."""
    words = demo()
    with tempfile.TemporaryDirectory(prefix="bea-pictures-") as folder:
        home, token = Path(folder) / "home", secrets.token_urlsafe(24)
        home.mkdir()
        environment = {
            **os.environ, "BEA_HOME": str(home), "BEA_MONITOR_TOKEN": token,
            "BEA_PROMOTION_KEY": str(Path(folder) / "key"), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for name in ("sweep", "promote"):
            subprocess.run([*PROGRAM, *words[name]], env=environment, stdout=subprocess.DEVNULL, check=True)
        subprocess.run(
            [*PROGRAM, "paper", words["paper"][1], "--until", UNTIL],
            env=environment, stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        with (
            browser(Path(folder) / "profile") as driver,
            running(words["paper"], environment),
            running([*words["monitor"], f"monitor.port={port}"], environment),
        ):
            take_report(driver, home)
            until(lambda: _answers(port))
            take_monitor(driver, f"http://127.0.0.1:{port}/", token)


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
