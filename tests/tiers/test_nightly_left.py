"""Members who left: the night does not stop at them and gives them nothing (R-T12)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.days import start_of
from gifts.models import Grant
from members.models import Member
from stores.models import Store
from tests.factories.levels import open_codes, record
from tests.factories.members import create_member
from tests.factories.packs import create_pack
from tiers import services
from tiers.models import Tier, TierGift

DAY = date(2026, 3, 18)


@pytest.mark.parametrize("status", [Member.Status.CLOSED, Member.Status.MERGED])
def test_the_night_goes_on_after_a_member_who_left(member: Member, store: Store, silver: Tier, status: str) -> None:
    other = create_member(store)
    TierGift.objects.create(tier=silver, pack=create_pack(points=50), occasion="upgrade")
    for one in (member, other):
        record(one, start_of(DAY) + timedelta(hours=12), f"late:{one.pk}", spend="600.00")
    Member.objects.filter(pk=member.pk).update(status=status)

    night = DAY + timedelta(days=1)
    list(services.evaluate_due(night, start_of(night) + timedelta(minutes=30)))

    assert open_codes(other) == {"growth": "silver"}
    assert list(Grant.objects.values_list("member_id", flat=True)) == [other.pk]
    assert Decimal(Grant.objects.get().items.get().quantity) == 50
