"""Rights for the people of these tests."""

import pytest
from django.contrib.auth.models import Permission

from stores.models import Staff


@pytest.fixture
def cashier(cashier: Staff) -> Staff:
    """May look."""
    cashier.groups.get().permissions.set(Permission.objects.filter(codename="view_tag"))
    return cashier


@pytest.fixture
def manager(manager: Staff) -> Staff:
    """May everything with tags."""
    manager.groups.get().permissions.set(Permission.objects.filter(content_type__app_label="tags"))
    return manager
