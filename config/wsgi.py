"""WSGI entry for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

import config.celery  # noqa: F401  (tasks called from a request need the configured Celery application)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

application = get_wsgi_application()
