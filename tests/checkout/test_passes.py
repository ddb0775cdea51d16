"""Count passes at the till: sold, used as lines of a sale, given back with it, and refunds paid."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest
from django.db import connection

import approvals.services
import passes.selectors
import passes.services
import points.selectors
import wallet.selectors
from checkout import services
from checkout.models import Basket, Order, PassSale, Payment, PaymentAllocation, Payout, RechargeSale
from checkout.proofs import check_pass_lines, check_pass_sales
from checkout.selectors import shift_summary
from passes.models import Entry, Pass, Refund
from stores.services import change_setting
from tests.factories.members import create_member
from tests.factories.passes import create_plan, sell, use
from tests.factories.shop import product
from tiers.models import ProgressEntry


@pytest.fixture
def wash(shop):
    return product("WASH", "40.00", "6900000000017", name="洗车", kind="service")


@pytest.fixture
def plan(shop, wash):
    return create_plan(wash, name="洗车 3 次", at=shop.now)


@pytest.fixture
def held(shop, regular, plan):
    return sell(plan, regular, shop.store, at=shop.now)


def take(shop, basket, goods, held=None, at=None):
    """Let a pass pay a line and return the basket as it is then."""
    services.take_pass(basket_id=basket.pk, product_id=goods.pk, pass_id=held.pk if held else None, at=at or shop.now)
    return Basket.objects.get(pk=basket.pk)


def confirm(shop, basket, *tenders, agreed=True, key=None, at=None):
    return services.confirm_sale(
        key=key or uuid4(),
        basket_id=basket.pk,
        fingerprint=basket.fingerprint,
        tenders=[services.Tender(kind, D(received)) for kind, received in tenders],
        actor=shop.cashier,
        at=at or shop.now,
        pass_agreed=agreed,
    )


def buy(shop, member, plan, *, kind="cash", received=None, key=None, at=None):
    sale_id = services.sell_pass(
        key=key or uuid4(),
        till=shop.till,
        member_id=member.pk,
        plan_id=plan.pk,
        price=plan.price,
        kind=kind,
        received=D(received or plan.price),
        actor=shop.cashier,
        at=at or shop.now,
    )
    return PassSale.objects.get(pk=sale_id)


def state(held):
    held.refresh_from_db()
    return held.remaining, held.unused_value, held.status


def progress(metric):
    return sum(entry.amount for entry in ProgressEntry.objects.filter(metric=metric))


def test_a_use_is_a_priced_line_paid_by_the_pass_at_value_per_use(shop, regular, held, wash, ledgers_agree):
    basket = take(shop, shop.basket((wash, "1"), (shop.milk, "1"), member=regular), wash)

    order = Order.objects.get(pk=confirm(shop, basket, ("cash", "50.00")))

    assert (order.list_total, order.payable, order.points_earned) == (D("89.80"), D("83.14"), 49)
    line, milk = order.lines.order_by("position")
    assert (line.net, line.pass_id, line.price_source, line.points_earned) == (D("33.34"), held.pk, "pass", 0)
    assert (milk.net, milk.pass_id, milk.points_earned) == (D("49.80"), None, 49)
    assert list(order.adjustments.values_list("layer", "source", "amount")) == [(1, f"pass:{held.pk}", D("6.66"))]
    assert list(order.payments.order_by("position").values_list("kind", "amount", "change")) == [
        ("pass", D("33.34"), D("0.00")),
        ("cash", D("49.80"), D("0.20")),
    ]
    assert {(share.payment.kind, share.line_id): share.amount for share in PaymentAllocation.objects.all()} == {
        ("pass", line.pk): D("33.34"),
        ("cash", milk.pk): D("49.80"),
    }
    entry = Entry.objects.get(kind="use")
    assert (entry.uses, entry.value, entry.list_amount) == (-1, D("-33.34"), D("40.00"))
    assert (entry.source, entry.actor, entry.is_agreed) == (f"order:{order.pk}", shop.cashier, True)
    assert state(held) == (2, D("66.66"), "active")
    assert (progress("spend"), progress("orders")) == (D("49.80"), D("1"))
    receipt = order.receipt.data
    assert receipt["invoiceable"] == "49.80"
    assert receipt["member"]["passes"] == [{"name": "洗车 3 次", "used": 1, "left": 2, "last_day": None}]
    ledgers_agree()


def test_a_line_of_a_pass_takes_no_tier_coupon_points_or_rounding_share(shop, regular, held, wash, ledgers_agree):
    change_setting(
        code="checkout.rounding", value="down_to_one", effective_at=shop.now, actor=shop.cashier, at=shop.now
    )
    basket = take(shop, shop.basket((wash, "1"), (shop.rice, "2"), member=regular), wash)
    services.set_points(basket_id=basket.pk, points=500, at=shop.now)
    basket = Basket.objects.get(pk=basket.pk)
    due = D(basket.quote["figures"]["payable"]) - D("33.34")

    order = Order.objects.get(pk=confirm(shop, basket, ("cash", str(due))))

    by_pass = order.lines.get(pass_id=held.pk)
    assert by_pass.net == D("33.34")
    assert {a.adjustment.source for a in by_pass.allocations.all()} == {f"pass:{held.pk}"}
    sources = {one.source.partition(":")[0] for one in order.adjustments.all()}
    assert {"coupon", "points", "rounding", "pass"} <= sources
    # What the customer pays is round; the pass's odd fen are not touched.
    assert due == due.to_integral_value()
    ledgers_agree()


def test_a_sale_paid_by_the_pass_alone_needs_no_other_tender(shop, regular, held, wash, ledgers_agree):
    basket = take(shop, shop.basket((wash, "3"), member=regular), wash)

    order = Order.objects.get(pk=confirm(shop, basket))

    assert (order.payable, order.points_earned) == (D("100.00"), 0)
    assert Payment.objects.get().kind == "pass"
    assert state(held) == (0, D("0.00"), "used_up")
    assert (progress("spend"), progress("orders")) == (D("0.00"), D("1"))
    assert shift_summary(shop.shift)["expected_cash"] == D("200.00")
    ledgers_agree()


def test_more_than_the_pass_has_stays_an_ordinary_line(shop, regular, held, wash):
    basket = take(shop, shop.basket((wash, "5"), member=regular), wash)

    assert basket.lines == [[wash.pk, "3", held.pk], [wash.pk, "2"]]
    assert basket.quote["figures"]["payable"] == "180.00"
    with pytest.raises(services.InvalidLine):
        take(shop, basket, wash)
    with pytest.raises(services.InvalidLine):
        services.set_quantity(basket_id=basket.pk, product_id=wash.pk, pass_id=held.pk, quantity=D(4), at=shop.now)
    assert Basket.objects.get(pk=basket.pk).lines == [[wash.pk, "3", held.pk], [wash.pk, "2"]]


def test_the_pass_that_ends_first_pays_unless_the_cashier_chooses(shop, regular, held, plan, wash):
    ending = sell(create_plan(wash, valid_days=30, at=shop.now), regular, shop.store, at=shop.now)

    basket = take(shop, shop.basket((wash, "1"), member=regular), wash)
    assert basket.lines == [[wash.pk, "1", ending.pk]]
    services.leave_pass(basket_id=basket.pk, product_id=wash.pk, pass_id=ending.pk, at=shop.now)
    assert Basket.objects.get(pk=basket.pk).lines == [[wash.pk, "1"]]

    assert take(shop, basket, wash, held).lines == [[wash.pk, "1", held.pk]]


def test_without_the_members_word_nothing_is_sold(shop, regular, held, wash):
    basket = take(shop, shop.basket((wash, "1"), member=regular), wash)

    with pytest.raises(passes.services.NotAgreed):
        confirm(shop, basket, agreed=False)

    assert Order.objects.count() == 0
    assert state(held) == (3, D("100.00"), "active")


@pytest.mark.parametrize("tender", [("pass", "33.34"), ("pass", "40.00")])
def test_a_pass_is_never_typed_as_a_way_of_paying(shop, regular, held, wash, tender):
    basket = shop.basket((wash, "1"), member=regular)

    with pytest.raises(services.InvalidTender):
        confirm(shop, basket, tender)

    assert Order.objects.count() == 0


def test_a_walk_in_and_another_member_cannot_use_the_pass(shop, regular, held, wash, manager):
    basket = take(shop, shop.basket((wash, "1"), member=regular), wash)

    services.detach_member(basket_id=basket.pk, at=shop.now)

    assert Basket.objects.get(pk=basket.pk).lines == [[wash.pk, "1"]]
    with pytest.raises(services.InvalidLine):
        take(shop, basket, wash, held)


def test_goods_that_the_pass_does_not_cover_are_refused(shop, regular, held):
    basket = shop.basket((shop.rice, "1"), member=regular)

    with pytest.raises(services.InvalidLine):
        take(shop, basket, shop.rice, held)

    assert Basket.objects.get(pk=basket.pk).lines == [[shop.rice.pk, "1"]]


def test_a_pass_that_ended_between_quote_and_payment_is_shown_as_a_changed_price(shop, regular, wash):
    held = sell(create_plan(wash, valid_days=1, at=shop.now), regular, shop.store, at=shop.now)
    night = shop.now.replace(hour=15, minute=59, second=59)
    basket = take(shop, shop.basket((wash, "1"), member=regular), wash, at=night)

    with pytest.raises(services.QuoteChanged):
        confirm(shop, basket, at=night + timedelta(seconds=2))

    assert Order.objects.count() == 0
    assert state(held) == (3, D("100.00"), "active")
    basket, quote = services.refresh(basket_id=basket.pk, at=night + timedelta(seconds=2))
    assert basket.lines == [[wash.pk, "1"]]
    assert (quote.payable, quote.due) == (D("40.00"), D("40.00"))


def test_a_use_that_another_till_took_meanwhile_is_shown_as_a_changed_price(shop, regular, held, wash):
    basket = take(shop, shop.basket((wash, "3"), member=regular), wash)
    use(held, wash, "33.34", at=shop.now)

    with pytest.raises(services.QuoteChanged):
        confirm(shop, basket)

    assert Order.objects.count() == 0
    assert state(held) == (2, D("66.66"), "active")


def test_voiding_the_order_gives_the_use_back_also_after_the_pass_is_used_up(shop, regular, held, wash, ledgers_agree):
    first = confirm(shop, take(shop, shop.basket((wash, "1"), member=regular), wash))
    confirm(shop, take(shop, shop.basket((wash, "2"), member=regular), wash))
    assert state(held) == (0, D("0.00"), "used_up")

    services.void_order(key=uuid4(), order_id=first, till=shop.till, reason="undo", actor=shop.cashier, at=shop.now)

    assert state(held) == (1, D("33.34"), "active")
    assert progress("orders") == D("1")
    again = take(shop, shop.basket((wash, "1"), member=regular), wash)
    assert Order.objects.get(pk=confirm(shop, again)).payable == D("33.34")
    assert state(held) == (0, D("0.00"), "used_up")
    ledgers_agree()


def test_a_use_of_a_pass_counts_as_a_visit_but_earns_nothing(shop, regular, held, wash):
    before = points.selectors.get_balance(member_id=regular.pk, at=shop.now).balance

    order = Order.objects.get(pk=confirm(shop, take(shop, shop.basket((wash, "1"), member=regular), wash)))

    assert (order.member, order.points_earned) == (regular, 0)
    assert points.selectors.get_balance(member_id=regular.pk, at=shop.now).balance == before


def test_stored_value_beside_a_pass_is_counted_at_the_list_price_of_the_other_goods(shop, regular, held, wash):
    basket = take(shop, shop.basket((wash, "1"), (shop.milk, "1"), member=regular), wash)

    confirm(shop, basket, ("wallet", "49.80"))

    assert wallet.selectors.list_entries(member_id=regular.pk)[0].list_amount == D("49.80")


def test_a_pass_by_days_pays_the_days_since_the_last_use(shop, regular, wash, ledgers_agree):
    month = create_plan(wash, is_unlimited=True, valid_days=30, price=D("300.00"), at=shop.now)
    held = sell(month, regular, shop.store, at=shop.now)

    first = Order.objects.get(pk=confirm(shop, take(shop, shop.basket((wash, "1"), member=regular), wash)))
    again = Order.objects.get(pk=confirm(shop, take(shop, shop.basket((wash, "2"), member=regular), wash)))

    assert (first.payable, again.payable) == (D("10.00"), D("0.00"))
    assert Payment.objects.filter(order=again).count() == 0
    assert state(held) == (0, D("290.00"), "active")
    assert Entry.objects.filter(kind="use").count() == 2
    services.void_order(key=uuid4(), order_id=again.pk, till=shop.till, reason="x", actor=shop.cashier, at=shop.now)
    services.void_order(key=uuid4(), order_id=first.pk, till=shop.till, reason="x", actor=shop.cashier, at=shop.now)
    assert state(held) == (0, D("300.00"), "active")
    ledgers_agree()


def test_a_friend_uses_a_shared_pass_in_a_sale_of_their_own(shop, regular, wash, manager, ledgers_agree):
    friend = create_member(shop.store)
    held = sell(create_plan(wash, is_shareable=True, at=shop.now), regular, shop.store, at=shop.now)
    basket = shop.basket((wash, "1"), member=friend)
    with pytest.raises(services.InvalidLine):
        take(shop, basket, wash)
    passes.services.add_sharer(pass_id=held.pk, member_id=friend.pk, at=shop.now, actor=shop.cashier, store=shop.store)

    order = confirm(shop, take(shop, basket, wash))

    assert Entry.objects.get(kind="use").user == friend
    services.void_order(key=uuid4(), order_id=order, till=shop.till, reason="x", actor=shop.cashier, at=shop.now)
    assert state(held) == (3, D("100.00"), "active")
    ledgers_agree()


def test_selling_a_pass_takes_no_discount_earns_nothing_and_is_no_spend(shop, regular, plan, ledgers_agree):
    before = points.selectors.get_balance(member_id=regular.pk, at=shop.now).balance

    sale = buy(shop, regular, plan, received="150.00")

    held = Pass.objects.get()
    assert (sale.pass_id, sale.price, sale.receipt["change"]) == (held.pk, D("100.00"), "50.00")
    assert state(held) == (3, D("100.00"), "active")
    assert points.selectors.get_balance(member_id=regular.pk, at=shop.now).balance == before
    assert ProgressEntry.objects.count() == Order.objects.count() == 0
    summary = shift_summary(shop.shift)
    assert (summary["expected_cash"], summary["pass_total"], summary["sale_total"]) == (D("300.00"), D("100.00"), 0)
    assert passes.selectors.total_unused_value() == D("100.00")
    ledgers_agree()


def test_stored_value_can_buy_a_pass_and_gets_it_back_by_a_void(shop, regular, plan, ledgers_agree):
    before = wallet.selectors.get_balance(member_id=regular.pk, at=shop.now)
    sale = buy(shop, regular, plan, kind="wallet")
    paid = wallet.selectors.get_balance(member_id=regular.pk, at=shop.now)
    assert paid.total == before.total - D("100.00")
    assert sale.receipt["invoiceable"] == "0.00"

    services.void_pass_sale(
        key=uuid4(), sale_id=sale.pk, till=shop.till, reason="typed twice", actor=shop.cashier, at=shop.now
    )

    assert wallet.selectors.get_balance(member_id=regular.pk, at=shop.now) == before
    assert state(Pass.objects.get()) == (0, D("0.00"), "voided")
    assert shift_summary(shop.shift)["pass_total"] == D("0.00")
    ledgers_agree()


@pytest.mark.parametrize(
    ("kind", "received"),
    [("pass", "100.00"), ("gold", "100.00"), ("cash", "99.99"), ("wechat", "100.01"), ("cash", "NaN")],
)
def test_impossible_payments_of_a_pass_are_refused_and_nothing_moves(shop, regular, plan, kind, received):
    with pytest.raises(services.InvalidTender):
        buy(shop, regular, plan, kind=kind, received=received)

    assert (Pass.objects.count(), PassSale.objects.count()) == (0, 0)


def test_a_recharge_cannot_be_paid_by_a_pass(shop, regular):
    with pytest.raises(services.InvalidTender):
        services.recharge_at_till(
            key=uuid4(),
            till=shop.till,
            member_id=regular.pk,
            amount=D("100.00"),
            plan_id=None,
            kind="pass",
            received=D("100.00"),
            actor=shop.cashier,
            at=shop.now,
        )

    assert RechargeSale.objects.count() == 0


def test_a_plan_whose_price_changed_is_refused(shop, regular, plan):
    with pytest.raises(passes.services.PlanChanged):
        services.sell_pass(
            key=uuid4(),
            till=shop.till,
            member_id=regular.pk,
            plan_id=plan.pk,
            price=D("90.00"),
            kind="cash",
            received=D("90.00"),
            actor=shop.cashier,
            at=shop.now,
        )

    assert Pass.objects.count() == 0


def test_the_same_key_sells_one_pass(shop, regular, plan, ledgers_agree):
    key = uuid4()

    assert buy(shop, regular, plan, key=key) == buy(shop, regular, plan, key=key)
    assert (Pass.objects.count(), shift_summary(shop.shift)["expected_cash"]) == (1, D("300.00"))
    ledgers_agree()


def test_a_used_pass_and_one_of_yesterday_cannot_be_voided(shop, regular, plan, wash):
    def void(at):
        services.void_pass_sale(key=uuid4(), sale_id=sale.pk, till=shop.till, reason="x", actor=shop.cashier, at=at)

    sale = buy(shop, regular, plan)
    with pytest.raises(passes.services.NotVoidable):
        void(shop.now + timedelta(days=1))
    confirm(shop, take(shop, shop.basket((wash, "1"), member=regular), wash))
    with pytest.raises(passes.services.NotVoidable):
        void(shop.now)

    assert state(Pass.objects.get()) == (2, D("66.66"), "active")
    assert shift_summary(shop.shift)["expected_cash"] == D("300.00")


def refund(shop, held, owner, ground="merchant"):
    outcome = approvals.services.submit(
        kind=passes.services.KIND,
        payload=passes.services.payload_of(held.pk, ground),
        subject=f"pass:{held.pk}",
        reason="moves away",
        actor=owner,
        store=shop.store,
        at=shop.now,
    )
    assert outcome.is_done
    return Refund.objects.get()


def pay(shop, refund, method, till=None, key=None):
    services.pay_pass_refund(
        key=key or uuid4(), refund_id=refund.pk, method=method, till=till, actor=shop.cashier, at=shop.now
    )


def test_a_refund_is_paid_in_cash_from_an_open_drawer_once(shop, regular, plan, owner, ledgers_agree):
    buy(shop, regular, plan)
    made = refund(shop, Pass.objects.get(), owner)
    with pytest.raises(services.InvalidTender):
        pay(shop, made, "cash")
    with pytest.raises(passes.services.NotRefundable):
        pay(shop, made, "wallet")

    pay(shop, made, "cash", till=shop.till)

    with pytest.raises(passes.services.RefundPaid):
        pay(shop, made, "cash", till=shop.till)
    assert Payout.objects.get().amount == D("100.00")
    assert shift_summary(shop.shift)["expected_cash"] == D("200.00")
    ledgers_agree()


def test_what_stored_value_paid_goes_back_there_and_never_leaves_as_cash(
    shop, regular, plan, owner, wash, ledgers_agree
):
    before = wallet.selectors.get_balance(member_id=regular.pk, at=shop.now).total
    buy(shop, regular, plan, kind="wallet")
    confirm(shop, take(shop, shop.basket((wash, "1"), member=regular), wash))
    made = refund(shop, Pass.objects.get(), owner)
    with pytest.raises(passes.services.NotRefundable):
        pay(shop, made, "cash", till=shop.till)

    pay(shop, made, "wallet")

    assert made.amount == D("66.67")
    assert wallet.selectors.get_balance(member_id=regular.pk, at=shop.now).total == before - D("33.33")
    assert Payout.objects.count() == 0
    ledgers_agree()


def test_voiding_an_order_after_the_refund_gives_the_member_that_use(shop, regular, plan, owner, wash, ledgers_agree):
    buy(shop, regular, plan)
    order = confirm(shop, take(shop, shop.basket((wash, "1"), member=regular), wash))
    refund(shop, Pass.objects.get(), owner)
    assert state(Pass.objects.get()) == (0, D("0.00"), "refunded")

    services.void_order(key=uuid4(), order_id=order, till=shop.till, reason="x", actor=shop.cashier, at=shop.now)

    assert state(Pass.objects.get()) == (1, D("33.34"), "active")
    ledgers_agree()


def test_the_proofs_of_passes_at_the_till_find_what_was_changed_behind_their_back(shop, regular, plan, wash):
    buy(shop, regular, plan)
    order = confirm(shop, take(shop, shop.basket((wash, "1"), member=regular), wash))
    assert (check_pass_lines(), check_pass_sales()) == ((1, []), (1, []))

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE passes_entry SET source = 'order:0' WHERE kind = 'use'")
        cursor.execute("UPDATE passes_pass SET price = 99")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")

    assert [(one.subject, one.expected, one.found) for one in check_pass_lines()[1]] == [
        (f"order:{order}", "33.34 / 1", "33.34 / 0")
    ]
    assert [(one.expected, one.found) for one in check_pass_sales()[1]] == [("100.00 cash false", "99.00 cash false")]
