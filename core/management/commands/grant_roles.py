"""``manage.py grant_roles``: what the application's database role may do, set again after every migration."""

import os
from typing import Any
from urllib.parse import unquote, urlsplit

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connection
from psycopg import sql


def grant(role: str) -> list[str]:
    """Give ``role`` the rows of every table and take UPDATE, DELETE and TRUNCATE of append-only ones; return those."""
    protected = sorted(model._meta.db_table for model in apps.get_models() if getattr(model, "is_append_only", False))
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}",
        ):
            cursor.execute(sql.SQL(statement).format(name))
        for table in protected:
            cursor.execute(sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), name))
    return protected


def application_role() -> str:
    """The user of ``DATABASE_URL``, or the embedded server's."""
    return unquote(urlsplit(os.environ.get("DATABASE_URL", "")).username or "") or "patron_app"


class Command(BaseCommand):
    """See the module."""

    help = "Grants the application role its rights and takes away those that would change ledgers or audit."

    def add_arguments(self, parser: Any) -> None:
        """Name of the role."""
        parser.add_argument("--role", default=application_role())

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        """Grant and say what is protected."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            owner = cursor.fetchone()[0]
        if role == owner:
            self.stdout.write(f"{role} owns the schema and is the application as well: only triggers guard the ledgers")
            return
        self.stdout.write(f"{role}: append-only {', '.join(grant(role))}")
