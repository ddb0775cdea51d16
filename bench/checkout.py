"""The sale over HTTP: confirmations a second of 8 tills beside pgbench with the same rows, in interleaved rounds."""

import statistics
import threading
import time
from pathlib import Path
from typing import Any

from bench import rival, shop
from bench.till import Browser, Shown

TILLS = 8
PER_TILL = 20
ROUNDS = 7
PGBENCH_SECONDS = 3


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def browsers(address: str, stage: shop.Stage) -> list[list[Browser]]:
    """For each of the 8 tills a log-in through the page, and beside it sessions on further drawers.

    A till has one basket at a time. So that confirmations alone can be measured, each thread prepares a row of baskets
    on drawers of its own and then confirms them one after the other on its one connection.
    """
    from django.contrib.sessions.backends.db import SessionStore

    groups = []
    for number in range(TILLS):
        first = Browser(address)
        first.log_in(stage.username, shop.PASSWORD)
        first.bind(stage.tills[number * PER_TILL])
        group = [first]
        for offset in range(1, PER_TILL):
            session: Any = SessionStore()
            session.update(SessionStore(first.cookies["sessionid"]).load())
            session["till"] = stage.tills[number * PER_TILL + offset]
            session.save()
            group.append(Browser(address, {**first.cookies, "sessionid": str(session.session_key)}, first.connection))
        groups.append(group)
    return groups


class Round:
    """One round of all tills: prepare, then confirm against the clock."""

    def __init__(self, groups: list[list[Browser]], stage: shop.Stage, number: int) -> None:
        self.groups, self.stage, self.number = groups, stage, number
        self.scans: list[float] = []
        self.confirms: list[float] = []
        self.orders: list[int] = []
        self.errors: list[BaseException] = []
        self.barrier = threading.Barrier(TILLS + 1)

    def run(self) -> float:
        """Confirmations a second."""
        threads = [threading.Thread(target=self._till, args=(index,)) for index in range(TILLS)]
        for thread in threads:
            thread.start()
        self.barrier.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
        if self.errors:
            raise self.errors[0]
        return TILLS * PER_TILL / seconds

    def _till(self, index: int) -> None:
        try:
            prepared = self._prepare(index)
        except BaseException as error:
            self.errors.append(error)
            self.barrier.abort()
            return
        self.barrier.wait()
        for browser, shown in prepared:
            started = time.perf_counter()
            try:
                self.orders.append(browser.confirm(shown))
            except Exception as error:
                self.errors.append(error)
                return
            self.confirms.append(time.perf_counter() - started)

    def _prepare(self, index: int) -> list[tuple[Browser, Shown]]:
        prepared = []
        group = self.groups[index]
        for offset, browser in enumerate(group):
            browser.connection = group[0].connection
            place = (self.number * TILLS + index) * PER_TILL + offset
            basket = self.stage.baskets[place % len(self.stage.baskets)]
            started = time.perf_counter()
            browser.scan("\n".join(f"{quantity}*{code}" for code, quantity in basket))
            self.scans.append(time.perf_counter() - started)
            prepared.append((browser, browser.scan(self.stage.members[place % len(self.stage.members)])))
        return prepared


def measure(script: Path) -> dict[str, Any]:
    """P2 and P3 of the quality rules: throughput, its ratio to pgbench, and latencies."""
    stage = shop.build(TILLS * PER_TILL)
    ours, theirs, confirms, scans = [], [], [], []
    with shop.serving() as (address, _server):
        groups = browsers(address, stage)
        warm = Round(groups, stage, 0)
        warm.run()
        rows = rival.write_script(warm.orders[0], script)
        for number in range(1, ROUNDS + 1):
            one = Round(groups, stage, number)
            ours.append(one.run())
            theirs.append(rival.run(script, PGBENCH_SECONDS, TILLS))
            confirms += one.confirms
            scans += one.scans
    ratios = [mine / limit for mine, limit in zip(ours, theirs, strict=True)]
    return {
        "confirms_per_second": round(statistics.median(ours), 1),
        "pgbench_per_second": round(statistics.median(theirs), 1),
        "ratio": round(statistics.median(ratios), 3),
        "rows_of_a_sale": rows,
        "confirm_ms_p50": round(percentile(confirms, 0.50) * 1000, 1),
        "confirm_ms_p99": round(percentile(confirms, 0.99) * 1000, 1),
        "basket_scan_ms_p50": round(percentile(scans, 0.50) * 1000, 1),
        "basket_scan_ms_p99": round(percentile(scans, 0.99) * 1000, 1),
        "baskets_confirmed": len(warm.orders) + len(confirms),
        "rounds": ROUNDS,
    }
