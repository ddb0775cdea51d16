"""What has to be true before the processes start: schema, rights, roles, static files. Safe to run again."""

import fcntl
import hashlib
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

from config import embedded
from config.environment import BASE_DIR

STAMP = "prepared"


def migrations_digest() -> str:
    """Changes whenever a migration of ours does."""
    digest = hashlib.sha256()
    for path in sorted(BASE_DIR.glob("*/migrations/*.py")):
        digest.update(str(path.relative_to(BASE_DIR)).encode() + path.read_bytes())
    return digest.hexdigest()


def ensure() -> None:
    """Prepare the embedded database where nobody has yet, so that any command works in a fresh shell."""
    directory = embedded.data_directory(BASE_DIR)
    if _is_prepared(directory):
        return
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_prepared(directory):
            subprocess.run(
                [sys.executable, "-m", "config.prepare"], cwd=BASE_DIR, check=True, stdout=subprocess.DEVNULL
            )


def _is_prepared(directory: Path) -> bool:
    stamp = directory / STAMP
    return stamp.exists() and stamp.read_text() == migrations_digest()


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
    if not os.environ.get("DATABASE_URL"):
        (embedded.data_directory(BASE_DIR) / STAMP).write_text(migrations_digest())
    if not Store.objects.exists():
        sys.stdout.write("empty\n")
    if Staff.objects.filter(username__in=demo.USERNAMES, is_active=True).exists():
        sys.stdout.write("demo\n")


if __name__ == "__main__":
    main()
