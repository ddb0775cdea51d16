"""Past orders from lines: staged by COPY, checked and written set-based, however many there are.

Rows go into temporary tables that live as long as the transaction. The lines keep the file's amounts to the fen; an
imported order gives no points, gifts or messages, only progress towards tiers (R-T7, rules.md 10).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from checkout.models import TenderKind
from lifecycle.rules import (
    Column,
    LineAmounts,
    Unreadable,
    line_amounts,
    moment_reader,
    plain,
    read_amount,
    read_cost,
    read_identifier,
    read_phone,
    read_quantity,
)
from lifecycle.services.reading import ERRORS_KEPT, TEXTS, Problem, Report, Sheet, Values
from members import identity

TENDER_WORDS: Final = {
    TenderKind.CASH: {"cash", "现金"},
    TenderKind.WECHAT: {"wechat", "wechat pay", "微信", "微信支付"},
    TenderKind.ALIPAY: {"alipay", "支付宝"},
    TenderKind.CARD: {"card", "bank card", "银行卡", "刷卡"},
    TenderKind.OTHER: {"other", "其他", "其它"},
}
STAGED_COLUMNS: Final = (
    "row_number",
    "order_key",
    "store_code",
    "member_key",
    "phone_hash",
    "tender",
    "sold_at",
    "sku",
    "quantity",
    "list_amount",
    "discount",
    "coupon",
    "cost",
)


def _read_tender(text: str) -> str:
    word = plain(text).casefold()
    for kind, words in TENDER_WORDS.items():
        if word in words:
            return kind
    raise Unreadable("tender")


def columns(has_1904_dates: bool) -> tuple[Column, ...]:
    """The columns of an order file; one row is one line of an order."""
    return (
        Column("order_id", read_identifier, ("order", "receipt", "订单号", "单号", "小票号"), is_required=True),
        Column("store", read_identifier, ("store code", "门店", "门店编码"), is_required=True),
        Column("member", read_identifier, ("member id", "会员", "会员编号", "会员号"), default=""),
        Column("phone", read_phone, ("mobile", "手机", "手机号"), default=""),
        Column(
            "sold_at", moment_reader(has_1904_dates), ("time", "date", "销售时间", "下单时间", "时间"), is_required=True
        ),
        Column("sku", read_identifier, ("article number", "货号", "商品编码"), is_required=True),
        Column("quantity", read_quantity, ("qty", "数量"), is_required=True),
        Column("list_price", read_amount, ("原价", "单价", "标价")),
        Column("list_amount", read_amount, ("原价金额", "应收")),
        Column("discount", read_amount, ("优惠", "折扣金额", "优惠金额")),
        Column("coupon", read_amount, ("coupon discount", "券", "券抵扣")),
        Column("net", read_amount, ("paid", "amount", "实收", "实付", "成交金额")),
        Column("cost", read_cost, ("unit cost", "成本", "进价")),
        Column("tender", _read_tender, ("payment", "支付方式", "付款方式"), default=TenderKind.OTHER),
    )


@dataclass(frozen=True)
class Batch:
    """What all orders of one import share. ``refuses_empty_lines``: lines of quantity 0 without money are errors."""

    source: str
    at: datetime
    actor_id: int | None = None
    refuses_empty_lines: bool = True


@contextmanager
def staging() -> Iterator[Callable[[tuple[Any, ...]], None]]:
    """Create the staging tables of this transaction and give a function that stages a row of ``STAGED_COLUMNS``."""
    create_staging()
    with connection.cursor() as cursor, cursor.cursor.copy(copy_statement()) as copy:
        yield copy.write_row


def create_staging() -> None:
    """The temporary tables, dropped at the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL work_mem = '96MB'")
        # A second import in one transaction starts with empty tables.
        cursor.execute(
            "DROP TABLE IF EXISTS pg_temp.import_line, pg_temp.import_bad, pg_temp.import_sale, pg_temp.import_order, "
            "pg_temp.import_sold, pg_temp.import_cut, pg_temp.import_payment"
        )
        cursor.execute(
            """
            CREATE TEMPORARY TABLE import_line (
                row_number bigint NOT NULL, order_key text NOT NULL, store_code text NOT NULL,
                member_key text, phone_hash text, tender text NOT NULL, sold_at timestamp NOT NULL, sku text NOT NULL,
                quantity numeric(14, 3) NOT NULL, list_amount numeric(14, 2) NOT NULL,
                discount numeric(14, 2) NOT NULL, coupon numeric(14, 2) NOT NULL, cost numeric(14, 4)
            ) ON COMMIT DROP;
            CREATE TEMPORARY TABLE import_bad (row_number bigint, order_key text, field text, code text) ON COMMIT DROP
            """
        )


def copy_statement(options: str = "") -> sql.Composed:
    """The COPY into the staging table."""
    return sql.SQL("COPY import_line ({}) FROM STDIN" + options).format(
        sql.SQL(", ").join(map(sql.Identifier, STAGED_COLUMNS))
    )


def stage_sheet(*, sheet: Sheet, cols: tuple[Column, ...], report: Report) -> None:
    """Read a file's lines into the staging table; rows that do not read drag their whole order along."""
    dragged: set[str] = set()

    def drag(values: Values) -> None:
        if values.get("order_id"):
            dragged.add(values["order_id"])

    with staging() as stage:
        for number, values in sheet.rows(cols, report, on_bad=drag):
            try:
                stage(_staged(number, values))
            except Unreadable as error:
                report.add(Problem(number, "net", str(TEXTS[error.code])))
                drag(values)
            except identity.InvalidPhone:
                report.add(Problem(number, "phone", _("This is not a phone number.")))
                drag(values)
    if dragged:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO import_bad SELECT NULL, key, '', 'dragged' FROM unnest(%s::text[]) AS key",
                [sorted(dragged)],
            )


def _staged(number: int, values: Values) -> tuple[Any, ...]:
    amounts: LineAmounts = line_amounts(
        quantity=values["quantity"],
        list_price=values["list_price"],
        list_amount=values["list_amount"],
        discount=values["discount"],
        coupon=values["coupon"],
        net=values["net"],
    )
    phone = values["phone"]
    return (
        number,
        values["order_id"],
        values["store"],
        values["member"] or None,
        identity.phone_hash(identity.normalize_phone(phone)) if phone else None,
        values["tender"],
        values["sold_at"],
        values["sku"],
        values["quantity"],
        amounts.list_amount,
        amounts.discount,
        amounts.coupon,
        values["cost"],
    )


_SALES = """
CREATE TEMPORARY TABLE import_sale ON COMMIT DROP AS
SELECT line.*, store.id AS store_id,
       line.sold_at AT TIME ZONE store.time_zone AS occurred_at,
       (line.sold_at - make_interval(hours => store.day_cut_hour))::date AS business_on,
       COALESCE(by_id.id, by_number.id, by_phone.id) AS member_id,
       known.id AS known_id,
       known.payable AS known_payable
FROM (
    SELECT order_key, min(row_number) AS row_number, min(store_code) AS store_code, min(sold_at) AS sold_at,
           min(member_key) AS member_key, min(phone_hash) AS phone_hash, min(tender) AS tender,
           count(*) AS lines, sum(quantity) AS quantity, sum(list_amount) AS list_total, sum(discount) AS discount,
           sum(coupon) AS coupon, sum(list_amount - discount - coupon) AS payable,
           min(store_code) <> max(store_code) AS is_split_store,
           min(sold_at) <> max(sold_at) AS is_split_time,
           COALESCE(min(member_key) <> max(member_key) OR min(phone_hash) <> max(phone_hash), false)
               OR count(member_key) NOT IN (0, count(*)) OR count(phone_hash) NOT IN (0, count(*))
               AS is_split_member,
           min(tender) <> max(tender) AS is_split_tender
    FROM import_line GROUP BY order_key
) AS line
LEFT JOIN stores_store AS store ON store.code = line.store_code
LEFT JOIN members_member AS by_id ON by_id.external_source = %(source)s AND by_id.external_id = line.member_key
LEFT JOIN members_member AS by_number ON by_number.number = line.member_key
LEFT JOIN members_member AS by_phone
       ON by_phone.phone_hash = line.phone_hash AND by_phone.phone_hash <> ''
      AND by_phone.status IN ('active', 'frozen')
LEFT JOIN checkout_order AS known ON known.external_source = %(source)s AND known.external_id = line.order_key
"""

# Each finds rows that cannot be imported: the column they are wrong in and a code of ``_CODE_TEXTS``.
_CHECKS: Final = (
    ("sku", "sku", "FROM import_line AS line LEFT JOIN catalog_product AS p ON p.sku = line.sku WHERE p.id IS NULL"),
    (
        "quantity",
        "empty",
        "FROM import_line AS line WHERE %(refuses_empty)s AND line.quantity = 0 AND line.list_amount = 0",
    ),
    ("store", "store", "FROM import_sale AS line WHERE line.store_id IS NULL"),
    (
        "member",
        "member",
        "FROM import_sale AS line WHERE line.member_id IS NULL AND line.member_key IS NOT NULL",
    ),
    (
        "phone",
        "phone",
        "FROM import_sale AS line "
        "WHERE line.member_id IS NULL AND line.member_key IS NULL AND line.phone_hash IS NOT NULL",
    ),
    ("store", "split_store", "FROM import_sale AS line WHERE line.is_split_store"),
    ("sold_at", "split_time", "FROM import_sale AS line WHERE line.is_split_time"),
    ("member", "split_member", "FROM import_sale AS line WHERE line.is_split_member"),
    ("tender", "split_tender", "FROM import_sale AS line WHERE line.is_split_tender"),
    ("sold_at", "future", "FROM import_sale AS line WHERE line.occurred_at > %(at)s"),
    ("order_id", "long_order", "FROM import_sale AS line WHERE line.lines > 10000"),
    (
        "order_id",
        "changed",
        "FROM import_sale AS line WHERE line.known_id IS NOT NULL AND line.known_payable <> line.payable",
    ),
)


def _code_text(code: str) -> str:
    return {
        "sku": _("There is no product with this article number."),
        "empty": _("Quantity and amount are both 0."),
        "store": _("There is no store with this code."),
        "member": _("There is no member with this number."),
        "phone": _("There is no member with this phone."),
        "split_store": _("The rows of this order name different stores."),
        "split_time": _("The rows of this order have different times."),
        "split_member": _("The rows of this order name different members."),
        "split_tender": _("The rows of this order name different payments."),
        "future": _("This lies in the future."),
        "long_order": _("An order has at most 10,000 lines."),
        "changed": _("This order was imported before with another amount."),
    }[code]


def check_staged(*, batch: Batch, report: Report) -> None:
    """Find everything in the staged lines that cannot be imported, and count what can."""
    values: dict[str, Any] = {"source": batch.source, "at": batch.at, "refuses_empty": batch.refuses_empty_lines}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE import_line")
        cursor.execute(_SALES, values)
        cursor.execute("CREATE UNIQUE INDEX ON import_sale (order_key); ANALYZE import_sale")
        for field, code, rest in _CHECKS:
            cursor.execute(
                f"INSERT INTO import_bad SELECT line.row_number, line.order_key, '{field}', '{code}' {rest}",
                values,
            )
        _report_bad(cursor, report)
        # One bad line takes its whole order out: half an order would be a lie about the sale.
        cursor.execute("ALTER TABLE import_sale ADD COLUMN is_bad boolean NOT NULL DEFAULT false")
        cursor.execute("UPDATE import_sale SET is_bad = true WHERE order_key IN (SELECT order_key FROM import_bad)")
        cursor.execute(_TOTALS)
        names = [column.name for column in cursor.description or ()]
        for name, value in zip(names, cursor.fetchone(), strict=True):
            report.counts[name] = value


def _report_bad(cursor: Any, report: Report) -> None:
    cursor.execute("SELECT row_number, field, code FROM import_bad WHERE row_number IS NOT NULL ORDER BY row_number")
    for number, field, code in cursor:
        report.add(Problem(number, field, _code_text(code)))
    if len(report.errors) >= ERRORS_KEPT:
        report.errors.sort(key=lambda problem: problem.row)


_TOTALS = """
SELECT count(*) FILTER (WHERE known_id IS NULL AND NOT is_bad) AS orders,
       COALESCE(sum(lines) FILTER (WHERE known_id IS NULL AND NOT is_bad), 0)::bigint AS lines,
       COALESCE(sum(quantity) FILTER (WHERE known_id IS NULL AND NOT is_bad), 0)::text AS quantity,
       COALESCE(sum(list_total) FILTER (WHERE known_id IS NULL AND NOT is_bad), 0)::text AS list,
       COALESCE(sum(discount + coupon) FILTER (WHERE known_id IS NULL AND NOT is_bad), 0)::text AS discount,
       COALESCE(sum(payable) FILTER (WHERE known_id IS NULL AND NOT is_bad), 0)::text AS net,
       count(*) FILTER (WHERE known_id IS NOT NULL AND NOT is_bad) AS existing_orders,
       COALESCE(sum(lines) FILTER (WHERE known_id IS NOT NULL AND NOT is_bad), 0)::bigint AS existing_lines,
       COALESCE(sum(payable) FILTER (WHERE known_id IS NOT NULL AND NOT is_bad), 0)::text AS existing_net,
       count(*) FILTER (WHERE is_bad) AS rejected_orders,
       COALESCE(sum(lines) FILTER (WHERE is_bad), 0)::bigint AS rejected_lines,
       COALESCE(sum(payable) FILTER (WHERE is_bad), 0)::text AS rejected_net
FROM import_sale
"""

_INSERTS: Final = (
    # Ids are taken first and in the order of time, so that numbers of receipts follow the history.
    """
    CREATE TEMPORARY TABLE import_order ON COMMIT DROP AS
    SELECT nextval(pg_get_serial_sequence('checkout_order', 'id')) AS id, sale.*
    FROM (
        SELECT * FROM import_sale WHERE known_id IS NULL AND NOT is_bad ORDER BY occurred_at, row_number
    ) AS sale
    """,
    "ANALYZE import_order",
    """
    CREATE TEMPORARY TABLE import_sold ON COMMIT DROP AS
    SELECT nextval(pg_get_serial_sequence('checkout_orderline', 'id')) AS id, line.*
    FROM (
        SELECT sale.id AS order_id,
               row_number() OVER (PARTITION BY sale.id ORDER BY line.row_number) - 1 AS position,
               product.id AS product_id, product.sku, product.name, product.is_weighed, line.quantity,
               line.list_amount, line.discount, line.coupon, line.cost,
               line.list_amount - line.discount - line.coupon AS net
        FROM import_line AS line
        JOIN import_order AS sale ON sale.order_key = line.order_key
        JOIN catalog_product AS product ON product.sku = line.sku
        ORDER BY sale.id, line.row_number
    ) AS line
    """,
    "ANALYZE import_sold",
    """
    INSERT INTO checkout_order (
        id, store_id, member_id, channel, business_on, occurred_at, recorded_at, priced_at, list_total, payable,
        points_used, points_value, points_earned, wallet_principal, wallet_bonus, piece_count, tier_code, snapshot,
        external_source, external_id
    )
    SELECT sale.id, sale.store_id, sale.member_id, 'import', sale.business_on, sale.occurred_at, clock_timestamp(),
           sale.occurred_at, sale.list_total, sale.payable, 0, 0, 0, 0, 0, pieces.pieces, '', '{}',
           %(source)s, sale.order_key
    FROM import_order AS sale
    JOIN (
        SELECT order_id, sum(CASE WHEN is_weighed THEN 1 ELSE quantity END) AS pieces FROM import_sold GROUP BY order_id
    ) AS pieces ON pieces.order_id = sale.id
    ORDER BY sale.id
    """,
    # A list amount that the quantity does not divide keeps its amount; the price shown is the nearest fen.
    """
    INSERT INTO checkout_orderline (
        id, order_id, position, product_id, sku, name, quantity, list_price, list_amount, price_source, net,
        wallet_bonus, points_earned, cost
    )
    SELECT id, order_id, position, product_id, sku, name, quantity,
           CASE WHEN quantity = 0 THEN list_amount ELSE round(list_amount / quantity, 2) END,
           list_amount, 'list', net, 0, 0, cost
    FROM import_sold
    """,
    """
    CREATE TEMPORARY TABLE import_cut ON COMMIT DROP AS
    SELECT nextval(pg_get_serial_sequence('checkout_adjustment', 'id')) AS id, cut.*
    FROM (
        SELECT id AS order_id, 1 AS layer, 'import' AS source, %(discount_label)s::text AS label, discount AS amount
        FROM import_order WHERE discount > 0
        UNION ALL
        SELECT id, 5, 'import:coupon', %(coupon_label)s, coupon FROM import_order WHERE coupon > 0
    ) AS cut
    """,
    "ANALYZE import_cut",
    """
    INSERT INTO checkout_adjustment (id, order_id, layer, source, label, amount)
    SELECT id, order_id, layer, source, label, amount FROM import_cut
    """,
    """
    INSERT INTO checkout_allocation (adjustment_id, line_id, amount)
    SELECT cut.id, line.id, CASE cut.layer WHEN 1 THEN line.discount ELSE line.coupon END
    FROM import_sold AS line JOIN import_cut AS cut ON cut.order_id = line.order_id
    WHERE CASE cut.layer WHEN 1 THEN line.discount ELSE line.coupon END > 0
    """,
    """
    CREATE TEMPORARY TABLE import_payment ON COMMIT DROP AS
    SELECT nextval(pg_get_serial_sequence('checkout_payment', 'id')) AS id, id AS order_id, tender, payable
    FROM import_order WHERE payable > 0
    """,
    "ANALYZE import_payment",
    """
    INSERT INTO checkout_payment (id, order_id, position, kind, amount, received, change, wallet_bonus)
    SELECT id, order_id, 0, tender, payable, payable, 0, 0 FROM import_payment
    """,
    """
    INSERT INTO checkout_paymentallocation (payment_id, line_id, amount, wallet_bonus)
    SELECT payment.id, line.id, line.net, 0
    FROM import_sold AS line JOIN import_payment AS payment ON payment.order_id = line.order_id
    WHERE line.net > 0
    """,
    # What a sale at the till would record for its member's tier, on the day it was sold; no gifts, no upgrade now:
    # the nightly evaluation sees it (R-T7).
    """
    INSERT INTO tiers_progressentry (
        source, idempotency_key, memo, occurred_at, recorded_at, member_id, metric, amount, business_on, store_id,
        actor_id
    )
    SELECT 'order:' || sale.id, 'import:' || sale.id || ':progress:' || event.metric, '', sale.occurred_at,
           clock_timestamp(), sale.member_id, event.metric, event.amount, sale.business_on, sale.store_id, %(actor_id)s
    FROM import_order AS sale
    CROSS JOIN LATERAL (VALUES ('spend', sale.payable), ('orders', 1)) AS event (metric, amount)
    WHERE sale.member_id IS NOT NULL AND sale.payable > 0
    """,
)


def insert_staged(*, batch: Batch) -> None:
    """Write the good new orders of the staging tables with lines, reductions, payments and tier progress."""
    values = {
        "source": batch.source,
        "actor_id": batch.actor_id,
        "discount_label": _("Imported discount"),
        "coupon_label": _("Imported coupon"),
    }
    with connection.cursor() as cursor:
        for statement in _INSERTS:
            cursor.execute(statement, values if "%(" in statement else None)
