"""A member's stored value through the front door, for tests of wallet and of its races."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import core.settings
import members.services
import stores.services
from members.models import Member
from stores.models import Staff, Store
from tests.factories.ledgers import make_member
from wallet import services
from wallet.models import Account, Entry, Lot, Recharge
from wallet.selectors import get_balance

TABLES = ("wallet_account", "wallet_recharge", "wallet_entry", "wallet_lot", "wallet_lotuse", "wallet_transfer")
PIN = "258046"
_keys = count(1)


def set_value(code: str, value: Any, at: datetime) -> None:
    """A setting's value from ``at`` on; amounts as text."""
    value = Decimal(value) if isinstance(core.settings.definitions()[code].default, Decimal) else value
    stores.services.change_setting(code=code, value=value, effective_at=at, actor=None, at=at)


@dataclass
class Purse:
    """One member, one store, one moment; every method may be given another ``at``, ``store`` or key."""

    member: Member
    store: Store
    now: datetime
    actor: Staff | None = None

    @property
    def pk(self) -> int:
        return self.member.pk

    def where(self, options: dict[str, Any]) -> dict[str, Any]:
        key = f"purse:{self.pk}:{next(_keys)}"
        return {"at": self.now, "store": self.store, "actor": self.actor, "idempotency_key": key, **options}

    def recharge(self, principal: str, bonus: str = "0.00", **options: Any) -> Recharge:
        options = {"source": "recharge:1", **self.where(options)}
        return services.recharge(member_id=self.pk, principal=Decimal(principal), bonus=Decimal(bonus), **options)

    def debit(self, amount: str, **options: Any) -> Entry:
        options = {"source": "order:1", "list_amount": Decimal(amount), **self.where(options)}
        return services.debit(member_id=self.pk, amount=Decimal(amount), **options)

    def refund(self, original: Entry, amount: str | None = None, **options: Any) -> Entry:
        return services.refund(
            idempotency_key_of_original=original.idempotency_key,
            amount=None if amount is None else Decimal(amount),
            **self.where(options),
        )

    def give(self, taker: "Purse", amount: str | None, **options: Any) -> Any:
        options = {"reason": "moves abroad", **self.where(options)}
        return services.transfer(
            giver_id=self.pk, taker_id=taker.pk, amount=None if amount is None else Decimal(amount), **options
        )

    def balance(self, at: datetime | None = None) -> tuple[Decimal, Decimal]:
        found = get_balance(member_id=self.pk, at=at or self.now)
        return found.principal, found.bonus

    def lots(self) -> list[tuple[int, str, Decimal]]:
        rows = Lot.objects.filter(account_id=self.pk, remaining__gt=0).order_by("recharge_id", "id")
        return [(lot.recharge_id, lot.bucket, lot.remaining) for lot in rows]

    def account(self) -> Account:
        return Account.objects.get(pk=self.pk)

    def set_pin(self) -> None:
        members.services.set_pin(member_id=self.pk, pin=PIN, actor=None, at=self.now, store=self.store)

    def proof(self, at: datetime | None = None) -> UUID:
        return members.services.verify_pin(member_id=self.pk, pin=PIN, at=at or self.now)


def make_purse(store: Store, now: datetime, principal: str = "", bonus: str = "0.00", **fields: Any) -> Purse:
    """A member, with a recharge where ``principal`` says so."""
    purse = Purse(make_member(store, **fields), store, now)
    if principal:
        purse.recharge(principal, bonus)
    return purse
