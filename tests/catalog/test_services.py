"""Products, categories and brands as people change them, and how they are found."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from audit.models import Record
from catalog import selectors, services
from catalog.models import Barcode, Brand, Category, Product, SearchKey
from catalog.selectors import ProductFilter
from catalog.services import InvalidCategory, InvalidProduct, ProductData
from tests.factories.catalog import create_product


def change(product: Product, manager, now, **data) -> Product:
    data = {"sku": product.sku, "name": product.name, "list_price": product.list_price, **data}
    return services.save_product(data=ProductData(**data), actor=manager, at=now, product_id=product.pk)


def test_a_product_keeps_its_prices_exactly_and_leaves_a_trail(manager, now):
    product = services.save_product(
        data=ProductData(
            sku=" T-1 ",
            name="可口可乐 330ml",
            list_price=Decimal("3.5"),
            member_price=Decimal("3.2"),
            cost=Decimal("2.1234"),
            barcodes=("6901234567892", " 6901234567892", "123"),
        ),
        actor=manager,
        at=now,
    )

    product.refresh_from_db()
    assert (product.sku, product.name_key) == ("T-1", "kekoukele330ml")
    assert (product.list_price, product.member_price, product.cost) == (
        Decimal("3.50"),
        Decimal("3.20"),
        Decimal("2.1234"),
    )
    assert sorted(Barcode.objects.values_list("code", flat=True)) == ["123", "6901234567892"]
    assert Record.objects.get(action="product.created").data["prices_after"]["list_price"] == "3.50"


def test_a_price_change_keeps_before_and_after(manager, now):
    product = create_product(list_price="10.00")

    change(product, manager, now, list_price=Decimal("12.00"))

    record = Record.objects.get(action="product.changed")
    assert record.actor == manager
    assert record.data == {
        "fields": ["list_price"],
        "prices_before": {"list_price": "10.00"},
        "prices_after": {"list_price": "12.00"},
    }


def test_an_unchanged_product_writes_nothing(manager, now):
    product = create_product(barcodes=("1", "2"))

    change(product, manager, now, barcodes=("2", "1"))

    assert not Record.objects.filter(action="product.changed").exists()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"sku": " "}, "sku"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\0"}, "name"),
        ({"kind": "pass"}, "kind"),
        ({"list_price": Decimal("-0.01")}, "list_price"),
        ({"list_price": Decimal("1.001")}, "list_price"),
        ({"list_price": Decimal("NaN")}, "list_price"),
        ({"list_price": Decimal("Infinity")}, "list_price"),
        ({"list_price": Decimal("1000000000")}, "list_price"),
        ({"member_price": Decimal("-1")}, "member_price"),
        ({"cost": Decimal("0.00001")}, "cost"),
        ({"barcodes": ("12 3",)}, "barcodes"),
        ({"barcodes": ("码",)}, "barcodes"),
        ({"barcodes": ("1" * 41,)}, "barcodes"),
    ],
)
def test_data_that_cannot_be_is_refused_at_its_field(manager, now, data, field):
    given = {"sku": "A", "name": "Tea", "list_price": Decimal("1.00"), **data}

    with pytest.raises(InvalidProduct) as refusal:
        services.save_product(data=ProductData(**given), actor=manager, at=now)

    assert refusal.value.field == field
    assert Product.objects.count() == Barcode.objects.count() == Record.objects.count() == 0


def test_sku_and_bar_codes_belong_to_one_product(manager, now):
    first = create_product(sku="A", barcodes=("111",))
    second = create_product(sku="B", barcodes=("222",))

    with pytest.raises(InvalidProduct) as same_sku:
        change(second, manager, now, sku="A", barcodes=("222",))
    with pytest.raises(InvalidProduct) as same_code, transaction.atomic():
        change(second, manager, now, name="other", barcodes=("333", "111"))

    assert (same_sku.value.field, same_code.value.field) == ("sku", "barcodes")
    assert "乌龙茶" in str(same_code.value)
    second.refresh_from_db()
    assert (second.sku, second.name) == ("B", "乌龙茶")
    assert list(second.barcodes.values_list("code", flat=True)) == ["222"]
    assert selectors.get_product_by_code("111") == first


@pytest.mark.parametrize("wrong", [{"list_price": -1}, {"member_price": -1}, {"cost": -1}])
def test_the_database_refuses_negative_prices(db, wrong):
    product = create_product()

    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(**wrong)


def test_goods_are_found_by_code_article_number_word_pinyin_and_initials(db):
    cola = create_product(sku="C-1", name="可口可乐 330ml", barcodes=("6901234567892",))
    create_product(sku="P-1", name="百事 330ml")

    for text in ("6901234567892", "C-1", "可口", "可乐", "kekou", "kele", "kkkl", "kl"):
        assert selectors.find_products(text) == [cola], text
    assert [row.sku for row in selectors.find_products("330")] == ["C-1", "P-1"]
    assert selectors.find_products("") == selectors.find_products("\0") == selectors.find_products("%") == []


def test_an_exact_bar_code_wins_over_an_article_number(db):
    create_product(sku="111", name="a")
    second = create_product(sku="x", name="b", barcodes=("111",))

    assert selectors.find_products("111") == [second]


def test_retired_goods_are_neither_found_nor_priced(db):
    active = create_product(sku="A", name="绿茶")
    retired = create_product(sku="B", name="绿茶", is_active=False, barcodes=("9",))

    assert selectors.find_products("绿茶") == [active]
    assert selectors.find_products("9") == selectors.find_products("B") == []
    assert selectors.get_for_pricing([active.pk, retired.pk, 0]) == {active.pk: active}


def test_pricing_reads_any_number_of_goods_in_one_statement(db, django_assert_num_queries):
    ids = [create_product().pk for _index in range(5)]

    with django_assert_num_queries(1):
        assert sorted(selectors.get_for_pricing(ids)) == ids


def test_a_renamed_product_is_found_by_the_new_name_only(manager, now):
    product = create_product(name="绿茶")

    change(product, manager, now, name="红茶")

    assert selectors.find_products("红") == [product]
    assert selectors.find_products("绿") == []
    assert SearchKey.objects.filter(key="lc").count() == 0


def test_a_category_means_everything_below_it(manager, now, django_assert_num_queries):
    drinks = services.save_category(category=Category(name="Drinks"), actor=manager, at=now)
    tea = services.save_category(category=Category(name="Tea", parent=drinks), actor=manager, at=now)
    green = services.save_category(category=Category(name="Green", parent=tea), actor=manager, at=now)
    product = create_product(category_id=green.pk, barcodes=("1",))
    create_product()

    with django_assert_num_queries(3):
        page = selectors.page_products(ProductFilter(category_id=drinks.pk))
    assert page.rows == [product]
    assert [(depth, row.name) for depth, row in selectors.get_category_tree().flat()] == [
        (0, "Drinks"),
        (1, "Tea"),
        (2, "Green"),
    ]


def test_a_category_cannot_lie_below_itself_or_share_a_name_with_a_sibling(manager, now):
    top = services.save_category(category=Category(name="Top"), actor=manager, at=now)
    below = services.save_category(category=Category(name="Below", parent=top), actor=manager, at=now)

    top.parent = below
    with pytest.raises(InvalidCategory):
        services.save_category(category=top, actor=manager, at=now)
    with pytest.raises(InvalidCategory):
        services.save_category(category=Category(name=" Top "), actor=manager, at=now)
    with pytest.raises(InvalidCategory):
        services.save_category(category=Category(name="  "), actor=manager, at=now)

    assert Category.objects.get(pk=top.pk).parent_id is None
    assert Category.objects.count() == 2


def test_brands_have_distinct_names(manager, now):
    services.save_brand(brand=Brand(name="Jade"), actor=manager, at=now)

    with pytest.raises(InvalidProduct):
        services.save_brand(brand=Brand(name=" Jade "), actor=manager, at=now)

    assert Brand.objects.count() == 1


def test_lists_are_filtered_by_every_field(manager, now):
    brand = services.save_brand(brand=Brand(name="Jade"), actor=manager, at=now)
    product = create_product(sku="A", name="绿茶", brand_id=brand.pk, kind="service", barcodes=("77",))
    create_product(sku="B", name="红茶", is_active=False)

    for criteria in (
        ProductFilter(search="lvcha"),
        ProductFilter(search="77"),
        ProductFilter(search="A"),
        ProductFilter(brand_id=brand.pk),
        ProductFilter(kind="service"),
        ProductFilter(is_active=True),
    ):
        assert list(selectors.list_products(criteria)) == [product], criteria


def test_products_of_an_import_are_written_in_bulk(db, django_assert_max_num_queries):
    products = [
        services.build_product(data=ProductData(sku=f"S{index}", name=f"绿茶 {index}", list_price=Decimal("1.00")))
        for index in range(100)
    ]

    with django_assert_max_num_queries(9):
        services.insert_products(products, [[f"69{index}"] for index in range(100)])

    assert selectors.get_product_by_code("6942") == products[42]
    assert len(selectors.find_products("lc", limit=50)) == 50
