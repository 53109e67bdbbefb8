"""The page of a runner in chromium: the walk of an operator, widths and themes, a broken stream, keyboard, names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.live.feed import Feed, Message
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Kind
from research.monitor.html import FILES, static
from tests.browser.conftest import DESKTOP, PHONE, Browser
from tests.live.running import scene
from tests.research.monitor.conftest import NOON_NS, ORDER, TOKEN_OF_TESTS, Served, entry, served, serving, spring

pytestmark = pytest.mark.browser
__all__ = ["served", "spring"]  # fixtures

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
#: rules of accessibility by hand: what has no name, what is named twice, and what is too small to hit
RULES = """
const bad = [];
const name = (one) => (one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent || "").trim();
const named = "a[href], button, input:not([type=hidden]), meter, [role=img], [role=region]";
for (const one of document.querySelectorAll(named))
  if (!name(one)) bad.push(["no name", one.outerHTML.slice(0, 80)]);
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) bad.push(["id twice", id]);
for (const one of document.querySelectorAll("[aria-labelledby]"))
  if (!document.getElementById(one.getAttribute("aria-labelledby")))
    bad.push(["label of nothing", one.outerHTML.slice(0, 80)]);
for (const one of document.querySelectorAll("a[href], button, input:not([type=hidden]), summary")) {
  const box = one.getBoundingClientRect();
  if (box.width && box.height < 24 && !one.closest("p, .days, .skip"))
    bad.push(["too small", one.outerHTML.slice(0, 80), box.height]);
}
const levels = [...document.querySelectorAll("h1, h2, h3")].map((one) => Number(one.tagName[1]));
if (levels.filter((level) => level === 1).length !== 1) bad.push(["headings of the page", String(levels)]);
if (!document.documentElement.lang || !document.title || !document.querySelector("main")) bad.push(["the page itself"]);
for (const one of document.querySelectorAll("th:not(.u-legend th)"))
  if (!one.scope) bad.push(["a head of what", one.textContent]);
return bad;
"""


def sized(browser: Browser, size: tuple[int, int], *, dark: bool = False) -> None:
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.prefer(dark)


def log_in(browser: Browser, served: Served) -> None:
    browser.driver.delete_all_cookies()
    browser.logs()
    browser.driver.get(f"{served.address}/")
    assert browser.driver.current_url.endswith("/login")
    browser.driver.find_element("name", "person").send_keys("ann")
    browser.driver.find_element("name", "token").send_keys(TOKEN_OF_TESTS)
    browser.driver.find_element("css selector", ".ask button").click()


def shows(browser: Browser, served: Served, part: str, *words: str) -> None:
    """Wait until a part of the page shows some words."""
    script = "return document.getElementById(arguments[0])?.textContent || ''"
    served.until(lambda: all(word in browser.run(script, part) for word in words), most_s=15)


def follow(browser: Browser, served: Served, words: str) -> None:
    """Click a link at once: the stream may replace it between a look and a click."""
    script = (
        "const found = [...document.querySelectorAll('a')].find((one) => one.textContent.includes(arguments[0]));"
        "if (found) found.click(); return Boolean(found)"
    )
    served.until(lambda: bool(browser.run(script, words)), most_s=15)
    served.until(lambda: "/resume" in browser.driver.current_url or "/alert" in browser.driver.current_url)


def send(browser: Browser, form: str, reason: str) -> None:
    field = browser.driver.find_element("css selector", f"{form} [name=reason]")
    field.send_keys(reason)
    browser.driver.find_element("css selector", f"{form} button").click()


class Held:
    """A feed that gives nothing while it is held, nor after its last message: the runner does not end by itself."""

    def __init__(self, inner: Feed) -> None:
        self.name, self.is_live, self._inner = inner.name, inner.is_live, inner
        self.goes = threading.Event()

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """As the feed, or nothing after a short wait."""
        found = self._inner.poll(timeout_ns) if self.goes.wait(0.05) else ()
        if found is None:
            self.goes.clear()
            return ()
        return found


class Process:
    """A runner in a thread, as a process would be."""

    def __init__(self, history: scene.History) -> None:
        self._stack = ExitStack()
        self.parts = scene.opened(history, self._stack, hasty=False, around=scene.Around(renew_ms=100))
        self.feed = Held(self.parts.runner._world.feed)
        self.parts.runner._world = replace(self.parts.runner._world, feed=self.feed)
        self._jobs: list[Callable[[], Any]] = []
        self.parts.runner.on_turn = lambda: self._jobs.pop()() if self._jobs else None
        self._thread = threading.Thread(target=self.parts.run)
        self._thread.start()

    def trip(self, name: str, cause: str) -> None:
        """A part of the runner calls for a breaker."""
        room = self.parts.room
        self._jobs.append(lambda: room.journal.write([room.breakers.trip(name, cause, room.account.instant_ns)]))

    def end(self) -> None:
        self.parts.runner.stop("a restart")
        self._thread.join()
        self._stack.close()


@contextmanager
def running(history: scene.History) -> Iterator[Process]:
    process = Process(history)
    try:
        yield process
    finally:
        process.end()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> scene.History:
    folder = tmp_path_factory.mktemp("scene")
    scene.History.cut(3, folder)
    return scene.History.read(folder)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_walk_of_an_operator(
    fresh_browser: Browser, home: Path, history: scene.History, size: tuple[int, int]
) -> None:
    browser = fresh_browser
    sized(browser, size)
    with running(history) as first, serving() as served:
        log_in(browser, served)
        shows(browser, served, "state", "running")
        first.feed.goes.set()  # a day passes, and the page follows
        shows(browser, served, "decisions", "Placed")
        shows(browser, served, "equity", "EUR of 10,000 deposited")
        first.feed.goes.clear()
        first.trip("proof/venue/paper", "a bet that counted as absent")
        shows(browser, served, "alerts", "a bet that counted as absent is at the venue")
        follow(browser, served, "Acknowledge breaker proof")
        assert "docs/runbook/breaker_proof.md" in browser.driver.find_element("tag name", "main").text
        send(browser, "main .ask", "asked the venue")
        shows(browser, served, "alerts", "Acknowledged by ann: asked the venue")
        send(browser, ".kill", "a bet too many")
        shows(browser, served, "state", "killed", "the kill switch is set")
        first.parts.runner.stop("a restart")
        shows(browser, served, "state", "is stopped")
    with running(history) as second, serving() as served:
        log_in(browser, served)
        shows(browser, served, "state", "runs since", "the kill switch is set")
        follow(browser, served, "Resume: end the kill switch")
        send(browser, "main .ask", "the venue has voided it")
        shows(browser, served, "alerts", "proof")
        follow(browser, served, "Resume proof")
        send(browser, "main .ask", "it was a late answer")
        shows(browser, served, "state", "running")
        served.until(lambda: not second.parts.room.breakers.open(), most_s=10)
    said = [one.entry.body for one in scene.entries() if one.entry.kind.value in ("killed", "resumed")]
    assert [(body["breaker"], body["person"], body["reason"]) for body in said if body["person"]] == [
        ("kill", "ann", "a bet too many"),
        ("kill", "ann", "the venue has voided it"),
        ("proof/venue/paper", "ann", "it was a late answer"),
    ]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_view_is_readable_named_and_quiet(browser: Browser, served: Served, size: tuple[int, int]) -> None:
    for dark in (False, True):
        sized(browser, size, dark=dark)
        log_in(browser, served)
        shows(browser, served, "alerts", "not acknowledged")
        served.until(lambda: browser.run("return document.querySelectorAll('.chart canvas').length") == 2)
        browser.run("for (const fold of document.querySelectorAll('details')) fold.open = true")
        assert browser.run("return document.documentElement.scrollWidth") <= size[0]
        seen, pale = browser.run(CONTRAST, 4.5)
        assert seen > 60 and pale == []
        assert browser.run(RULES) == []
        said, asked = browser.logs()
        assert said == []
        assert [one for one in asked if not one.startswith((served.address, "data:"))] == []


def test_a_broken_stream_is_told_and_comes_back(browser: Browser, served: Served, spring: ChainedLedger) -> None:
    sized(browser, DESKTOP)
    log_in(browser, served)
    shows(browser, served, "state", "runs since")
    browser.run("document.getElementById('stale').dataset.after = 1")
    network = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    served.monitor.access.end(next(iter(served.monitor.access._sessions)))  # the stream ends with its session
    shows(browser, served, "stale", "The session has ended")
    log_in(browser, served)
    shows(browser, served, "state", "runs since")
    browser.driver.execute_cdp_cmd("Network.enable", {})
    browser.run("document.getElementById('stale').dataset.after = 1")
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", network)
    shows(browser, served, "stale", "The numbers below are old")
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", network | {"offline": False})
    hidden = "return document.getElementById('stale').hidden"
    browser.run("document.getElementById('stale').dataset.after = 12")
    served.until(lambda: browser.run(hidden), most_s=15)
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", network)  # a monitor that is started anew
    served.monitor.access._sessions.clear()
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", network | {"offline": False})
    shows(browser, served, "stale", "The session has ended")
    browser.logs()


def test_over_a_slow_line_the_page_shows_the_latest_and_skips_what_is_past(
    browser: Browser, served: Served, spring: ChainedLedger
) -> None:
    sized(browser, DESKTOP)
    log_in(browser, served)
    shows(browser, served, "state", "runs since")
    browser.run(
        "window.got = 0; document.body.addEventListener('htmx:sseMessage', (one) => {"
        "if (one.target.id === 'decisions') window.got += 1; })"
    )
    browser.driver.execute_cdp_cmd("Network.enable", {})
    network = {"offline": False, "latency": 300, "downloadThroughput": 20_000, "uploadThroughput": 20_000}
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", network)
    many = [{**ORDER, "reason": "edge"}] * 20
    for n in range(1, 61):
        spring.append([entry(Kind.DECIDED, NOON_NS + 10 + n, decisions=many)])
        served.again()
    shows(browser, served, "decisions", "1,202 decisions on 2025-02-03")
    assert 1 <= browser.run("return window.got") < 60
    assert browser.run("return document.getElementById('stale').hidden")
    browser.driver.execute_cdp_cmd(
        "Network.emulateNetworkConditions", network | {"downloadThroughput": -1, "latency": 0}
    )
    browser.logs()


def test_the_kill_switch_by_keyboard(browser: Browser, served: Served, spring: ChainedLedger) -> None:
    sized(browser, DESKTOP)
    log_in(browser, served)
    shows(browser, served, "state", "runs since")
    browser.run("document.querySelector('.skip').focus()")
    for _ in range(20):
        if browser.run("return document.activeElement.name") == "reason":
            break
        browser.keys("\ue004")  # Tab
    browser.keys(*"odd prices", "\ue007")  # and Enter
    shows(browser, served, "state", "killed", "Kill switch set by ann: odd prices")
    assert [row.reason for row in spring.controls()] == ["odd prices"]


def test_what_a_page_loads_is_small() -> None:
    assert sum(len(static(name).packed) for name in FILES) < 90_000
