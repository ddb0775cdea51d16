"""The Celery application. Beat knows two beats only; when each nightly job runs stands in the jobs' registry."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("patron")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {
    # A message that waited longer than its beat is dropped: the next one does the same work.
    "jobs.sweep": {"task": "jobs.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "jobs.run_due": {"task": "jobs.run_due", "schedule": 60.0, "options": {"expires": 60}},
}
app.autodiscover_tasks()
