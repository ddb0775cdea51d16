"""URLs of the jobs pages and the rights they need."""

from django.urls import path

from jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="job-list"),
    path("state/", views.state_detail, name="state-detail"),
    path("runs/", views.run_list, name="run-list"),
    path("runs/<int:pk>/", views.run_detail, name="run-detail"),
    path("tasks/", views.task_list, name="task-list"),
    path("tasks/retries/", views.retry_create, name="retry-create"),
    path("reconciliation/", views.proof_list, name="proof-list"),
    path("<str:name>/runs/", views.run_create, name="run-create"),
]

PERMISSIONS: dict[str, str] = {
    "jobs:job-list": "jobs.view_run",
    "jobs:state-detail": "jobs.view_run",
    "jobs:run-list": "jobs.view_run",
    "jobs:run-detail": "jobs.view_run",
    "jobs:task-list": "jobs.view_outbox",
    "jobs:retry-create": "jobs.start_job",
    "jobs:proof-list": "jobs.view_proofresult",
    "jobs:run-create": "jobs.start_job",
}
