"""How fast the dashboard shows a fleet, and what changes of it, in a real browser."""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from datetime import UTC, datetime

from benchmarks.figures import Amount, Figure, Findings, Setting
from benchmarks.fleet import publish, warm_server
from benchmarks.trees import one_each
from playwright.sync_api import Browser, Page, sync_playwright
from tests.support.dashboard import Dashboard, dashboard, launch

import zc.zk
from zc.zk.operations import Create
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.reports.report import Activity, Report, Result, encode_report

_LIMIT = 600.0  # seconds that the dashboard may run
_DONE = "done"
_AT_ONCE = 50  # hosts that change together

#: Keeps two promises: that there are so many rows, and that so many marks are drawn.
_WATCH = """
const state = window.measured = {};
let rowsDrawn, markDrawn, sought = null;
state.rows = new Promise((done) => { rowsDrawn = done; });
state.seek = (mark, times) => {
  sought = [mark, times];
  state.seen = new Promise((done) => { markDrawn = done; });
};
const look = () => {
  if (document.querySelectorAll('.hosts tbody tr').length >= %d)
    requestAnimationFrame(() => rowsDrawn(performance.now()));
  if (sought === null) return;
  const [mark, times] = sought;
  if ((document.querySelector('.hosts')?.textContent ?? '').split(mark).length <= times) return;
  sought = null;
  requestAnimationFrame(() => markDrawn(Date.now()));
};
const all = {subtree: true, childList: true, characterData: true};
new MutationObserver(look).observe(document, all);
"""


def web(setting: Setting) -> Findings:
    """Load the page of a fleet again and again; then change hosts and wait until that is seen."""
    hosts = 100 if setting.quick else 1000
    rounds = 5 if setting.quick else 20
    with (
        warm_server(setting.directory, 1) as server,
        closing(zc.zk.ZK(server.connection_string)) as zk,
        dashboard(server.connection_string, setting.directory, patience=_LIMIT) as started,
        sync_playwright() as playwright,
    ):
        publish(zk, 1, one_each(hosts))
        zk.properties("/hosts", watch=False).update(version=1)
        zk.bulk.write(Create(f"/hosts/host{n}", _node(n, _DONE)) for n in range(hosts))
        browser = launch(playwright)
        try:
            setting.say(f"{hosts} hosts")
            loads = [_load(browser, started, hosts) for _ in range(rounds)]
            updates = _updates(browser, started, zk, hosts, rounds)
        finally:
            browser.close()
    one, many = ([each[number] for each in updates] for number in (0, 1))
    return Findings(
        [
            Figure(
                f"load the page of {hosts:,} hosts, all rows drawn",
                _amounts(loads),
                f"{rounds} times",
            ),
            Figure(
                "host node written → visible in a browser that looks",
                _amounts(one),
                f"of {_AT_ONCE} hosts at once {statistics.median(many):.2f} s; {rounds} times",
            ),
        ]
    )


def _amounts(seconds: list[float]) -> tuple[Amount, Amount]:
    median, longest = statistics.median(seconds), max(seconds)
    return Amount(median, "s", most=1), Amount(longest, "s", most=1, what="longest")


def _node(number: int, step: str) -> bytes:
    now = text_of(datetime.now(UTC))
    results = tuple(Result(f"deploy /app{n}", True, 1.5, now) for n in range(3))
    report = Report(
        Activity.DEPLOYING if step != "done" else Activity.IDLE, 1, step, now, results=results
    )
    properties = {
        "name": f"host{number}.example.com",
        "version": 1,
        "report": encode_report(report),
    }
    return zc.zk.encode(properties)


def _load(browser: Browser, web: Dashboard, hosts: int) -> float:
    """Return the seconds from the address to all rows, in a browser without anything cached."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    milliseconds = _open(page, web, hosts)
    context.close()
    return milliseconds / 1000


def _open(page: Page, web: Dashboard, hosts: int) -> float:
    page.add_init_script(_WATCH % hosts)
    page.goto(web.at())
    milliseconds: float = page.evaluate("window.measured.rows")
    return milliseconds


def _updates(
    browser: Browser, web: Dashboard, zk: zc.zk.ZK, hosts: int, rounds: int
) -> list[tuple[float, float]]:
    """Return, of each round, the seconds until one change was seen, and many at once."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    _open(page, web, hosts)
    found = []
    for number in range(rounds):
        seconds = []
        for times in (1, _AT_ONCE):
            mark = f"deploy /mark{number}x{times}x"
            page.evaluate("([mark, times]) => window.measured.seek(mark, times)", [mark, times])
            began = time.time()
            for each in range(number, number + times):
                zk.set(f"/hosts/host{each}", _node(each, mark))
            seconds.append(page.evaluate("window.measured.seen") / 1000 - began)
        found.append((seconds[0], seconds[1]))
    return found
