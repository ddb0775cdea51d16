"""A year of baskets: busier at weekends and in the evening, in amounts that real receipts have."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from core.money import ZERO, allocate, floor, half_up
from lifecycle.services.demo.people import Shopper

_HOURS = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]
_HOUR_WEIGHTS = [3, 6, 8, 7, 5, 4, 4, 5, 7, 11, 13, 11, 7, 3]
_DAYS = 365


@dataclass(frozen=True)
class Goods:
    """A product as far as a past basket needs it."""

    sku: str
    price: Decimal
    cost: Decimal | None
    is_weighed: bool
    weight: int


def goods_of(products: list[dict[str, Any]], random: Random) -> list[Goods]:
    """The goods with how often they are taken: cheap ones more often, services seldom."""
    return [
        Goods(
            row["sku"],
            row["list_price"],
            row["cost"],
            row["is_weighed"],
            1 if row["kind"] == "service" else random.randint(2, 8) + (10 if row["list_price"] < 20 else 0),
        )
        for row in products
    ]


def staged_rows(
    random: Random, shoppers: list[Shopper], goods: list[Goods], stores: list[str], last_day: date
) -> Iterator[tuple[Any, ...]]:
    """Rows for the staging table of past orders (``sales.STAGED_COLUMNS``), in the order of time."""
    row = 0
    for number, (moment, store, shopper) in enumerate(_visits(random, shoppers, stores, last_day), start=1):
        tender = shopper.tender if shopper else random.choices(["wechat", "alipay", "cash", "card"], [45, 25, 25, 5])[0]
        wanted = max(1, min(14, round(random.gauss(shopper.basket if shopper else 3, 2))))
        chosen = {item.sku: item for item in random.choices(goods, weights=[item.weight for item in goods], k=wanted)}
        for line in _lines(random, list(chosen.values()), is_member=shopper is not None):
            row += 1
            yield (
                row,
                f"{last_day:%Y}-{number:06d}",
                store,
                shopper.key if shopper else None,
                None,
                tender,
                moment,
                *line,
            )


def _visits(
    random: Random, shoppers: list[Shopper], stores: list[str], last_day: date
) -> list[tuple[datetime, str, Shopper | None]]:
    visits: list[tuple[datetime, str, Shopper | None]] = []
    for offset in range(_DAYS):
        day = last_day - timedelta(days=offset)
        is_weekend = day.weekday() >= 5
        for shopper in shoppers:
            if day < shopper.joined or (shopper.left and day > shopper.left):
                continue
            if random.randint(1, 420) <= shopper.visits_a_month * (14 if is_weekend else 9):
                store = shopper.store if random.randint(1, 10) < 10 else random.choice(stores)
                visits.append((_moment(random, day), store, shopper))
        for store, walk_ins in zip(stores, (6, 4, 3), strict=True):
            count = walk_ins + (3 if is_weekend else 0) + random.randint(-2, 2)
            visits.extend((_moment(random, day), store, None) for _customer in range(count))
    return sorted(visits, key=lambda visit: visit[0])


def _moment(random: Random, day: date) -> datetime:
    hour = random.choices(_HOURS, weights=_HOUR_WEIGHTS)[0]
    return datetime.combine(day, time(hour, random.randint(0, 59), random.randint(0, 59)))


def _lines(random: Random, chosen: list[Goods], *, is_member: bool) -> list[tuple[Any, ...]]:
    """Sku, quantity, list amount, discount, coupon and cost of each line; members sometimes have 5 % or 10 yuan off."""
    lines = []
    for item in chosen:
        grams = random.randint(280, 2400)
        quantity = (
            Decimal(grams) / 1000 if item.is_weighed else Decimal(random.choices([1, 2, 3, 6], [70, 20, 7, 3])[0])
        )
        amount = half_up(item.price * quantity)
        discount = floor(amount * 5 / 100) if is_member and random.randint(1, 3) == 1 else ZERO
        lines.append((item.sku, quantity, amount, discount, item.cost))
    left = [amount - discount for _sku, _quantity, amount, discount, _cost in lines]
    has_coupon = is_member and sum(left, ZERO) >= 100 and random.randint(1, 8) == 1
    coupons = allocate(Decimal("10.00"), left) if has_coupon else [ZERO] * len(lines)
    return [
        (sku, quantity, amount, discount, coupon, cost)
        for (sku, quantity, amount, discount, cost), coupon in zip(lines, coupons, strict=True)
    ]
