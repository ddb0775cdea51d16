"""A server of its own for the benchmarks: database with default durability, real goods and members, gunicorn."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "bench-shop-2026"  # noqa: S105 - only in the database of the benchmark
HOUSEHOLDS = 60


def prepare_environment(folder: str = "bench") -> Path:
    """Point this process and its children at the benchmark's own embedded database; before Django is set up."""
    data = Path(os.environ.get("PATRON_BENCH_DATA") or ROOT / ".data" / folder)
    data.mkdir(parents=True, exist_ok=True)
    os.environ["PATRON_DATA"] = str(data)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.local"
    for name in ("DATABASE_URL", "REDIS_URL", "PATRON_DEBUG"):
        os.environ.pop(name, None)
    return data


def manage(*arguments: str) -> None:
    """Run a management command in a process of its own."""
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


@dataclass(frozen=True)
class Stage:
    """What the benchmark sells with: tills with open shifts, member numbers, baskets of real lines, one cashier."""

    tills: list[int]
    members: list[str]
    baskets: list[list[tuple[str, int]]]
    username: str


def build(till_count: int) -> Stage:
    """Load the real data where they are missing and open the tills. Django must be set up as the application."""
    from decimal import Decimal

    from django.contrib.auth.models import Permission
    from django.utils import timezone

    from checkout.models import Till
    from checkout.services import open_shift, save_till
    from members.models import Member
    from stores.models import Staff, Store

    at = timezone.now()
    if not Member.objects.filter(external_source="completejourney").exists():
        manage("load_journey", "--households", str(HOUSEHOLDS))
    store, _made = Store.objects.get_or_create(code="BENCH", defaults={"name": "Bench"})
    staff = Staff.objects.filter(username="bench").first()
    if staff is None:
        staff = Staff.objects.create_user(username="bench", password=PASSWORD, display_name="Bench")
        staff.stores.add(store)
        for codename in ("use_checkout", "view_order", "view_shift"):
            staff.user_permissions.add(Permission.objects.get(codename=codename, content_type__app_label="checkout"))
    while (count := Till.objects.filter(store=store).count()) < till_count:
        till = save_till(till=Till(store=store, code=f"B{count}", name=f"B{count}"), actor=staff, at=at)
        open_shift(till=till, opening_float=Decimal("0.00"), actor=staff, at=at)
    tills = list(Till.objects.filter(store=store).order_by("pk").values_list("pk", flat=True)[:till_count])
    members = Member.objects.filter(external_source="completejourney").order_by("pk").values_list("number", flat=True)
    return Stage(tills, list(members), real_baskets(), staff.username)


def real_baskets() -> list[list[tuple[str, int]]]:
    """Baskets of the loaded year as (bar code, quantity): without odd rows, at most 30 lines, in a fixed order."""
    from checkout.models import OrderLine

    baskets: dict[int, list[tuple[str, int]]] = {}
    odd: set[int] = set()
    lines = OrderLine.objects.filter(order__external_source="completejourney").order_by("order_id", "position")
    for order, sku, quantity, price in lines.values_list("order_id", "sku", "quantity", "product__list_price"):
        if quantity < 1 or quantity > 20 or price <= 0 or len(sku) < 6:
            odd.add(order)
        baskets.setdefault(order, []).append((sku, int(quantity)))
    good = [basket for order, basket in baskets.items() if order not in odd and len(basket) <= 30]
    Random(7).shuffle(good)  # noqa: S311 - the same order every time
    return good


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def brokering(data: Path) -> Iterator[None]:
    """The broker that a real shop has, so that waking a worker costs what it costs there."""
    from config.embedded import broker_command

    command, url = broker_command(data, _free_port())
    broker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    os.environ["REDIS_URL"] = url
    try:
        yield
    finally:
        os.environ.pop("REDIS_URL", None)
        broker.terminate()
        broker.wait(15)


@contextmanager
def serving(workers: int = 2) -> Iterator[tuple[str, subprocess.Popen[Any]]]:
    """A real gunicorn on a free port; gives its address and the process of its master."""
    address = f"127.0.0.1:{_free_port()}"
    server = subprocess.Popen(  # noqa: S603
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", address, "--worker-class", "gthread"),
            *("--workers", str(workers), "--threads", "4", "--keep-alive", "75", "--no-control-socket"),
            *("--log-level", "error"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(address, server)
        yield address, server
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for(address: str, server: subprocess.Popen[Any]) -> None:
    for _try in range(150):
        if server.poll() is not None:
            raise RuntimeError("the web server did not start")
        try:
            with urllib.request.urlopen(f"http://{address}/health/", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the web server does not answer")
