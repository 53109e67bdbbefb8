"""Headless chromium from Debian; the tests are skipped where it is not installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BINARY, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900",
)  # fmt: skip

DESKTOP, PHONE = (1280, 900), (390, 844)


@dataclass
class Browser:
    """One chromium: opens pages as files, and reports what they logged and requested."""

    driver: Any

    def show(self, page: Path, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> Browser:
        """Open a page at a size and with a preference for light or dark, with empty storage."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.prefer(dark)
        self.driver.get(page.as_uri())
        self.run("localStorage.clear()")
        self.logs()
        self.driver.get(page.as_uri())
        return self

    def prefer(self, dark: bool, media: str = "") -> None:
        """Set the preferred colour scheme and the medium."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [feature]})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script and return its value."""
        return self.driver.execute_script(script, *arguments)

    def logs(self) -> tuple[list[str], list[str]]:
        """Console messages and requested addresses since the last call."""
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        addresses = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                addresses.append(message["params"]["request"]["url"])
        return messages, addresses

    def keys(self, *keys: str) -> None:
        """Send keys to the focused element."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages of the session."""
    yield from _started(tmp_path_factory)


@pytest.fixture()
def fresh_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser of its own: no emulation or setting of another test."""
    yield from _started(tmp_path_factory)


def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if BINARY is None or DRIVER is None:
        pytest.skip("no chromium and chromedriver on this machine (Debian: apt-get install chromium chromium-driver)")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BINARY
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(20)
    yield Browser(driver)
    driver.quit()


@pytest.fixture(scope="session")
def write_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Any], Path]:
    """Writes the page of constructed data and returns its path; each name is written once."""
    from research.report.page import page

    folder = tmp_path_factory.mktemp("pages")

    def write(name: str, data: Any) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(page(data), encoding="utf-8")
        return path

    return write
