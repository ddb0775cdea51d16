"""Products from a file: checked row by row and against the database, then written by ``catalog.services``."""

from datetime import datetime

from django.utils.translation import gettext as _

from catalog.models import Barcode, Brand, Category, Product
from catalog.services import InvalidProduct, ProductData, build_product, insert_products
from lifecycle.rules import (
    Column,
    read_amount,
    read_codes,
    read_cost,
    read_flag,
    read_identifier,
    read_kind,
    read_path,
    read_text,
)
from lifecycle.services.reading import Problem, Report, Row, Sheet, Values, chunks

_FLAGS = {
    "no_tier_discount": "is_excluded_from_tier_discount",
    "no_coupons": "is_excluded_from_coupons",
    "no_points": "is_excluded_from_points",
}
Built = tuple[int, Product, tuple[str, ...]]


def columns(has_1904_dates: bool) -> tuple[Column, ...]:
    """The columns of a product file."""
    return (
        Column("sku", read_identifier, ("article number", "货号", "商品编码", "商品编号"), is_required=True),
        Column("name", read_text, ("品名", "商品名称", "名称"), is_required=True),
        Column("barcodes", read_codes, ("barcode", "bar code", "条码", "商品条码", "条形码"), default=()),
        Column("category", read_path, ("分类", "类别", "商品分类"), default=()),
        Column("brand", read_text, ("品牌",), default=""),
        Column("unit", read_text, ("单位",), default=""),
        Column("list_price", read_amount, ("price", "售价", "零售价", "原价", "标价"), is_required=True),
        Column("member_price", read_amount, ("会员价",)),
        Column("cost", read_cost, ("进价", "成本", "成本价")),
        Column("kind", read_kind, ("类型",), default=Product.Kind.GOODS),
        Column("is_weighed", read_flag, ("weighed", "称重", "是否称重"), default=False),
        Column("no_tier_discount", read_flag, ("不参与等级折扣", "不打折"), default=False),
        Column("no_coupons", read_flag, ("不可用券",), default=False),
        Column("no_points", read_flag, ("不积分",), default=False),
        Column("is_active", read_flag, ("active", "上架", "在售"), default=True),
    )


class _Names:
    """Categories and brands by name, made where a file first names them."""

    def __init__(self) -> None:
        self.brands = dict(Brand.objects.values_list("name", "pk"))
        self.categories = {
            (parent, name): pk for pk, parent, name in Category.objects.values_list("pk", "parent", "name")
        }

    def brand(self, name: str) -> int | None:
        """The brand's id, or None for none."""
        if name and name not in self.brands:
            self.brands[name] = Brand.objects.create(name=name).pk
        return self.brands.get(name)

    def category(self, path: tuple[str, ...]) -> int | None:
        """The id of the last category of a path, or None for none."""
        above: int | None = None
        for name in path:
            if (above, name) not in self.categories:
                self.categories[above, name] = Category.objects.create(parent_id=above, name=name).pk
            above = self.categories[above, name]
        return above


def import_products(
    *, sheet: Sheet, cols: tuple[Column, ...], source: str, at: datetime, writes: bool, report: Report
) -> None:
    """Check all rows and, with ``writes``, insert the good new ones with their categories and brands.

    A product is known by its sku; a known one is counted as existing and left as it is.
    """
    names = _Names()
    seen: dict[str, int] = {}
    codes: dict[str, int] = {}
    for chunk in chunks(sheet.rows(cols, report)):
        built = [item for row in chunk if (item := _build(row, source, names, writes, report))]
        fresh = _fresh(built, seen, codes, report)
        report.count("new", len(fresh))
        if writes and fresh:
            insert_products([product for _number, product, _codes in fresh], [item[2] for item in fresh])


def _build(row: Row, source: str, names: _Names, writes: bool, report: Report) -> Built | None:
    number, values = row
    if len(values["brand"]) > 60:
        report.add(Problem(number, "brand", _("This is too long.")))
        return None
    try:
        return number, build_product(data=_data(values, source, names, writes)), values["barcodes"]
    except InvalidProduct as error:
        report.add(Problem(number, error.field, str(error)))
        return None


def _data(values: Values, source: str, names: _Names, writes: bool) -> ProductData:
    return ProductData(
        sku=values["sku"],
        name=values["name"],
        list_price=values["list_price"],
        member_price=values["member_price"],
        cost=values["cost"],
        category_id=names.category(values["category"]) if writes else None,
        brand_id=names.brand(values["brand"]) if writes else None,
        kind=values["kind"],
        unit=values["unit"],
        is_weighed=values["is_weighed"],
        is_active=values["is_active"],
        external_source=source,
        external_id=values["sku"],
        **{target: values[name] for name, target in _FLAGS.items()},
    )


def _fresh(built: list[Built], seen: dict[str, int], codes: dict[str, int], report: Report) -> list[Built]:
    taken = set(
        Product.objects.filter(sku__in=[product.sku for _number, product, _codes in built]).values_list(
            "sku", flat=True
        )
    )
    taken_codes = dict(
        Barcode.objects.filter(code__in=[code for item in built for code in item[2]]).values_list(
            "code", "product__name"
        )
    )
    fresh = []
    for number, product, own in built:
        if (first := seen.setdefault(product.sku, number)) != number:
            report.add(Problem(number, "sku", _("Row %(row)s has the same article number.") % {"row": first}))
        elif product.sku in taken:
            report.count("existing")
        elif problem := _code_problem(number, own, codes, taken_codes):
            report.add(problem)
        else:
            fresh.append((number, product, own))
    return fresh


def _code_problem(number: int, own: tuple[str, ...], codes: dict[str, int], taken: dict[str, str]) -> Problem | None:
    for code in own:
        if len(code) > 40 or not code.isascii():
            return Problem(number, "barcodes", _("%(code)s is not a bar code.") % {"code": code})
        if code in taken:
            text = _("The bar code %(code)s already belongs to %(product)s.")
            return Problem(number, "barcodes", text % {"code": code, "product": taken[code]})
        if (first := codes.setdefault(code, number)) != number:
            return Problem(number, "barcodes", _("Row %(row)s has the same bar code.") % {"row": first})
    return None
