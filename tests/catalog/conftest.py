"""Rights for the people of these tests."""

import pytest
from django.contrib.auth.models import Permission

from stores.models import Staff

READ = ("view_product", "view_category", "view_brand")


@pytest.fixture
def cashier(cashier: Staff) -> Staff:
    """May look."""
    cashier.groups.get().permissions.set(
        Permission.objects.filter(content_type__app_label="catalog", codename__in=READ)
    )
    return cashier


@pytest.fixture
def manager(manager: Staff) -> Staff:
    """May everything in the catalogue."""
    manager.groups.get().permissions.set(Permission.objects.filter(content_type__app_label="catalog"))
    return manager
