"""``manage.py sync_roles``: put the roles of the house and their rights into the database (``migrate`` does it too)."""

from typing import Any

from django.core.management.base import BaseCommand

from core import roles


class Command(BaseCommand):
    """See the module."""

    help = "Gives the roles of the house their rights; groups that the owner made are not touched."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync and count."""
        for role, count in roles.sync().items():
            self.stdout.write(f"{role}: {count} rights")
