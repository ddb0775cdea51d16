"""A first run and development: embedded servers where no address is given, a key that is good for nothing else."""

import contextlib
import os
import secrets
from pathlib import Path

from config import embedded
from config.environment import BASE_DIR, database, env
from config.settings.base import *  # noqa: F403

DEBUG = os.environ.get("PATRON_DEBUG") == "True"
ALLOWED_HOSTS = ["*"]
DEMO = True


def _local_secret(name: str) -> str:
    """A random secret made on the first start and kept with the data, so that sessions and phones stay readable."""
    path = embedded.data_directory(BASE_DIR) / f"{name}.secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            # Two first starts at once: the file that is there first is everybody's.
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or _local_secret("session")
PHONE_KEY = env.str("PHONE_KEY", default="") or _local_secret("phone")

_as_owner = os.environ.get("PATRON_DATABASE_ROLE") == "owner"
if os.environ.get("DATABASE_URL"):
    _url = os.environ.get("DATABASE_OWNER_URL", "") if _as_owner else ""
    _url = _url or os.environ["DATABASE_URL"]
else:
    _url = embedded.start_postgres(embedded.data_directory(BASE_DIR) / "postgres")["owner" if _as_owner else "app"]
DATABASES = {"default": database(_url)}

REDIS_URL = env.str("REDIS_URL", default="") or embedded.broker_url(embedded.data_directory(BASE_DIR))
CELERY_BROKER_URL = REDIS_URL or "memory://"

# `make run` collects the static files once and serves them compressed; other commands read them where they lie.
if os.environ.get("PATRON_STATIC"):
    STATIC_ROOT = Path(os.environ["PATRON_STATIC"])
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
else:
    WHITENOISE_USE_FINDERS = True
