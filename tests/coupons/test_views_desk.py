"""The editor of every kind, versions, trials, classes, the list with its download, and the wallet."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from audit.models import Record
from catalog.models import Brand, Category, Product
from coupons import examples, services
from coupons.models import Coupon, StackCategory, StoreLimit, Template
from coupons.rules import Goods
from coupons.selectors.editing import list_pairs
from members.models import Member
from stores.models import Staff, Store
from tests.factories.coupons import create_template, issue_coupon
from trials.models import Trial


@pytest.fixture
def marketer(manager: Staff, client_for: Callable[[Staff], Client]) -> Client:
    """Everything about coupons."""
    manager.user_permissions.set(
        Permission.objects.filter(content_type__app_label__in=["coupons", "trials", "members"])
    )
    client = client_for(manager)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def at() -> datetime:
    return timezone.now()


@pytest.fixture
def water(db: None) -> Product:
    category = Category.objects.create(name="Drinks")
    return Product.objects.create(
        sku="W1", name="Water", list_price=Decimal(2), category=category, brand=Brand.objects.create(name="Spring")
    )


def form(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Summer", "kind": "amount_off", "amount": "10", "threshold": "100", "validity": "days",
        "valid_days": "30", "stack_category": StackCategory.objects.get(code="general").pk, "base": "remaining",
        "order_limit": "1", "threshold_break": "keep", "stacks_with_tier": "on", "returns_on_refund": "on",
        "is_usable_while_stopped": "on", **changes,
    }  # fmt: skip


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize(
    ("fields", "kept", "words"),
    [
        ({"kind": "percent_off", "factor": "85", "cap": "20"}, {"factor": Decimal("0.8500"), "cap": Decimal(20)},
         "15% off, at most ¥20.00 from ¥100.00"),
        ({"kind": "fixed_price", "price": "9.9", "pieces": "2"}, {"price": Decimal("9.90"), "pieces": 2},
         "2 pieces for ¥9.90 each from ¥100.00"),
        ({"kind": "exchange", "pieces": "1"}, {"pieces": 1}, "1 piece free from ¥100.00"),
        ({"kind": "nth_item", "buy_pieces": "1", "factor": "50"}, {"buy_pieces": 1, "factor": Decimal("0.5")},
         "Piece 2 50% off from ¥100.00"),
        ({"kind": "buy_get", "buy_pieces": "2", "pieces": "1"}, {"buy_pieces": 2, "pieces": 1},
         "Buy 2, get 1 free from ¥100.00"),
        ({"kind": "recharge", "amount": "50"}, {"amount": Decimal(50)},
         "¥50.00 more bonus on a recharge from ¥100.00"),
        ({"kind": "points_multiple", "multiple": "2", "threshold": "0"}, {"multiple": Decimal(2)},
         "2 times the points"),
        ({"kind": "voucher", "uses": "3", "threshold": "0"}, {"uses": 3}, "A free service, 3 times"),
    ],
)  # fmt: skip
def test_every_kind_is_written_in_the_editor_and_read_in_words(
    marketer: Client, fields: dict[str, str], kept: dict[str, Any], words: str
) -> None:
    response = marketer.post("/coupons/templates/new/", form(**{"amount": "", **fields}))

    assert response.status_code == 302
    template = Template.objects.get()
    assert {name: getattr(template, name) for name in kept} == kept
    assert words in text(marketer.get(response["Location"]))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "percent_off", "factor": ""}, "The part to pay must be from 0"),
        ({"kind": "percent_off", "factor": "100"}, "At most 99.99"),
        ({"kind": "buy_get", "buy_pieces": "2"}, "Say how many pieces."),
        ({"kind": "voucher", "uses": "0"}, "Say how often the voucher can be used."),
        ({"products": "W1 nothing"}, "No product on sale has the code nothing."),
        ({"from_time": "09:00"}, "Say both the first and the last time."),
        ({"products": "W1", "not_products": "W1"}, "The same cannot be both included and excluded."),
        ({"weekdays": ["9"]}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    marketer: Client, water: Product, fields: dict[str, Any], words: str
) -> None:
    response = marketer.post("/coupons/templates/new/", form(**fields))

    assert response.status_code == 422
    assert words in text(response)
    assert not Template.objects.exists()


def test_nonsense_in_a_box_that_the_kind_does_not_use_is_ignored(marketer: Client) -> None:
    response = marketer.post("/coupons/templates/new/", form(price="cheap", factor="much", multiple="x"))

    assert response.status_code == 302
    assert (Template.objects.get().price, Template.objects.get().factor) == (None, None)


def test_scope_conditions_and_store_limits_come_back_as_they_were_saved(
    marketer: Client, water: Product, store: Store
) -> None:
    given = {
        "products": "W1", "not_brands": [str(water.brand_id)], "weekdays": ["6", "7"], "stores": [str(store.pk)],
        "from_time": "09:00", "to_time": "12:30", "first_order": "on", "birthday_days": "3", "redeem_limit": "9",
        f"store_{store.pk}": "4",
    }  # fmt: skip
    marketer.post("/coupons/templates/new/", form(**given))
    template = Template.objects.get()
    Product.objects.update(is_active=False)

    page = text(marketer.get(f"/coupons/templates/{template.pk}/edit/"))
    again = marketer.post(f"/coupons/templates/{template.pk}/edit/", form(**given))

    assert template.scope == {"products": [water.pk], "not_brands": [water.brand_id]}
    assert template.conditions == {
        "stores": [store.pk], "weekdays": [6, 7], "from_time": "09:00", "to_time": "12:30", "first_order": True,
        "birthday_days": 3,
    }  # fmt: skip
    assert StoreLimit.objects.values_list("store", "limit").get() == (store.pk, 4)
    assert "For Water, but not for the brand Spring." in page
    assert "Only on Saturday, Sunday." in page
    assert "Only from 09:00 to 12:30." in page
    # The product is off sale meanwhile and stays, and nothing changed, so that there is no second version.
    assert again.status_code == 302
    template.refresh_from_db()
    assert template.version == 1


def test_a_copy_begins_with_the_terms_of_another(marketer: Client, at: datetime) -> None:
    template = create_template(at=at, kind="voucher", uses=7)

    page = text(marketer.get(f"/coupons/templates/new/?copy={template.pk}"))

    assert 'name="uses" value="7"' in page
    assert marketer.get("/coupons/templates/new/?copy=999999").status_code == 404


def test_the_editor_shows_what_the_last_order_would_have_saved(
    marketer: Client, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = examples.ExampleOrder("S01-9", (Goods(1, 1),), (9_000,))
    large = examples.ExampleOrder("S01-8", (Goods(1, 1), Goods(2, 1)), (9_000, 6_000))
    monkeypatch.setattr(examples, "_sources", [lambda: [small, large]])
    template = create_template(at=at, scope={"products": [1]}, threshold=Decimal(90))

    page = text(marketer.get(f"/coupons/templates/{template.pk}/"))

    assert "Example: order S01-9 of ¥90.00, of which ¥90.00 of these goods, would have cost ¥10.00 less." in page
    assert examples.find_example(create_template(at=at, threshold=Decimal(151))) is None


def test_versions_say_field_by_field_what_changed(marketer: Client, at: datetime, manager: Staff) -> None:
    template = create_template(at=at)
    template.refresh_from_db()
    template.amount, template.conditions = Decimal(20), {"weekdays": [1]}
    services.save_template(template=template, actor=manager, at=at)
    template.refresh_from_db()
    template.returns_on_refund = False
    services.save_template(template=template, actor=manager, at=at)

    newest = text(marketer.get(f"/coupons/templates/{template.pk}/versions/"))
    whole = text(marketer.get(f"/coupons/templates/{template.pk}/versions/?from=1&to=3"))

    assert ("Given back when all goods are returned" in newest, "¥20.00 off" in newest.split("All versions")[0]) == (
        True, False,
    )  # fmt: skip
    for words in ("¥10.00 off from ¥100.00", "¥20.00 off from ¥100.00", "Only on Monday."):
        assert words in whole.split("All versions")[0]
    same = marketer.get(f"/coupons/templates/{template.pk}/versions/?from=2&to=2")
    assert "These two say the same." in text(same)


def test_a_trial_is_asked_for_the_days_that_were_typed(marketer: Client, at: datetime) -> None:
    template = create_template(at=at, is_active=False)

    wrong = marketer.post(f"/coupons/templates/{template.pk}/trials/new/", {"days": "0"})
    response = marketer.post(f"/coupons/templates/{template.pk}/trials/new/", {"days": "14"})

    trial = Trial.objects.get()
    assert wrong["Location"] == f"/coupons/templates/{template.pk}/"
    assert (trial.kind, trial.subject, trial.days) == ("coupon_template", f"coupon_template:{template.pk}", 14)
    assert response["Location"].endswith(f"/{trial.pk}/")


def test_the_grid_of_classes_is_saved_and_wrong_ones_are_refused(marketer: Client) -> None:
    data: dict[str, Any] = {
        f"{name}_{row.code}": value
        for row in StackCategory.objects.all()
        for name, value in (("name", row.name), ("limit", 2))
    }
    wrong = marketer.post("/coupons/classes/", {**data, "new_name": "Birthday", "new_code": "Not plain"})
    assert (wrong.status_code, StackCategory.objects.count()) == (422, 3)
    assert "Small letters, digits and _ only" in text(wrong)

    response = marketer.post("/coupons/classes/", {**data, "new_name": "Birthday", "new_code": "birthday"})

    assert response.status_code == 302
    assert list_pairs() == set()
    assert set(StackCategory.objects.values_list("code", "order_limit")) == {
        ("general", 2), ("goods", 2), ("points", 2), ("birthday", 1),
    }  # fmt: skip
    added = StackCategory.objects.get(code="birthday")
    marketer.post(f"/coupons/classes/{added.pk}/delete/")
    assert not StackCategory.objects.filter(code="birthday").exists()
    assert marketer.post("/coupons/classes/999999/delete/").status_code == 404


def test_who_may_only_look_changes_no_classes(cashier: Staff, client_for: Callable[[Staff], Client]) -> None:
    cashier.user_permissions.set(Permission.objects.filter(codename="view_stackcategory"))
    client = client_for(cashier)

    page = client.post("/coupons/classes/", {"new_name": "Mine", "new_code": "mine"})

    assert (page.status_code, StackCategory.objects.count()) == (200, 3)
    assert client.post(f"/coupons/classes/{StackCategory.objects.all()[0].pk}/delete/").status_code == 403


def test_coupons_are_found_by_their_last_digits_holder_and_state(
    marketer: Client, member: Member, other_member: Member, at: datetime
) -> None:
    template = create_template(at=at, valid_days=1)
    mine, theirs = issue_coupon(template, member.pk, at=at), issue_coupon(template, other_member.pk, at=at)
    old = issue_coupon(template, member.pk, at=at - timedelta(days=9))

    def found(query: str) -> set[str]:
        page = text(marketer.get(f"/coupons/?{query}", headers={"HX-Request": "true"}))
        return {one.code for one in (mine, theirs, old) if one.code in page}

    assert found("") == {mine.code, theirs.code, old.code}
    assert found(f"code={mine.code[-8:]}") == {mine.code}
    assert found(f"q={other_member.number}") == {theirs.code}
    assert found("state=expired") == {old.code}
    assert found("q=nobody-at-all") == set()
    assert found("code=%00&since=never&template=x") == {mine.code, theirs.code, old.code}


def test_the_download_is_exactly_what_is_filtered_and_is_recorded(
    marketer: Client, member: Member, store: Store, at: datetime
) -> None:
    template = create_template(at=at, name="=1+1")
    used = issue_coupon(template, member.pk, at=at)
    issue_coupon(template, member.pk, at=at)
    services.redeem(
        coupon_id=used.pk, member_id=member.pk, amount=Decimal("9.50"), source="order:1", idempotency_key="x", at=at,
        store=store, actor=None,
    )  # fmt: skip

    response = marketer.post("/coupons/export/?state=used")

    sheet = load_workbook(BytesIO(b"".join(response.streaming_content))).worksheets[0]  # type: ignore[attr-defined]  # a file
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2, max_row=2)]
    assert (rows[0][0], rows[0][1], rows[0][3], rows[0][-2]) == (used.code, "=1+1", member.number, store.name)
    assert Decimal(str(rows[0][-1])) == Decimal("9.5")
    assert Record.objects.get(action="coupon.exported").data["count"] == 1


def test_the_wallet_says_why_each_coupon_is_where_it_is(
    marketer: Client, member: Member, store: Store, at: datetime
) -> None:
    template = create_template(at=at, valid_days=1)
    used = issue_coupon(template, member.pk, at=at)
    issue_coupon(template, member.pk, at=at - timedelta(days=9))
    issue_coupon(create_template(at=at, starts_next_day=True), member.pk, at=at)
    issue_coupon(create_template(at=at, kind="voucher", uses=3), member.pk, at=at)
    issue_coupon(template, member.pk, at=at)
    services.redeem(
        coupon_id=used.pk, member_id=member.pk, amount=Decimal(10), source="order:1", idempotency_key="x", at=at,
        store=store, actor=None,
    )  # fmt: skip

    pages = {
        state: text(marketer.get(f"/coupons/members/{member.pk}/?state={state}"))
        for state in ("usable", "not_yet", "used", "expired", "void")
    }

    assert "ends today" in pages["usable"]
    assert "3 uses left" in pages["usable"]
    assert f"in {store.name}" in pages["used"].replace("&#x27;", "'")
    assert "not used in time" in pages["expired"]
    assert " on</span>" in pages["not_yet"]
    assert "No coupons here" in pages["void"]


def test_a_coupon_shows_codes_for_scanners_and_where_it_came_from_after_a_merge(
    marketer: Client, member: Member, other_member: Member, at: datetime
) -> None:
    coupon = issue_coupon(create_template(at=at), other_member.pk, at=at)
    services.merge(
        from_member_id=other_member.pk, into_member_id=member.pk, idempotency_key="m", at=at, store=None, actor=None,
        source=f"member:{member.pk}",
    )  # fmt: skip

    page = text(marketer.get(f"/coupons/{coupon.pk}/"))

    assert page.count("<svg") >= 2
    assert f'aria-label="{coupon.code}"' in page
    assert f"/members/{other_member.pk}/" in page
    assert Coupon.objects.get().member_id == member.pk
