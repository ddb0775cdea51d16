"""People with the rights that the pages of stores ask for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import translation

from stores.models import Staff, Store


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def grant(role: str, *codenames: str) -> Group:
    """A role with exactly these rights of stores."""
    group, _created = Group.objects.get_or_create(name=role)
    group.permissions.set(Permission.objects.filter(content_type__app_label="stores", codename__in=codenames))
    return group


@pytest.fixture
def rights(db: None) -> None:
    """What the roles of these tests may do."""
    everything = [right.codename for right in Permission.objects.filter(content_type__app_label="stores")]
    grant("owner", *everything)
    grant("manager", "view_staff", "add_staff", "change_staff", "set_staff_password", "view_store")
    grant("cashier")
    grant("finance", "view_setting", "see_all_stores")


@pytest.fixture
def boss(rights: None, owner: Staff, client_for: Any) -> Client:
    """A browser in English in which the owner is logged in."""
    return english(client_for(owner))


@pytest.fixture
def shop_manager(rights: None, manager: Staff, client_for: Any) -> Client:
    """The same for a manager of one store."""
    return english(client_for(manager))


def english(client: Client) -> Client:
    """The same browser in English."""
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def rival(rights: None, other_store: Store) -> Staff:
    """A cashier of the other store."""
    staff = Staff.objects.create_user(username="rival", password="river-stone-42", display_name="Rival")
    staff.groups.add(Group.objects.get(name="cashier"))
    staff.stores.add(other_store)
    return staff
