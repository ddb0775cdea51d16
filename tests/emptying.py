"""The database as a migration leaves it, after a test that committed."""

from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from core import roles
from tests.factories.coupons import seed_classes
from tests.factories.tiers import seed_levels

# What migrations fill from the models alone: it is the same after every test, but for roles that a test made.
KEPT = (ContentType, Permission, Group, Group.permissions.through)


def empty_tables() -> None:
    """Delete the rows of every table that has some, whatever its triggers say, and sow what ships."""
    tables = _tables()
    looks = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(looks)
        filled = [table for (table,) in cursor.fetchall()]
        cursor.execute("SET session_replication_role = replica")
        if filled:
            cursor.execute("; ".join(f'DELETE FROM "{table}"' for table in filled))
        cursor.execute("SET session_replication_role = DEFAULT")
    _restore_roles()
    seed_levels()
    seed_classes()


def _tables() -> list[str]:
    kept = {model._meta.db_table for model in KEPT}
    models: list[Any] = apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models if model._meta.managed} - kept)


def _restore_roles() -> None:
    """The groups that ship, with the rights that ship."""
    Group.objects.exclude(name__in=roles.TABLE).delete()
    if (Group.objects.count(), Group.permissions.through.objects.count()) != (len(roles.TABLE), _shipped_rights()):
        Group.objects.all().delete()
        roles.sync()


@cache
def _shipped_rights() -> int:
    known = set(roles.known_rights())
    return sum(len(roles.rights_of(name, known)) for name in roles.TABLE)
