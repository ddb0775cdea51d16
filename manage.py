#!/usr/bin/env python
"""Django's command-line entry; schema commands log in as the owning role, everything else as the application's."""

import os
import sys

OWNER_COMMANDS = {"migrate", "grant_roles", "pgtrigger", "sqlflush", "flush"}
#: Commands that read no rows, and those that make the schema themselves.
WITHOUT_SCHEMA = OWNER_COMMANDS | {"makemigrations", "check", "translations", "collectstatic", "help", "test"}


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("PATRON_DATABASE_ROLE", "owner")
    from django.core.management import execute_from_command_line

    import config.celery  # noqa: F401
    from config import prepare

    is_local = os.environ["DJANGO_SETTINGS_MODULE"] == "config.settings.local" and not os.environ.get("DATABASE_URL")
    if is_local and len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_SCHEMA and "--help" not in sys.argv:
        prepare.ensure()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
