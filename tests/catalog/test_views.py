"""The pages of the catalogue, as a browser gets them."""

from decimal import Decimal
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from audit.models import Record
from catalog.models import Brand, Category, Product
from tests.factories.catalog import create_product

HTMX = {"HX-Request": "true"}


def product_form(**changes: str) -> dict[str, str]:
    return {
        "name": "乌龙茶",
        "sku": "T-1",
        "barcodes": "6901 6902\n6903",
        "kind": "goods",
        "list_price": "1,234.5",
        "member_price": "",
        "cost": "2.1234",
        "is_active": "on",
        **changes,
    }


@pytest.mark.parametrize("name", ["product", "category", "brand"])
def test_lists_are_pages_and_fragments(cashier, client_for, name):
    create_product()
    Category.objects.create(name="Tea")
    Brand.objects.create(name="Jade")
    client, url = client_for(cashier), reverse(f"catalog:{name}-list")

    page = client.get(url)

    assert page.status_code == 200
    assert b"<html" in page.content
    if name != "category":
        assert b"<html" not in client.get(url, headers=HTMX).content
        assert b"<html" in client.get(url, headers={**HTMX, "HX-Boosted": "true"}).content
        assert b"<html" in client.get(url, headers={**HTMX, "HX-History-Restore-Request": "true"}).content
        assert "HX-Request" in page["Vary"]


def test_the_list_costs_the_same_for_any_number_of_rows(cashier, client_for, django_assert_num_queries):
    for _index in range(15):
        create_product(barcodes=(f"69{_index}",))
    client, url = client_for(cashier), reverse("catalog:product-list")
    client.get(url)

    # Session, person, rights (2), stores of the frame, categories, brands, rows, bar codes, count.
    with django_assert_num_queries(10):
        client.get(url)


@pytest.mark.parametrize(
    "query", ["category=x", "brand=0", "kind=x", "status=x", "sort=cost", "search=%00", "cursor=x"]
)
def test_nonsense_in_the_url_narrows_nothing(cashier, client_for, query):
    create_product(name="乌龙茶")

    response = client_for(cashier).get(f"{reverse('catalog:product-list')}?{query}")

    assert response.status_code == 200
    assert "乌龙茶" in response.content.decode()


def test_a_product_is_created_and_changed(manager, client_for):
    client = client_for(manager)

    created = client.post(reverse("catalog:product-create"), product_form())
    product = Product.objects.get()
    page = client.get(reverse("catalog:product-edit", args=[product.pk])).content.decode()
    client.post(reverse("catalog:product-edit", args=[product.pk]), product_form(barcodes="6901", member_price="1000"))

    assert created.url == reverse("catalog:product-list")
    assert (product.list_price, product.cost) == (Decimal("1234.50"), Decimal("2.1234"))
    assert "6903" in page
    product.refresh_from_db()
    assert product.member_price == Decimal("1000.00")
    assert [barcode.code for barcode in product.barcodes.all()] == ["6901"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"sku": ""},
        {"list_price": ""},
        {"list_price": "abc"},
        {"list_price": "-1"},
        {"list_price": "1.005"},
        {"list_price": "NaN"},
        {"cost": "1.00001"},
        {"category_id": "99"},
        {"kind": "x"},
        {"barcodes": "码"},
    ],
)
def test_wrong_input_is_422_and_writes_nothing(manager, client_for, changes):
    response = client_for(manager).post(reverse("catalog:product-create"), product_form(**changes))

    assert response.status_code == 422
    assert Product.objects.count() == 0


def test_a_bar_code_of_another_product_is_refused_beside_its_field(manager, client_for):
    create_product(name="可乐", barcodes=("6902",))

    response = client_for(manager).post(reverse("catalog:product-create"), product_form())

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["barcodes"]
    assert Product.objects.count() == 1


def test_without_the_right_costs_are_neither_shown_nor_lost(manager, client_for):
    role = manager.groups.get()
    role.permissions.remove(role.permissions.get(codename="view_cost"))
    product = create_product(sku="T-1", cost=Decimal("7.6543"))
    client, url = client_for(manager), reverse("catalog:product-edit", args=[product.pk])

    assert "7.6543" not in client.get(url).content.decode()
    client.post(url, product_form(cost="1"))

    product.refresh_from_db()
    assert (product.name, product.cost) == ("乌龙茶", Decimal("7.6543"))
    assert product.list_price == Decimal("1234.50")


def test_the_download_is_exactly_what_is_filtered(manager, cashier, client_for):
    create_product(sku="A", name="=cmd", cost=Decimal("1.5"))
    create_product(sku="B", name="红茶", is_active=False)
    url = f"{reverse('catalog:product-export')}?status=active"

    response = client_for(manager).post(url)

    sheet = load_workbook(BytesIO(response.getvalue())).worksheets[0]
    assert [(row[0].value, row[1].value, row[-1].value) for row in sheet.iter_rows(min_row=2)] == [("A", "=cmd", 1.5)]
    assert Record.objects.get(action="product.exported").data == {"count": 1, "filters": {"status": "active"}}
    assert client_for(cashier).post(url).status_code == 403


def test_categories_and_brands_are_kept(manager, cashier, client_for):
    client = client_for(manager)

    client.post(reverse("catalog:category-create"), {"name": "Tea", "position": "0", "is_active": "on"})
    tea = Category.objects.get()
    again = client.post(reverse("catalog:category-create"), {"name": "Tea", "position": "0"})
    own = client.post(
        reverse("catalog:category-edit", args=[tea.pk]), {"name": "Tea", "position": "0", "parent": tea.pk}
    )
    client.post(reverse("catalog:brand-create"), {"name": "Jade", "is_active": "on"})
    twice = client.post(reverse("catalog:brand-create"), {"name": "Jade"})

    assert (again.status_code, own.status_code, twice.status_code) == (422, 422, 422)
    assert (Category.objects.count(), Brand.objects.count()) == (1, 1)
    assert client_for(cashier).get(reverse("catalog:brand-create")).status_code == 403
    assert client.get(reverse("catalog:brand-edit", args=[Brand.objects.get().pk])).status_code == 200
