"""What templates of every kind must say, their versions, starting them, and the classes of coupons (R-K1, R-K6)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Record
from coupons import services
from coupons.models import StackCategory, StackPair, Template, TemplateVersion
from coupons.selectors.editing import list_classes, list_pairs
from members.models import Member
from stores.models import Staff
from tests.factories.coupons import create_template, issue_coupon
from trials.models import Trial

WHOLE: dict[str, dict[str, Any]] = {
    "amount_off": {"amount": Decimal(10)},
    "percent_off": {"factor": Decimal("0.85")},
    "fixed_price": {"price": Decimal("9.90"), "pieces": 1},
    "exchange": {"pieces": 1},
    "nth_item": {"buy_pieces": 1, "factor": Decimal("0.5")},
    "buy_get": {"buy_pieces": 2, "pieces": 1},
    "recharge": {"amount": Decimal(50)},
    "points_multiple": {"multiple": Decimal(2)},
    "voucher": {"uses": 3},
}


def build(kind: str, **changes: Any) -> Template:
    return Template(name="x", kind=kind, validity="days", valid_days=30, **{**WHOLE[kind], **changes})


@pytest.mark.parametrize("kind", WHOLE)
def test_a_template_of_every_kind_keeps_what_it_uses_and_nothing_else(db: None, now: datetime, kind: str) -> None:
    noise = {"amount": Decimal(1), "factor": Decimal("0.1"), "price": Decimal(1), "pieces": 7, "buy_pieces": 7}

    template = services.save_template(template=build(kind, **{**noise, **WHOLE[kind]}), actor=None, at=now)

    template.refresh_from_db()
    kept = {name: getattr(template, name) for name in (*noise, "multiple") if getattr(template, name) is not None}
    assert kept == {name: value for name, value in WHOLE[kind].items() if name != "uses"}
    assert template.uses == WHOLE[kind].get("uses", 1)


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("amount_off", {"amount": None}, "amount"),
        ("percent_off", {"factor": None}, "factor"),
        ("percent_off", {"factor": Decimal(1)}, "factor"),
        ("percent_off", {"cap": Decimal(0)}, "cap"),
        ("fixed_price", {"price": None}, "price"),
        ("fixed_price", {"pieces": 0}, "pieces"),
        ("exchange", {"pieces": None}, "pieces"),
        ("nth_item", {"buy_pieces": None}, "buy_pieces"),
        ("nth_item", {"factor": None}, "factor"),
        ("buy_get", {"pieces": 0}, "pieces"),
        ("recharge", {"amount": Decimal(0)}, "amount"),
        ("points_multiple", {"multiple": Decimal(1)}, "multiple"),
        ("voucher", {"uses": 0}, "uses"),
        ("amount_off", {"scope": {"products": [1], "not_products": [1]}}, "not_products"),
        ("amount_off", {"conditions": {"from_time": "09:00"}}, "to_time"),
        ("amount_off", {"conditions": {"from_time": "09:00", "to_time": "09:00"}}, "to_time"),
        ("amount_off", {"conditions": {"from_time": "9 o'clock", "to_time": "10:00"}}, "from_time"),
        ("amount_off", {"order_limit": 0}, "order_limit"),
        ("cinema", {}, "kind"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(
    db: None, now: datetime, kind: str, changes: dict[str, Any], field: str
) -> None:
    template = build(kind, **changes) if kind in WHOLE else Template(name="x", kind=kind, valid_days=1)

    with pytest.raises(services.InvalidTemplate) as caught:
        services.save_template(template=template, actor=None, at=now)

    assert caught.value.field == field
    assert not Template.objects.exists()


def test_each_change_of_terms_is_a_version_and_a_change_of_limits_is_none(db: None, now: datetime) -> None:
    template = create_template()
    template.refresh_from_db()
    template.total_limit = 100
    services.save_template(template=template, actor=None, at=now)
    template.refresh_from_db()
    template.scope = {"categories": [7, 3], "brands": []}
    services.save_template(template=template, actor=None, at=now)

    assert list(TemplateVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert TemplateVersion.objects.get(number=2).terms["scope"] == {"categories": [3, 7]}


def test_a_template_edited_after_the_issue_leaves_the_coupon_its_version(member: Member, now: datetime) -> None:
    template = create_template()
    coupon = issue_coupon(template, member.pk, at=now)
    template.refresh_from_db()
    template.kind, template.factor = "percent_off", Decimal("0.5")

    services.save_template(template=template, actor=None, at=now)

    coupon.refresh_from_db()
    assert (coupon.terms_version.number, coupon.terms_version.terms["kind"]) == (1, "amount_off")
    assert issue_coupon(template, member.pk, at=now).terms_version.number == 2


def tried(template: Template, *, status: str = "done") -> Trial:
    subject = f"coupon_template:{template.pk}"
    return Trial.objects.create(
        kind="coupon_template", subject=subject, title="x", digest=services.trial_digest(subject), days=30,
        status=status, asked_at=datetime(2026, 3, 1).astimezone(),
    )  # fmt: skip


def start(template: Template, actor: Staff | None, at: datetime, reason: str = "") -> Template:
    return services.set_template_status(
        template_id=template.pk, status="active", actor=actor, at=at, untried_reason=reason
    )


def test_a_person_starts_a_draft_only_after_a_trial_of_what_it_says_now(manager: Staff, now: datetime) -> None:
    template = create_template(is_active=False)
    tried(template, status="failed")
    with pytest.raises(services.NotTried):
        start(template, manager, now)
    tried(template)
    template.refresh_from_db()
    template.amount = Decimal(20)
    services.save_template(template=template, actor=manager, at=now)
    with pytest.raises(services.NotTried):
        start(template, manager, now)
    template.refresh_from_db()
    assert template.status == "draft"
    trial = tried(template)

    start(template, manager, now)

    template.refresh_from_db()
    row = Record.objects.get(action="coupon_template.status_changed")
    assert (template.status, row.data["trial"], row.reason) == ("active", trial.pk, "")


def test_a_reason_starts_a_draft_untried_and_is_recorded(manager: Staff, now: datetime) -> None:
    template = create_template(is_active=False)
    with pytest.raises(services.NotTried):
        start(template, manager, now, "  ")

    start(template, manager, now, "Same as last year")

    row = Record.objects.get(action="coupon_template.status_changed")
    assert (row.reason, row.data["trial"]) == ("Same as last year", None)


def test_a_paused_template_goes_on_without_another_trial(manager: Staff, now: datetime) -> None:
    template = create_template()
    services.set_template_status(template_id=template.pk, status="paused", actor=manager, at=now)

    assert start(template, manager, now).status == "active"


@pytest.mark.parametrize("subject", ["coupon_template:999999", "coupon_template:x", "other"])
def test_a_trial_of_nothing_is_a_mistake(db: None, subject: str) -> None:
    with pytest.raises(LookupError):
        services.trial_digest(subject)


def test_retired_templates_change_no_more_but_keep_their_dates(db: None, now: datetime) -> None:
    template = create_template(validity="fixed", starts_on=date(2026, 3, 1), through_on=date(2026, 3, 31))
    services.set_template_status(template_id=template.pk, status="retired", actor=None, at=now)
    template.refresh_from_db()
    template.redeem_limit = 5

    with pytest.raises(services.InvalidTemplate):
        services.save_template(template=template, actor=None, at=now)

    template.refresh_from_db()
    assert template.redeem_limit is None


def grid() -> list[services.ClassData]:
    return [
        services.ClassData(row.code, row.name, row.order_limit, row.is_exclusive)
        for row in StackCategory.objects.order_by("position")
    ]


def test_the_grid_is_saved_as_it_is_ticked(manager: Staff, now: datetime) -> None:
    classes = [*grid(), services.ClassData("birthday", "生日券", 1, is_exclusive=True)]

    services.save_classes(classes=classes, pairs=[("goods", "general"), ("birthday", "goods")], actor=manager, at=now)

    assert list_pairs() == {frozenset(("general", "goods"))}
    assert [row.code for row in list_classes()] == ["general", "goods", "points", "birthday"]
    assert StackCategory.objects.get(code="birthday").is_exclusive
    assert Record.objects.get(action="coupon_classes.changed").data["after"]["pairs"] == [["general", "goods"]]


def test_saving_the_same_grid_records_nothing(manager: Staff, now: datetime) -> None:
    pairs = [tuple(sorted(pair)) for pair in list_pairs()]

    services.save_classes(classes=grid(), pairs=[(one, other) for one, other in pairs], actor=manager, at=now)

    assert len(list_pairs()) == 3
    assert not Record.objects.filter(action="coupon_classes.changed").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        services.ClassData("extra", " "),
        services.ClassData("general", "Twice"),
        services.ClassData("extra", "通用券"),
        services.ClassData("extra", "Many", 21),
    ],
)
def test_a_class_that_does_not_fit_moves_nothing(manager: Staff, now: datetime, wrong: services.ClassData) -> None:
    with pytest.raises(services.InvalidClass):
        services.save_classes(classes=[*grid(), wrong], pairs=[], actor=manager, at=now)

    assert (StackCategory.objects.count(), StackPair.objects.count()) == (3, 3)


def test_a_class_that_coupons_are_of_cannot_be_deleted(manager: Staff, now: datetime) -> None:
    template = create_template(stack_category=StackCategory.objects.get(code="goods"))
    template.refresh_from_db()
    template.stack_category = StackCategory.objects.get(code="general")
    services.save_template(template=template, actor=manager, at=now)

    for code in ("goods", "general"):
        with pytest.raises(services.InvalidClass):
            services.delete_class(category_id=StackCategory.objects.get(code=code).pk, actor=manager, at=now)
    services.delete_class(category_id=StackCategory.objects.get(code="points").pk, actor=manager, at=now)

    assert list(StackCategory.objects.order_by("position").values_list("code", flat=True)) == ["general", "goods"]
    assert list_pairs() == {frozenset(("general", "goods"))}


def test_the_general_class_stays_even_where_nothing_is_of_it(manager: Staff, now: datetime) -> None:
    general = StackCategory.objects.get(code="general")

    with pytest.raises(services.InvalidClass):
        services.delete_class(category_id=general.pk, actor=manager, at=now)

    assert StackCategory.objects.count() == 3
    assert [row.is_kept for row in list_classes()] == [True, False, False]
