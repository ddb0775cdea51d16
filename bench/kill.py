"""``python -m bench.kill``: web workers are killed with -9 while tills sell; every basket must be sold exactly once.

Prints one line of JSON: baskets, kills, orders, orders per basket above one, acknowledged sales that are missing.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bench import shop
from bench.till import Browser, UnexpectedAnswer

TILLS = 3
SALES = 20
GOODS = ("6900000000011", "6900000000028", "6900000000035")
SEED = 11


def main() -> int:
    """Build a small shop, sell under fire, count."""
    data = shop.prepare_environment("kill")
    shop.manage("migrate", "--verbosity", "0")
    shop.manage("grant_roles")

    import django

    import config.celery  # noqa: F401

    django.setup()
    tills = build()
    acknowledged: list[int] = []
    failures: list[str] = []
    with shop.brokering(data), shop.serving() as (address, server):
        threads = [threading.Thread(target=_sell, args=(address, till, acknowledged, failures)) for till in tills]
        for thread in threads:
            thread.start()
        kills = _fire(server, threads)
    result = {**_count(tills, acknowledged), "kills": kills, "failures": failures, "seed": SEED}
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


def build() -> list[int]:
    """Three tills with open shifts and a cashier in a shop of its own; returns the ids of the tills."""
    from decimal import Decimal

    from django.contrib.auth.models import Permission
    from django.utils import timezone

    from catalog.services import ProductData, save_product
    from checkout.models import Till
    from checkout.services import open_shift, save_till
    from stores.models import Staff, Store

    at = timezone.now()
    store = Store.objects.create(code="KILL", name="Kill")
    staff = Staff.objects.create_user(username="bench", password=shop.PASSWORD, display_name="Bench")
    staff.stores.add(store)
    for codename in ("use_checkout", "view_order", "view_shift"):
        staff.user_permissions.add(Permission.objects.get(codename=codename, content_type__app_label="checkout"))
    for number, code in enumerate(GOODS, start=1):
        data = ProductData(sku=f"K{number}", name=f"Goods {number}", list_price=Decimal(number), barcodes=(code,))
        save_product(data=data, actor=staff, at=at)
    tills = []
    for number in range(TILLS):
        till = save_till(till=Till(store=store, code=f"K{number}", name=f"K{number}"), actor=staff, at=at)
        open_shift(till=till, opening_float=Decimal("0.00"), actor=staff, at=at)
        tills.append(till.pk)
    return tills


def _sell(address: str, till: int, acknowledged: list[int], failures: list[str]) -> None:
    browser = Browser(address)
    try:
        _again(lambda: browser.log_in("bench", shop.PASSWORD))
        _again(lambda: browser.bind(till))
        for number in range(SALES):
            # A scan that was cut off may have counted: what is paid is what the next screen shows.
            shown = _again(partial(browser.scan, GOODS[number % len(GOODS)]))
            acknowledged.append(_again(partial(browser.confirm, shown)))
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}"[:300])


def _again(act: Any) -> Any:
    """Try until the server answers, with the very same content and command key."""
    for _try in range(100):
        try:
            return act()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    raise UnexpectedAnswer("the server never answered")


def _fire(server: subprocess.Popen[Any], threads: list[threading.Thread]) -> int:
    """Kill a worker of the running server at random instants as long as the tills sell."""
    random = Random(SEED)  # noqa: S311 - which worker and when, nothing secret
    kills = 0
    while any(thread.is_alive() for thread in threads):
        time.sleep(random.uniform(0.5, 2.5))
        workers = _children(server.pid)
        # One is left, or the tills would only wait for workers to start.
        if len(workers) > 1:
            os.kill(random.choice(workers), signal.SIGKILL)
            kills += 1
    return kills


def _children(pid: int) -> list[int]:
    with Path(f"/proc/{pid}/task/{pid}/children").open() as file:
        return [int(child) for child in file.read().split()]


def _count(tills: list[int], acknowledged: list[int]) -> dict[str, int]:
    from django.db.models import Count

    from checkout.models import Basket, Order
    from jobs.registry import all_proofs

    orders = Order.objects.filter(till_id__in=tills)
    known = set(orders.values_list("pk", flat=True))
    return {
        "acknowledged": len(acknowledged),
        "acknowledged_twice": len(acknowledged) - len(set(acknowledged)),
        "missing": len(set(acknowledged) - known),
        "orders": len(known),
        "unacknowledged": len(known - set(acknowledged)),
        "sold_baskets": Basket.objects.filter(till_id__in=tills, status="sold").count(),
        "half_written": orders.annotate(n=Count("lines")).filter(n=0).count()
        + sum(len(proof.check()[1]) for proof in all_proofs().values()),
    }


if __name__ == "__main__":
    sys.exit(main())
