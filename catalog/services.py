"""What people do to the catalogue; every change of a price leaves before and after in the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from catalog.models import Barcode, Brand, Category, Product, SearchKey
from core import audit, money, pinyin
from core.database import copy_rows
from core.errors import DomainError
from stores.models import Staff


class InvalidProduct(DomainError):
    """A field is not acceptable; ``field`` names the field of :class:`ProductData`, so a form can show it there."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class InvalidCategory(DomainError):
    """The category cannot be where or be called what was asked."""


@dataclass(frozen=True)
class ProductData:
    """A product as a form or an import gives it."""

    sku: str
    name: str
    list_price: Decimal
    member_price: Decimal | None = None
    cost: Decimal | None = None
    category_id: int | None = None
    brand_id: int | None = None
    kind: str = Product.Kind.GOODS
    unit: str = ""
    is_weighed: bool = False
    is_excluded_from_tier_discount: bool = False
    is_excluded_from_coupons: bool = False
    is_excluded_from_points: bool = False
    is_active: bool = True
    external_source: str = ""
    external_id: str = ""
    barcodes: tuple[str, ...] = ()


_FIELDS = tuple(name for name in ProductData.__dataclass_fields__ if name != "barcodes")
_PRICES = ("list_price", "member_price", "cost")
_LIMIT = Decimal("999999999.99")


def build_product(*, data: ProductData) -> Product:
    """A checked, unsaved product; for :func:`save_product` and for imports in bulk (see :func:`insert_products`)."""
    product = Product()
    _fill(product, data)
    return product


def insert_products(products: Sequence[Product], barcodes: Sequence[Sequence[str]]) -> None:
    """Write products of :func:`build_product` with their bar codes and search keys, set-based.

    IntegrityError where a sku, bar code or external id exists: an import checks its file against the database before.
    """
    Product.objects.bulk_create(products, batch_size=2000)
    pairs = zip(products, barcodes, strict=True)
    Barcode.objects.bulk_create(
        [Barcode(product=product, code=code) for product, codes in pairs for code in codes], batch_size=5000
    )
    _write_search_keys(products)


@transaction.atomic
def save_product(*, data: ProductData, actor: Staff | None, at: datetime, product_id: int | None = None) -> Product:
    """Create a product, or change the one with ``product_id``, with exactly the given bar codes.

    InvalidProduct with the field: sku and bar codes are unique in the chain, prices are not negative. A form that
    changes nothing writes nothing.
    """
    product = Product() if product_id is None else Product.objects.select_for_update(no_key=True).get(pk=product_id)
    before = {field: getattr(product, field) for field in _FIELDS} if product_id else {}
    old_codes = set(product.barcodes.values_list("code", flat=True)) if product_id else set()
    _fill(product, data)
    codes = _clean_codes(data.barcodes)
    changed = [field for field in _FIELDS if before.get(field) != getattr(product, field)]
    if product_id and not changed and set(codes) == old_codes:
        return product
    _save_once(product)
    _replace_codes(product, codes, old_codes)
    if "name" in changed:
        SearchKey.objects.filter(product=product).delete()
        _write_search_keys([product])
    _record(product, before, changed, actor, at)
    return product


def _record(product: Product, before: dict[str, Any], changed: list[str], actor: Staff | None, at: datetime) -> None:
    audit.record(
        "product.changed" if before else "product.created",
        actor=actor,
        subject=f"product:{product.pk}",
        at=at,
        fields=changed,
        prices_before={field: before[field] for field in _PRICES if before and field in changed},
        prices_after={field: getattr(product, field) for field in _PRICES if field in changed},
    )


def _fill(product: Product, data: ProductData) -> None:
    for field in _FIELDS:
        value = getattr(data, field)
        setattr(product, field, value.strip() if isinstance(value, str) else value)
    for field in ("sku", "name"):
        if not getattr(product, field):
            raise InvalidProduct(_("This is needed."), field)
    for field in ("sku", "name", "unit", "external_source", "external_id"):
        limit = getattr(Product._meta.get_field(field), "max_length", None)
        if "\0" in getattr(product, field):
            raise InvalidProduct(_("This text has a character that cannot be stored."), field)
        if limit is not None and len(getattr(product, field)) > limit:
            raise InvalidProduct(_("This text is longer than %(limit)s characters.") % {"limit": limit}, field)
    if product.kind not in Product.Kind.values:
        raise InvalidProduct(_("There is no such choice."), "kind")
    product.list_price = _price(product.list_price, "list_price", money.CENT)
    if product.member_price is not None:
        product.member_price = _price(product.member_price, "member_price", money.CENT)
    if product.cost is not None:
        product.cost = _price(product.cost, "cost", Decimal("0.0001"))
    product.name_key = pinyin.name_key(product.name)


def _price(amount: Decimal, field: str, step: Decimal) -> Decimal:
    if not amount.is_finite() or not 0 <= amount <= _LIMIT:
        raise InvalidProduct(_("This amount is out of range."), field)
    exact = amount.quantize(step)
    if exact != amount:
        raise InvalidProduct(_("This amount has too many decimal places."), field)
    return exact


def _clean_codes(codes: Sequence[str]) -> list[str]:
    cleaned = list(dict.fromkeys(code.strip() for code in codes if code.strip()))
    for code in cleaned:
        if len(code) > 40 or not code.isascii() or not code.isprintable() or " " in code:
            raise InvalidProduct(_("%(code)s is not a bar code.") % {"code": code}, "barcodes")
    return cleaned


def _replace_codes(product: Product, codes: list[str], old_codes: set[str]) -> None:
    Barcode.objects.filter(product=product, code__in=old_codes - set(codes)).delete()
    for code in codes:
        if code in old_codes:
            continue
        try:
            with transaction.atomic():
                Barcode.objects.create(product=product, code=code)
        except IntegrityError as error:
            owner = Product.objects.filter(barcodes__code=code).first()
            raise InvalidProduct(
                _("The bar code %(code)s already belongs to %(product)s.") % {"code": code, "product": owner},
                "barcodes",
            ) from error


def _save_once(product: Product) -> None:
    try:
        with transaction.atomic():
            product.save()
    except IntegrityError as error:
        constraint = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", ""))
        if constraint == "catalog_product_external_once":
            raise InvalidProduct(_("Another product has this external number."), "external_id") from error
        if "sku" in constraint:
            raise InvalidProduct(_("Another product has this article number."), "sku") from error
        raise


def _write_search_keys(products: Sequence[Product]) -> None:
    copy_rows(
        SearchKey,
        ("product_id", "key"),
        ((product.pk, key) for product in products for key in pinyin.phrase_keys(product.name)),
    )


@transaction.atomic
def record_export(*, count: int, filters: dict[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded how many products with which filters."""
    audit.record("product.exported", actor=actor, subject="products:list", at=at, count=count, filters=filters)


@transaction.atomic
def save_category(*, category: Category, actor: Staff | None, at: datetime) -> Category:
    """Create or change a category. InvalidCategory for a name that its siblings have, or a parent below itself."""
    created = category.pk is None
    category.name = category.name.strip()
    if not category.name:
        raise InvalidCategory(_("A category needs a name."))
    if not created:
        # The tree is read under a lock: two moves at once could otherwise close a circle.
        list(Category.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    _refuse_circle(category)
    try:
        with transaction.atomic():
            category.save()
    except IntegrityError as error:
        raise InvalidCategory(_("There is already a category of this name here.")) from error
    audit.record(
        "category.created" if created else "category.changed", actor=actor, subject=f"category:{category.pk}", at=at
    )
    return category


def _refuse_circle(category: Category) -> None:
    parents = dict(Category.objects.values_list("pk", "parent_id"))
    above = category.parent_id
    while above is not None:
        if above == category.pk:
            raise InvalidCategory(_("A category cannot lie below itself."))
        above = parents.get(above)


@transaction.atomic
def save_brand(*, brand: Brand, actor: Staff | None, at: datetime) -> Brand:
    """Create or change a brand; InvalidProduct for a name that exists."""
    created = brand.pk is None
    brand.name = brand.name.strip()
    if not brand.name:
        raise InvalidProduct(_("A brand needs a name."), "name")
    try:
        with transaction.atomic():
            brand.save()
    except IntegrityError as error:
        raise InvalidProduct(_("There is already a brand of this name."), "name") from error
    audit.record("brand.created" if created else "brand.changed", actor=actor, subject=f"brand:{brand.pk}", at=at)
    return brand
