"""Rights for the people of these tests, as the shipped roles have them."""

import pytest
from django.contrib.auth.models import Permission

from stores.models import Staff

READ = ("view_member", "view_reminder", "view_card")
WRITE = ("add_member", "change_member", "change_reminder", "set_pin", "block_card")
RIGHTS = {
    "cashier": (*READ, *WRITE),
    "manager": (*READ, *WRITE, "reveal_phone", "freeze_member", "export_member", "reset_pin", "replace_card"),
    "owner": (*READ, *WRITE, "reveal_phone", "freeze_member", "export_member", "reset_pin", "replace_card"),
}


def allow(staff: Staff) -> Staff:
    """Give the person's role its rights on members."""
    role = staff.groups.get()
    role.permissions.set(Permission.objects.filter(content_type__app_label="members", codename__in=RIGHTS[role.name]))
    return staff


@pytest.fixture
def cashier(cashier: Staff) -> Staff:
    return allow(cashier)


@pytest.fixture
def manager(manager: Staff) -> Staff:
    return allow(manager)
