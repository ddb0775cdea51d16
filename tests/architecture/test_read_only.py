"""What only reads cannot write, even if somebody tries."""

import pytest
from django.db.utils import InternalError

from core.database import read_only
from stores.models import Store


@pytest.mark.django_db(transaction=True)
def test_inside_read_only_the_database_refuses_to_write() -> None:
    with pytest.raises(InternalError, match="read-only transaction"), read_only():
        Store.objects.create(code="S09", name="Nowhere")

    assert Store.objects.count() == 0
