"""The one entrance of new members."""

from datetime import datetime

import pytest

from campaigns.services import register_member
from members.models import Member
from members.services import MemberData, PhoneTaken
from stores.models import Staff, Store
from tiers.models import Period
from tiers.selectors import get_benefits


def test_a_registered_member_has_the_base_level_without_a_row(store: Store, cashier: Staff, now: datetime) -> None:
    data = MemberData(name="王小明", phone="138 0013 8000")

    member = register_member(data=data, source=Member.Source.COUNTER, store=store, actor=cashier, at=now)

    assert (member.name, member.phone_tail, member.source, member.registered_at) == ("王小明", "8000", "counter", now)
    assert get_benefits(member_id=member.pk, at=now).tier_code == "normal"
    assert not Period.objects.exists()


def test_a_phone_registers_once(store: Store, cashier: Staff, now: datetime) -> None:
    data = MemberData(name="王小明", phone="13800138000")
    first = register_member(data=data, source=Member.Source.COUNTER, store=store, actor=cashier, at=now)

    with pytest.raises(PhoneTaken) as refused:
        register_member(data=data, source=Member.Source.COUNTER, store=store, actor=cashier, at=now)

    assert refused.value.member_id == first.pk
    assert Member.objects.count() == 1
