"""Reads of the catalogue: at the till, for pricing, as lists."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from catalog.models import Barcode, Brand, Category, Product, SearchKey
from core.keyset import Page, paginate
from core.pinyin import search_form

BY_NAME = ("name_key", "id")


@dataclass(frozen=True)
class ProductFilter:
    """What a list of products is narrowed to; a category means it and everything below."""

    search: str = ""
    category_id: int | None = None
    brand_id: int | None = None
    kind: str = ""
    is_active: bool | None = None


def get_product(product_id: int) -> Product:
    """One product, active or not; Product.DoesNotExist."""
    return Product.objects.select_related("category", "brand").get(pk=product_id)


def get_for_pricing(product_ids: Collection[int]) -> dict[int, Product]:
    """Active products by id, one statement; a retired or unknown one is missing from the answer."""
    return {product.pk: product for product in Product.objects.filter(pk__in=product_ids, is_active=True)}


def get_product_by_code(code: str) -> Product | None:
    """The active product with exactly this bar code, else with exactly this article number."""
    active = Product.objects.filter(is_active=True)
    found = active.filter(barcodes__code=code).first()
    return found or active.filter(sku=code).first()


def get_products_by_codes(codes: Collection[str]) -> dict[str, Product]:
    """Active products by exact bar code, else by exact article number; at most two statements for any number."""
    rows = Barcode.objects.filter(code__in=codes, product__is_active=True).select_related("product")
    found = {row.code: row.product for row in rows}
    missing = [code for code in codes if code not in found]
    if missing:
        found |= {product.sku: product for product in Product.objects.filter(sku__in=missing, is_active=True)}
    return found


def find_products(text: str, limit: int = 20) -> list[Product]:
    """Active products that one typed or scanned text means (R-S5): exact bar code, exact article number, else by the
    beginning of a word of the name, its pinyin or initials. At most three statements.
    """
    wanted = unicodedata.normalize("NFKC", text).strip()
    if not wanted or "\0" in wanted or len(wanted) > 120:
        return []
    exact = get_product_by_code(wanted)
    if exact is not None:
        return [exact]
    key = search_form(wanted)[:60]
    if not key:
        return []
    rows = (
        SearchKey.objects.filter(key__startswith=key, product__is_active=True)
        .select_related("product")
        .order_by("key", "product_id")[: limit * 4]
    )
    return list({row.product_id: row.product for row in rows}.values())[:limit]


def list_products(criteria: ProductFilter) -> QuerySet[Product]:
    """Products that fit, unordered, with what a list shows; page them with :func:`page_products`."""
    rows = Product.objects.select_related("category", "brand").prefetch_related(
        Prefetch("barcodes", queryset=Barcode.objects.order_by("id"))
    )
    if search := unicodedata.normalize("NFKC", criteria.search).strip().replace("\0", ""):
        keys = SearchKey.objects.filter(key__startswith=search_form(search)[:60] or "\x7f")
        rows = rows.filter(
            Q(pk__in=keys.values("product_id"))
            | Q(sku=search)
            | Q(pk__in=Barcode.objects.filter(code=search).values("product_id"))
        )
    if criteria.category_id:
        rows = rows.filter(category__in=get_category_tree().below(criteria.category_id))
    if criteria.brand_id:
        rows = rows.filter(brand_id=criteria.brand_id)
    if criteria.kind:
        rows = rows.filter(kind=criteria.kind)
    if criteria.is_active is not None:
        rows = rows.filter(is_active=criteria.is_active)
    return rows


def page_products(criteria: ProductFilter, *, cursor: str = "", size: int = 50) -> Page[Product]:
    """One page by name; two statements, with a category three."""
    return paginate(list_products(criteria), order=BY_NAME, cursor=cursor, size=size)


@dataclass(frozen=True)
class CategoryTree:
    """All categories at once: a chain has hundreds, so one statement beats a recursive one per question."""

    children: dict[int | None, list[Category]]

    def below(self, category_id: int) -> list[int]:
        """The category's id and those of everything below it."""
        found = [category_id]
        for current in found:
            found += [child.pk for child in self.children.get(current, [])]
        return found

    def flat(self) -> list[tuple[int, Category]]:
        """Every category with its depth, parents before children, for indented lists and choices."""
        result: list[tuple[int, Category]] = []
        pending = [(0, root) for root in reversed(self.children.get(None, []))]
        while pending:
            depth, category = pending.pop()
            result.append((depth, category))
            pending += [(depth + 1, child) for child in reversed(self.children.get(category.pk, []))]
        return result


def get_category_tree() -> CategoryTree:
    """The whole tree in one statement, siblings by position and name."""
    children: dict[int | None, list[Category]] = {}
    for category in Category.objects.order_by("position", "name", "pk"):
        children.setdefault(category.parent_id, []).append(category)
    return CategoryTree(children)


def get_category_parents() -> dict[int, int | None]:
    """What lies above each category, by id; one statement."""
    return dict(Category.objects.values_list("pk", "parent_id"))


def list_brands() -> QuerySet[Brand]:
    """All brands by name."""
    return Brand.objects.order_by("name")
