"""What has to be true before the processes start: schema, rights, roles, static files. Safe to run again."""

import os
import sys
from io import StringIO


def main() -> None:
    """Migrate and grant as the owner; prints ``empty`` where no shop is yet, ``demo`` where the demo people are."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    os.environ["PATRON_DATABASE_ROLE"] = "owner"
    import django

    django.setup()
    from django.core.management import call_command

    from stores import demo
    from stores.models import Staff, Store

    call_command("migrate", interactive=False, verbosity=0)
    call_command("grant_roles", stdout=StringIO())
    if os.environ.get("PATRON_STATIC"):
        call_command("collectstatic", interactive=False, verbosity=0)
    if not Store.objects.exists():
        sys.stdout.write("empty\n")
    if Staff.objects.filter(username__in=demo.USERNAMES, is_active=True).exists():
        sys.stdout.write("demo\n")


if __name__ == "__main__":
    main()
