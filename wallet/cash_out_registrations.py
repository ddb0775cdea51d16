"""What refunds of stored value in money tell the doors of core and the registry of approvals at start."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from approvals.registry import MONEY, Kind, register_kind
from core import audit, dashboard, settings
from core.links import Link, register_navigation
from core.links import register as register_link
from core.settings import Setting
from wallet import services
from wallet.rules import legal
from wallet.services.cashing_out import KIND


def _days(value: Any) -> Any:
    return None if 0 <= value <= 3650 else _("Choose a number of days from 0 to 3650.")


def _amount(value: Any) -> Any:
    return None if Decimal(0) <= value <= Decimal(1_000_000) else _("Choose an amount from 0 to 1,000,000.")


def register() -> None:
    """Settings, audit actions, the kind of approval, links and the block of the home page."""
    _settings()
    for action, label in (
        ("cash_out.posted", _("Refund of stored value posted")),
        ("cash_out.refused", _("Refund of stored value refused")),
        ("cash_out.paid", _("Refund of stored value paid")),
        ("cash_out.revealed", _("Payee of a refund seen in full")),
        ("cash_out.exported", _("Evidence of a refund downloaded")),
        ("cash_out.listed", _("Refunds of stored value downloaded")),
    ):
        audit.register_action(action, label)
    register_kind(
        Kind(
            name=KIND,
            label=_("Refund of stored value"),
            unit=MONEY,
            approve_right="wallet.approve_cashout",
            preview=services.preview_cash_out,
            execute=services.execute_cash_out,
            labels={
                "member": _("Member"),
                "articles": _("Articles of law"),
                "principal": _("Principal closed"),
                "bonus": _("Bonus closed"),
                "legal": _("By law"),
                "promised": _("By the shop's promise"),
                "paid": _("To pay, without interest"),
            },
            limits={"manager": Decimal("500.00"), "owner": Decimal("5000.00")},
            lock=services.lock_cash_out,
            refused=services.refuse_cash_out,
        )
    )
    register_link(Link("cash_out", "wallet:cash-out-detail", _("Refund"), "wallet.view_cashout", kwargs=("pk",)))
    register_link(
        Link(
            "cash-out-create",
            "wallet:cash-out-create",
            _("Refund in money"),
            "wallet.make_cashout",
            kwargs=("member_id",),
        )
    )
    register_navigation(
        Link(
            "cash-outs",
            "wallet:cash-out-list",
            _("Refunds in money"),
            "wallet.view_cashout",
            icon="receipt-refund",
            group="value",
            order=130,
        )
    )
    dashboard.register(
        dashboard.Tile(
            "cash-outs", "wallet:cash-out-state", _("Refunds in money"), "wallet.pay_cashout", order=150, width=1
        )
    )


def _settings() -> None:
    group = _("Stored value")
    settings.define(
        Setting(
            "wallet.promise",
            str,
            legal.PROMISE_LEGAL,
            _("What the shop promises when a customer wants the stored value back"),
            _("The better of this and the sum by law is paid; it can never be less than the law says."),
            group,
            choices=(
                (legal.PROMISE_LEGAL, _("what the law says")),
                (legal.PROMISE_PRINCIPAL, _("the remaining principal in full")),
                (legal.PROMISE_FIRST_DAYS, _("the remaining principal in full, in the first days")),
            ),
        ),
        Setting(
            "wallet.promise_days",
            int,
            30,
            _("Days after a recharge in which the remaining principal is promised in full"),
            _("Only where the promise is for the first days."),
            group,
            check=_days,
        ),
        Setting(
            "wallet.cash_out_cash_limit",
            Decimal,
            Decimal("100.00"),
            _("Highest balance that may be refunded in cash"),
            _("Larger refunds go to a bank account of the payee."),
            group,
            check=_amount,
            warn=lambda value: _("Above ¥100 a refund has to go to a bank account.") if value > 100 else None,
            law=_("Administrative Measures on Single-purpose Commercial Prepaid Cards (MOFCOM 2012 No. 9)"),
        ),
        Setting(
            "wallet.cash_out_days",
            int,
            15,
            _("Days in which a refund has to be paid"),
            _("Refunds past that day are listed as overdue."),
            group,
            check=_days,
            warn=lambda value: _("Beijing allows at most 15 days.") if value > 15 else None,
            law=_("Beijing: rules on single-purpose prepaid cards"),
        ),
        Setting(
            "wallet.cash_out_days_unused",
            int,
            5,
            _("Days in which an unused recharge of the last 7 days has to be paid back"),
            _("Refunds past that day are listed as overdue."),
            group,
            check=_days,
            warn=lambda value: _("Beijing allows at most 5 days.") if value > 5 else None,
            law=_("Beijing: rules on single-purpose prepaid cards"),
        ),
    )
