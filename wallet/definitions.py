"""The owner's rules of stored value as settings (``selectors.get_rules`` reads them), and what the law says to them."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from core import settings
from core.settings import Setting
from wallet import rules, selectors

_ = gettext_lazy

PREPAID_CARDS = _("Administrative Measures on Single-purpose Commercial Prepaid Cards (MOFCOM 2012 No. 9)")
PREPAID_CONTRACTS = _("Supreme People's Court, interpretation on prepaid consumption (法释〔2025〕4号)")

#: Clauses that courts hold void, in the words in which shops write them (Arts. 9, 14, 24).
VOID_CLAUSES = (
    "概不退",
    "不予退",
    "恕不退",
    "不退款",
    "不退卡",
    "不可退",
    "不挂失",
    "不补办",
    "不补卡",
    "逾期作废",
    "过期作废",
    "最终解释权",
    "no refund",
    "not refundable",
    "non-refundable",
    "not replaced",
    "final interpretation",
)


def _amount(value: Any) -> Any:
    return None if Decimal(0) <= value <= Decimal(1_000_000) else _("Choose an amount from 0 to 1,000,000.")


def _days(value: Any) -> Any:
    return None if 0 <= value <= 3650 else _("Choose a number of days from 0 to 3650.")


def _rate(value: Any) -> Any:
    return None if Decimal(0) <= value <= Decimal(50) else _("Choose a rate from 0 to 50 percent.")


def _version(value: Any) -> Any:
    return None if 0 < len(value.strip()) <= 20 else _("Choose a short name of up to 20 characters.")


def _above(limit: str, text: Any) -> Any:
    return lambda value: text if value > Decimal(limit) else None


def _off_or_above(limit: str, text: Any) -> Any:
    return lambda value: text if not value or value > Decimal(limit) else None


def _stages(value: Any) -> Any:
    return None if selectors.read_stages(value) is not None else _("Write days such as 30, 7, 1; empty for none.")


def find_void_clauses(terms: str) -> list[str]:
    """The beginnings of clauses in a contract's terms that courts hold void."""
    text = str(terms).casefold()
    return [clause for clause in VOID_CLAUSES if clause in text]


def _clauses(value: Any) -> Any:
    found = find_void_clauses(value)
    if not found:
        return None
    return gettext("These clauses are void: %(clauses)s") % {"clauses": ", ".join(found)}


def define() -> None:
    """Make the settings known."""
    group = _("Stored value")
    settings.define(*_spending(group), *_limits(group), *_recharges(group), *_contract(group))


def _spending(group: Any) -> tuple[Setting, ...]:
    return (
        Setting(
            "wallet.spending_order",
            str,
            rules.PROPORTIONAL,
            _("How a payment uses principal and bonus"),
            _("In proportion is the fairest where a customer asks for money back."),
            group,
            choices=(
                (rules.PROPORTIONAL, _("in proportion, recharge by recharge")),
                (rules.BONUS_FIRST, _("bonus first, then principal")),
                (rules.PRINCIPAL_FIRST, _("principal first, then bonus")),
            ),
        ),
        Setting(
            "wallet.no_pin_limit",
            Decimal,
            Decimal("200.00"),
            _("Spending a day without the member's PIN"),
            _("Above it the till asks for the PIN. 0: every payment needs it."),
            group,
            check=_amount,
        ),
        Setting(
            "wallet.grace_days",
            int,
            30,
            _("Days for which refunded bonus that has expired meanwhile can be used again"),
            _("0: it stays expired."),
            group,
            check=_days,
            warn=lambda value: (
                None if value else _("Whoever returns goods loses the bonus that paid for them; expect disputes.")
            ),
            law=PREPAID_CONTRACTS,
        ),
        Setting(
            "wallet.bonus_reminder_days",
            str,
            "30, 7, 1",
            _("Remind of bonus that ends so many days ahead"),
            _("Staff of the store where the member registered see the reminder; empty for none."),
            group,
            check=_stages,
        ),
        Setting(
            "wallet.transfer_day_limit",
            Decimal,
            Decimal("5000.00"),
            _("Most that a member can give to others in a day"),
            _("0: no limit."),
            group,
            check=_amount,
        ),
    )


def _limits(group: Any) -> tuple[Setting, ...]:
    warning = _(
        "The rules on single-purpose prepaid cards allow at most ¥5,000 on a named and ¥1,000 on an unnamed card."
    )
    return (
        Setting(
            "wallet.limit_named",
            Decimal,
            Decimal("5000.00"),
            _("Highest balance of a named member"),
            "",
            group,
            check=_amount,
            warning=warning,
            warn=_above("5000", _("More than the ¥5,000 that a named card may hold.")),
            law=PREPAID_CARDS,
        ),
        Setting(
            "wallet.limit_unnamed",
            Decimal,
            Decimal("1000.00"),
            _("Highest balance of an unnamed card"),
            "",
            group,
            check=_amount,
            warning=warning,
            warn=_above("1000", _("More than the ¥1,000 that an unnamed card may hold.")),
            law=PREPAID_CARDS,
        ),
        Setting(
            "wallet.limit_counts_bonus",
            bool,
            True,
            _("Bonus counts towards the highest balance"),
            "",
            group,
            warning=_("Ask your counsel before switching this off."),
            warn=lambda value: None if value else _("Balances with their bonus can pass what a card may hold."),
            law=PREPAID_CARDS,
        ),
    )


def _recharges(group: Any) -> tuple[Setting, ...]:
    no_limit = _("0: no limit.")
    return (
        Setting(
            "wallet.recharges_paused",
            bool,
            False,
            _("No recharges for the present"),
            _("The till refuses every recharge until this is switched off; balances pay as before."),
            group,
        ),
        Setting(
            "wallet.recharge_limit",
            Decimal,
            Decimal("5000.00"),
            _("Largest single recharge"),
            no_limit,
            group,
            check=_amount,
        ),
        Setting(
            "wallet.recharge_day_limit",
            Decimal,
            Decimal("0.00"),
            _("Most that a member can recharge in a day"),
            no_limit,
            group,
            check=_amount,
        ),
        Setting(
            "wallet.recharge_month_limit",
            Decimal,
            Decimal("0.00"),
            _("Most that a member can recharge in a month"),
            no_limit,
            group,
            check=_amount,
        ),
        Setting(
            "wallet.id_from",
            Decimal,
            Decimal("10000.00"),
            _("Ask for the payer's document from this sum a day on"),
            _("0: never."),
            group,
            check=_amount,
            warn=_off_or_above("10000", _("The buyer's document must be noted from ¥10,000 on.")),
            law=PREPAID_CARDS,
        ),
        Setting(
            "wallet.cash_limit",
            Decimal,
            Decimal("50000.00"),
            _("No cash from one person from this sum a day on"),
            no_limit,
            group,
            check=_amount,
            warn=_off_or_above("50000", _("A person has to pay by bank transfer from ¥50,000 on.")),
            law=PREPAID_CARDS,
        ),
        Setting(
            "wallet.cash_limit_company",
            Decimal,
            Decimal("5000.00"),
            _("No cash from a company from this sum a day on"),
            no_limit,
            group,
            check=_amount,
            warn=_off_or_above("5000", _("A company has to pay by bank transfer from ¥5,000 on.")),
            law=PREPAID_CARDS,
        ),
    )


def _contract(group: Any) -> tuple[Setting, ...]:
    kept = _("Kept with every recharge, for the interest of a refund by law.")
    return (
        Setting(
            "wallet.lpr_1y",
            Decimal,
            Decimal("3.00"),
            _("One-year loan prime rate, percent"),
            kept,
            group,
            check=_rate,
        ),
        Setting(
            "wallet.deposit_rate_1y",
            Decimal,
            Decimal("1.50"),
            _("One-year deposit benchmark rate, percent"),
            kept,
            group,
            check=_rate,
        ),
        Setting(
            "wallet.contract_version",
            str,
            "1",
            _("Version of the contract that customers get"),
            _("Kept with every recharge."),
            group,
            check=_version,
        ),
        Setting(
            "wallet.contract_terms",
            str,
            _(
                "Principal never expires. Bonus can be used until the day named on the receipt. You may ask for your "
                "money back; the sum is worked out as the law says. A lost card is replaced."
            ),
            _("Terms of stored value"),
            _("Printed on the statement that a customer can ask for."),
            group,
            warn=_clauses,
            law=PREPAID_CONTRACTS,
        ),
    )
