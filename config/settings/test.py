"""Tests: an embedded server of their own without fsync, tasks run where they are called, cheap password hashes."""

import os

from config import embedded
from config.environment import BASE_DIR, database
from config.settings.base import *  # noqa: F403

SECRET_KEY = "only-for-tests-" + "x" * 40
PHONE_KEY = "only-for-tests"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
DEMO = True

_url = (
    os.environ.get("TEST_DATABASE_URL")
    or embedded.start_postgres(embedded.data_directory(BASE_DIR) / "postgres-test", durable=False)["owner"]
)
DATABASES = {"default": database(_url)}
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["TEST"] = {"NAME": os.environ.get("PATRON_TEST_DATABASE", "test_patron")}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_BROKER_URL = "memory://"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
