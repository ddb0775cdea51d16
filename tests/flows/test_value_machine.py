"""Two members, hundreds of random movements of points and stored value, and a plain reference beside them (R11).

After every step the database and the reference agree on each balance and each lot; what the reference refuses the
services refuse and leave no trace, a repeated key changes nothing, and every proof holds at the end. What was stored at
some instant on the way is what the as-of reading of that instant says afterwards.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import points.selectors
import points.services
import wallet.selectors
import wallet.services
from core import days
from core.errors import DomainError
from core.money import from_cents, to_cents
from members.models import Member
from points.models import Lot as PointsLot
from stores.models import SettingValue, Staff, Store
from tests.factories.ledgers import assert_ledgers_agree, make_member
from tests.flows.reference import Lot, Points, Refused, Wallet
from wallet.models import Lot as WalletLot
from wallet.services import Payer

START = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
STEPS = 400
CAP = GIVEN_A_DAY = 500_000
GRACE = 30
# Named with a document, so that no sum of a day asks for one (R-W4).
PAYER = Payer(name="王小明", id_kind="id_card", id_number="110105199003070010")

SEEDS = st.integers(0, 2**31)
_runs = count(1)


class Machine(RuleBasedStateMachine):
    """Each rule draws one number; everything else follows from it."""

    store: Store
    actor: Staff
    lengths: list[int]
    movements: int

    def __init__(self) -> None:
        super().__init__()
        self.run = next(_runs)
        self.at = START
        self.steps = self.rules = 0
        self.members = [make_member(self.store) for _one in range(2)]
        self.points = [Points(), Points()]
        self.wallets = [Wallet(), Wallet()]
        self.recharges: list[tuple[int, int, str]] = []
        self.given: Counter[tuple[int, date]] = Counter()
        self.lot_numbers = 0
        self.snapshots: list[tuple[datetime, list[Any]]] = []
        self.last: Callable[[], Any] | None = None

    # What a step is made of

    def where(self, key: str) -> dict[str, Any]:
        return {"idempotency_key": key, "at": self.at, "store": self.store, "actor": self.actor}

    def key(self) -> str:
        return f"machine:{self.run}:{self.steps}"

    def step(self, expected: Callable[[], Any], command: Callable[[], Any], *, repeats: bool = True) -> Any:
        """Ask both; they agree on yes or no, and a no leaves no trace."""
        self.steps += 1
        try:
            expected()
        except Refused:
            before = self.stored()
            with pytest.raises(DomainError):
                command()
            assert self.stored() == before
            return None
        result = command()
        if repeats and self.steps % 3 == 0:
            command()
        self.check()
        return result

    def stored(self) -> list[Any]:
        """Both members' balances and lots as the database has them."""
        found: list[Any] = []
        for member in self.members:
            balance = points.selectors.get_balance(member_id=member.pk, at=self.at)
            stored = wallet.selectors.get_balance(member_id=member.pk, at=self.at)
            lots = PointsLot.objects.filter(account_id=member.pk).order_by("pk").values_list("remaining", "expires_at")
            money = WalletLot.objects.filter(account_id=member.pk).order_by("pk")
            found.append(
                (
                    balance.balance,
                    balance.debt,
                    balance.spendable,
                    to_cents(stored.principal),
                    to_cents(stored.bonus),
                    list(lots),
                    [(to_cents(left), ends) for left, ends in money.values_list("remaining", "expires_at")],
                )
            )
        return found

    def modelled(self) -> list[Any]:
        """The same from the reference."""
        return [
            (
                mine.balance,
                mine.debt,
                mine.spendable(self.at),
                held.bucket(is_bonus=False),
                held.bucket(is_bonus=True),
                [(lot.remaining, lot.ends) for lot in mine.lots],
                [(lot.remaining, lot.ends) for lot in held.lots],
            )
            for mine, held in zip(self.points, self.wallets, strict=True)
        ]

    def check(self) -> None:
        assert self.stored() == self.modelled()
        if self.steps % 40 == 0:
            self.snapshots.append((_database_now(), _sums(self.members)))

    def grace(self) -> datetime:
        return days.end_of(days.local_day(self.at) + timedelta(days=GRACE))

    @invariant()
    def a_step_is_over(self) -> None:
        self.rules += 1

    # Time

    @rule(seed=SEEDS)
    def time_passes(self, seed: int) -> None:
        self.at += timedelta(minutes=Random(seed).choice([1, 30, 600, 1440, 4 * 1440, 20 * 1440]))

    @rule(seed=SEEDS)
    def the_night_jobs_run(self, seed: int) -> None:
        """Once, twice or for yesterday: what can be spent does not depend on it."""
        before = [mine.spendable(self.at) for mine in self.points]
        day = days.local_day(self.at) - timedelta(days=seed % 2)
        cutoff = min(days.start_of(day), self.at)

        def expected() -> None:
            for mine, held in zip(self.points, self.wallets, strict=True):
                mine.expire(cutoff)
                held.expire(cutoff)

        def command() -> None:
            list(points.services.expire_due(day, self.at))
            list(wallet.services.expire_bonus(day, self.at))

        self.step(expected, command)
        assert [mine.spendable(self.at) for mine in self.points] == before

    # Points

    @rule(seed=SEEDS)
    def earn(self, seed: int) -> None:
        random = Random(seed)
        who, amount, key = random.randrange(2), random.randint(1, 300), self.key()
        available = self.at + timedelta(days=random.choice([0, 0, 0, 7]))
        ends = random.choice([None, days.end_of(days.local_day(self.at) + timedelta(days=random.randint(0, 60)))])
        self.step(
            lambda: self.points[who].earn(key, amount, available, ends),
            lambda: points.services.earn(
                member_id=self.members[who].pk,
                points=amount,
                source="order:1",
                available_from=available,
                expires_at=ends,
                **self.where(key),
            ),
        )

    @rule(seed=SEEDS)
    def spend(self, seed: int) -> None:
        random = Random(seed)
        who, amount, key = random.randrange(2), random.randint(1, 400), self.key()
        self.step(
            lambda: self.points[who].spend(key, amount, self.at),
            lambda: points.services.spend(
                member_id=self.members[who].pk, points=amount, source="order:1", **self.where(key)
            ),
        )

    @rule(seed=SEEDS)
    def used_points_come_back(self, seed: int) -> None:
        random = Random(seed)
        who = random.randrange(2)
        if not self.points[who].spent:
            return
        original = random.choice(list(self.points[who].spent))
        move = self.points[who].spent[original]
        amount, key = random.randint(1, max(move.whole - move.back, 0) + 1), self.key()
        self.step(
            lambda: self.points[who].give_back(original, amount, self.at, self.grace()),
            lambda: points.services.return_spent(
                idempotency_key_of_original=original, points=amount, **self.where(key)
            ),
        )

    @rule(seed=SEEDS)
    def earned_points_are_taken_back(self, seed: int) -> None:
        random = Random(seed)
        who = random.randrange(2)
        if not self.points[who].earned:
            return
        original = random.choice(list(self.points[who].earned))
        move = self.points[who].earned[original]
        amount, key = random.randint(1, max(move.whole - move.back, 0) + 1), self.key()
        self.step(
            lambda: self.points[who].claw(original, amount, self.at),
            lambda: points.services.claw_back(idempotency_key_of_original=original, points=amount, **self.where(key)),
        )

    @rule(seed=SEEDS)
    def points_are_taken_by_hand(self, seed: int) -> None:
        random = Random(seed)
        who, amount, key = random.randrange(2), random.randint(1, 200), self.key()
        self.step(
            lambda: self.points[who].take(amount, self.at),
            lambda: points.services.adjust(
                member_id=self.members[who].pk, points=-amount, reason="machine", **self.where(key)
            ),
        )

    # Stored value

    @rule(seed=SEEDS)
    def recharge(self, seed: int) -> None:
        random = Random(seed)
        who, key = random.randrange(2), self.key()
        principal, bonus = random.randint(1, 200_000), random.choice([0, 1, random.randint(1, 40_000)])
        ends = random.choice([None, days.end_of(days.local_day(self.at) + timedelta(days=random.randint(0, 40)))])
        index = len(self.recharges) + 1

        def expected() -> None:
            if self.wallets[who].total + principal + bonus > CAP:
                raise Refused
            self._put(who, principal, None, key, index, is_bonus=False)
            if bonus:
                self._put(who, bonus, ends, key, index, is_bonus=True)

        made = self.step(
            expected,
            lambda: wallet.services.recharge(
                member_id=self.members[who].pk,
                principal=from_cents(principal),
                bonus=from_cents(bonus),
                bonus_expires_at=ends,
                source="till:1",
                payer=PAYER,
                **self.where(key),
            ),
        )
        if made is not None:
            self.recharges.append((who, made.pk, key))

    def _put(self, who: int, amount: int, ends: datetime | None, root: str, recharge: int, *, is_bonus: bool) -> None:
        self.lot_numbers += 1
        self.wallets[who].lots.append(
            Lot(self.lot_numbers, amount, self.at, ends, root, is_bonus, recharge, self.at, granted=amount)
        )

    @rule(seed=SEEDS)
    def pay(self, seed: int) -> None:
        random = Random(seed)
        who, amount, key = random.randrange(2), random.randint(1, 60_000), self.key()
        self.step(
            lambda: self.wallets[who].pay(key, amount, self.at),
            lambda: wallet.services.debit(
                member_id=self.members[who].pk,
                amount=from_cents(amount),
                list_amount=from_cents(amount + amount // 10),
                source="order:1",
                **self.where(key),
            ),
        )

    @rule(seed=SEEDS)
    def goods_come_back(self, seed: int) -> None:
        random = Random(seed)
        who = random.randrange(2)
        if not self.wallets[who].spent:
            return
        original = random.choice(list(self.wallets[who].spent))
        move = self.wallets[who].spent[original]
        amount, key = random.randint(1, max(move.whole - move.back, 0) + 1), self.key()

        def expected() -> None:
            self.lot_numbers += self.wallets[who].refund(original, amount, self.at, self.grace(), self.lot_numbers)

        self.step(
            expected,
            lambda: wallet.services.refund(
                idempotency_key_of_original=original, amount=from_cents(amount), **self.where(key)
            ),
        )

    @rule(seed=SEEDS)
    def transfer(self, seed: int) -> None:
        random = Random(seed)
        giver, key = random.randrange(2), self.key()
        taker, amount = 1 - giver, random.choice([None, random.randint(1, 80_000)])

        def expected() -> None:
            wanted = amount or sum(lot.remaining for lot in self.wallets[giver].usable(self.at))
            parts = self.wallets[giver].choose(wanted, self.at)
            today = (giver, days.local_day(self.at))
            if self.wallets[taker].total + wanted > CAP or self.given[today] + wanted > GIVEN_A_DAY:
                raise Refused
            self.given[today] += wanted
            for lot, part in parts:
                lot.remaining -= part
                self.lot_numbers += 1
                moved = Lot(
                    self.lot_numbers, part, self.at, lot.ends, key, lot.is_bonus, lot.recharge, lot.paid, granted=part
                )
                self.wallets[taker].lots.append(moved)

        self.step(
            expected,
            lambda: wallet.services.transfer(
                giver_id=self.members[giver].pk,
                taker_id=self.members[taker].pk,
                amount=None if amount is None else from_cents(amount),
                reason="machine",
                **self.where(key),
            ),
        )

    @rule(seed=SEEDS)
    def a_recharge_is_voided(self, seed: int) -> None:
        if not self.recharges:
            return
        index = Random(seed).randrange(len(self.recharges))
        who, recharge_id, root = self.recharges[index]
        key = self.key()

        def expected() -> None:
            given = [lot for lot in self.wallets[who].lots if lot.root == root]
            same_day = days.local_day(given[0].available) == days.local_day(self.at)
            lots = [lot for lot in self.wallets[who].lots if lot.recharge == index + 1]
            for is_bonus in (False, True):
                there = sum(lot.remaining for lot in lots if lot.is_bonus == is_bonus)
                if not same_day or there != sum(lot.granted for lot in given if lot.is_bonus == is_bonus):
                    raise Refused
            for lot in lots:
                lot.remaining = 0

        self.step(
            expected,
            lambda: wallet.services.void_recharge(recharge_id=recharge_id, reason="machine", **self.where(key)),
        )

    # The end

    def teardown(self) -> None:
        # The invariant is looked at once before the first step.
        Machine.lengths.append(self.rules - 1)
        Machine.movements += self.steps
        assert_ledgers_agree()
        for recorded_until, sums in self.snapshots:
            assert _sums_as_of(self.members, recorded_until) == sums


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def _sums(members: list[Member]) -> list[Any]:
    found: list[Any] = []
    for member in members:
        mine = points.selectors.get_balance(member_id=member.pk, at=START)
        held = wallet.selectors.get_balance(member_id=member.pk, at=START)
        lots = PointsLot.objects.filter(account_id=member.pk, remaining__gt=0).order_by("pk")
        money = WalletLot.objects.filter(account_id=member.pk, remaining__gt=0).order_by("pk")
        found.append(
            (
                (mine.balance, mine.debt),
                (held.principal, held.bonus),
                list(lots.values_list("pk", "remaining")),
                list(money.values_list("pk", "remaining")),
            )
        )
    return found


def _sums_as_of(members: list[Member], recorded_until: datetime) -> list[Any]:
    found: list[Any] = []
    for member in members:
        mine = points.selectors.get_balance_as_of(member_id=member.pk, recorded_until=recorded_until)
        held = wallet.selectors.get_balance_as_of(member_id=member.pk, recorded_until=recorded_until)
        lots = points.selectors.list_lots_as_of(member_id=member.pk, recorded_until=recorded_until)
        money = wallet.selectors.list_lots_as_of(member_id=member.pk, recorded_until=recorded_until)
        found.append(
            (
                (mine.balance, mine.debt),
                (held.principal, held.bonus),
                sorted((lot.lot_id, lot.remaining) for lot in lots),
                sorted((lot.lot_id, lot.left) for lot in money),
            )
        )
    return found


@pytest.mark.django_db
def test_points_and_stored_value_agree_with_a_plain_reference_over_hundreds_of_steps(
    store: Store, cashier: Staff
) -> None:
    Machine.store, Machine.actor, Machine.lengths, Machine.movements = store, cashier, [], 0
    SettingValue.objects.create(code="wallet.no_pin_limit", value="9999999", effective_at=START - timedelta(days=1))

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=5,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
        ),
        _min_steps=STEPS,
    )

    assert min(Machine.lengths) >= 300
    assert Machine.movements >= 900
