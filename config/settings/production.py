"""Production only tightens: every secret and address comes from the environment, and cookies need https."""

import os

from config.environment import boolean, database, env, required
from config.settings.base import *  # noqa: F403

SECRET_KEY = required("SECRET_KEY")
PHONE_KEY = required("PHONE_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

DATABASES = {
    "default": database(
        required("DATABASE_OWNER_URL" if os.environ.get("PATRON_DATABASE_ROLE") == "owner" else "DATABASE_URL")
    )
}
REDIS_URL = required("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL

_https = boolean("PATRON_HTTPS", default=True)
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
AXES_IPWARE_PROXY_COUNT = env.int("PROXY_COUNT", default=1)

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
