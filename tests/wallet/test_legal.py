"""The legal calculator against the worked numbers of R-W6, and its properties."""

from datetime import date
from decimal import Decimal as D  # noqa: N817

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import from_cents
from wallet.rules import legal
from wallet.rules.legal import ARTICLE_10, ARTICLE_14, ARTICLE_18, ARTICLE_19, Holding
from wallet.rules.papers import is_account_number, is_document_number, is_resident_id, plain_number

ARTICLES = (ARTICLE_10, ARTICLE_14, ARTICLE_18, ARTICLE_19)


def holding(principal: str, bonus: str, consumed: str, listed: str | None = None) -> Holding:
    return Holding(D(principal), D(bonus), D(consumed), D(listed or consumed))


@pytest.mark.parametrize(
    ("held", "article", "amount", "formula"),
    [
        (
            holding("3000.00", "1000.00", "3594.00"),
            ARTICLE_18,
            "304.50",
            "3000.00 − 3594.00 × 3000.00 ÷ (3000.00 + 1000.00) = 304.50",
        ),
        (holding("3000.00", "1000.00", "3594.00"), ARTICLE_19, "0.00", "3000.00 − 3594.00 = -594.00 → 0.00"),
        (
            holding("500.00", "100.00", "120.00"),
            ARTICLE_18,
            "400.00",
            "500.00 − 120.00 × 500.00 ÷ (500.00 + 100.00) = 400.00",
        ),
        (holding("500.00", "100.00", "120.00"), ARTICLE_19, "380.00", "500.00 − 120.00 = 380.00"),
        (holding("500.00", "100.00", "120.00", "150.00"), ARTICLE_19, "350.00", "500.00 − 150.00 = 350.00"),
        (holding("500.00", "100.00", "120.00", "150.00"), ARTICLE_14, "380.00", "500.00 − 120.00 = 380.00"),
        (holding("500.00", "100.00", "0.00"), ARTICLE_14, "500.00", "500.00 − 0.00 = 500.00"),
        (
            holding("500.00", "100.00", "120.00", "150.00"),
            ARTICLE_10,
            "400.00",
            "500.00 − 120.00 × 500.00 ÷ (500.00 + 100.00) = 400.00",
        ),
        (
            holding("500.00", "50.00", "0.01"),
            ARTICLE_18,
            "500.00",
            "500.00 − 0.01 × 500.00 ÷ (500.00 + 50.00) = 499.9909 → 500.00",
        ),
        (holding("0.00", "0.00", "0.00"), ARTICLE_18, "0.00", "0.00 − 0.00 × 0.00 ÷ (0.00 + 0.00) = 0.00"),
    ],
)
def test_the_worked_numbers_of_the_law(held: Holding, article: str, amount: str, formula: str) -> None:
    by_law = legal.sum_by_law(held, article)

    assert (by_law.article, by_law.amount, by_law.formula) == (article, D(amount), formula)


cents = st.integers(0, 2_000_000)


@given(cents, cents, cents, cents, cents, st.sampled_from(ARTICLES))
def test_the_sum_is_never_negative_never_above_what_was_paid_and_falls_with_consumption(
    paid: int, bonus: int, consumed: int, more: int, extra: int, article: str
) -> None:
    def at(used: int) -> D:
        held = Holding(from_cents(paid), from_cents(bonus), from_cents(used), from_cents(used + extra))
        return legal.sum_by_law(held, article).amount

    assert 0 <= at(consumed + more) <= at(consumed) <= from_cents(paid)


@given(cents, cents)
def test_without_consumption_the_law_gives_back_everything_that_was_paid(paid: int, bonus: int) -> None:
    held = Holding(from_cents(paid), from_cents(bonus), D("0.00"), D("0.00"))

    assert {legal.sum_by_law(held, article).amount for article in ARTICLES} == {from_cents(paid)}


@given(cents, cents, cents, cents)
def test_the_shops_fault_never_pays_less_than_the_first_days_and_these_never_less_than_the_customers_reason(
    paid: int, bonus: int, consumed: int, extra: int
) -> None:
    held = Holding(from_cents(paid), from_cents(bonus), from_cents(consumed), from_cents(consumed + extra))
    sums = [legal.sum_by_law(held, article).amount for article in (ARTICLE_19, ARTICLE_14, ARTICLE_18)]

    assert sums == sorted(sums)


@pytest.mark.parametrize(
    ("ground", "paid_on", "had_before", "article"),
    [
        ("cooling_off", date(2026, 3, 11), False, ARTICLE_14),
        ("cooling_off", date(2026, 3, 10), False, ARTICLE_19),
        ("cooling_off", date(2026, 3, 18), True, ARTICLE_19),
        ("customer", date(2026, 3, 11), False, ARTICLE_14),
        ("customer", date(2026, 3, 11), True, ARTICLE_19),
        ("customer", date(2025, 3, 18), False, ARTICLE_19),
        ("merchant", date(2026, 3, 18), False, ARTICLE_18),
        ("void_contract", date(2026, 3, 18), True, ARTICLE_10),
    ],
)
def test_seven_days_from_payment_are_article_14_unless_the_goods_were_known(
    ground: str, paid_on: date, had_before: bool, article: str
) -> None:
    found = legal.article_for(ground, paid_on=paid_on, terminated_on=date(2026, 3, 18), had_before=had_before)

    assert found == article


def test_what_does_not_exist_is_an_error() -> None:
    day = date(2026, 3, 18)
    with pytest.raises(LookupError):
        legal.article_for("mood", paid_on=day, terminated_on=day, had_before=False)
    with pytest.raises(LookupError):
        legal.sum_by_law(holding("1.00", "0.00", "0.00"), "99")
    with pytest.raises(LookupError):
        legal.sum_by_promise("all", legal=D(1), left=D(1), paid_on=day, terminated_on=day, first_days=1)


def test_interest_runs_from_the_day_of_termination_to_the_day_of_payment() -> None:
    day = date(2026, 3, 1)

    assert legal.interest(D("10000.00"), D("3.10"), since=day, until=date(2027, 3, 1)) == D("310.00")
    assert legal.interest(D("304.50"), D("3.0000"), since=day, until=date(2026, 3, 16)) == D("0.38")
    assert legal.interest(D("304.50"), D("3.0000"), since=day, until=day) == D("0.00")
    assert legal.interest(D("304.50"), D("3.0000"), since=day, until=date(2026, 2, 1)) == D("0.00")


def test_the_customers_notice_bears_the_deposit_rate_and_everything_else_the_loan_rate() -> None:
    rates = {ground: legal.rate_for(ground, lpr=D("3.1"), deposit=D("1.5")) for ground in legal.GROUNDS}

    assert rates == {"cooling_off": D("1.5"), "customer": D("1.5"), "merchant": D("3.1"), "void_contract": D("3.1")}


@pytest.mark.parametrize(
    ("promise", "left", "paid_on", "promised"),
    [
        ("legal", "400.00", date(2026, 3, 18), "0.00"),
        ("principal", "400.00", date(2020, 3, 18), "400.00"),
        ("principal", "300.00", date(2020, 3, 18), "380.00"),
        ("principal_first_days", "400.00", date(2026, 2, 16), "400.00"),
        ("principal_first_days", "400.00", date(2026, 2, 15), "380.00"),
    ],
)
def test_the_shops_promise_is_its_own_and_never_below_the_law(
    promise: str, left: str, paid_on: date, promised: str
) -> None:
    found = legal.sum_by_promise(
        promise, legal=D("380.00"), left=D(left), paid_on=paid_on, terminated_on=date(2026, 3, 18), first_days=30
    )

    assert found == D(promised)


def test_numbers_of_documents_and_accounts() -> None:
    assert is_resident_id("11010519491231002X")
    assert not is_resident_id("110105194912310021")
    assert plain_number(" １１０１０５ 1949-1231 002x ") == "11010519491231002X"
    assert is_document_number("passport", "E12345678")
    assert not is_document_number("passport", "E1")
    assert not is_document_number("resident_id", "E12345678")
    assert is_account_number("6222021234567890123")
    assert not is_account_number("6222-021")
