"""Lines that a count pass pays, in fixed figures, without a database."""

from dataclasses import replace
from decimal import Decimal as D  # noqa: N817

from checkout.pricing.engine import earned_points, fingerprint, price, tender_shares
from checkout.pricing.model import PriceSource, Rounding, Rules, Wishes
from passes.rules import Use
from tests.pricing.test_worked_examples import AT, COUPON, SILVER, line

WASH = Use(pass_id=9, name="洗车 3 次", uses=1, value=D("33.34"), pays=D("33.34"))


def quote_of(*lines, **options):
    values = {"member": SILVER, "coupons": [COUPON], "rules": Rules(), "wishes": Wishes(points=500), **options}
    return price(lines, at=AT, **values)


def test_the_pass_pays_its_line_and_nothing_else_touches_it():
    rules = Rules(rounding=Rounding.DOWN_TO_ONE)

    quote = quote_of(line(1, "40.00", by_pass=WASH, member_price=D("1.00")), line(2, "120.50"), rules=rules)

    assert [(int(a.layer), a.source, a.label, a.parts) for a in quote.adjustments] == [
        (1, "pass:9", "洗车 3 次", (D("6.66"), D("0.00"))),
        (1, "tier:silver:2", "银卡", (D("0.00"), D("6.02"))),
        (5, "coupon:7", "100-10", (D("0.00"), D("10.00"))),
        (7, "points", "500", (D("0.00"), D("5.00"))),
        (8, "rounding", "", (D("0.00"), D("0.48"))),
    ]
    assert [one.net for one in quote.lines] == [D("33.34"), D("99.00")]
    assert quote.lines[0].price_source is PriceSource.PASS
    assert (quote.payable, quote.pass_paid, quote.due) == (D("132.34"), D("33.34"), D("99.00"))
    assert quote.earns == 99


def test_the_threshold_of_a_coupon_does_not_count_what_a_pass_pays():
    quote = quote_of(line(1, "90.00", by_pass=replace(WASH, pays=D("80.00"))), line(2, "60.00"))

    assert quote.coupons == ()
    assert [(one.refusal.reason, one.refusal.missing) for one in quote.refused_coupons] == [("threshold", D("43.00"))]


def test_a_pass_pays_exactly_its_lines_and_the_other_tenders_exactly_the_rest():
    quote = quote_of(
        line(1, "40.00", by_pass=WASH), line(2, "10.00"), line(3, "20.00"), coupons=[], wishes=Wishes(), member=None
    )

    shares = tender_shares(quote, [("pass", D("33.34")), ("cash", D("10.00")), ("card", D("20.00"))])

    assert shares == [
        [D("33.34"), D("0.00"), D("0.00")],
        [D("0.00"), D("3.33"), D("6.67")],
        [D("0.00"), D("6.67"), D("13.33")],
    ]


def test_a_use_worth_nothing_leaves_a_line_of_nothing():
    quote = quote_of(line(1, "40.00", by_pass=replace(WASH, pays=D("0.00"))), coupons=[], wishes=Wishes())

    assert (quote.payable, quote.due, quote.earns) == (D("0.00"), D("0.00"), 0)
    assert [position for position, _line in quote.pass_paid_lines] == [0]
    assert earned_points([one.line for one in quote.lines], quote.earning_nets, SILVER, Rules(), quote.multiple) == [0]


def test_the_fingerprint_tells_which_pass_pays():
    first = quote_of(line(1, "40.00", by_pass=WASH))
    other = quote_of(line(1, "40.00", by_pass=replace(WASH, pass_id=10)))

    assert fingerprint(first) != fingerprint(other)
