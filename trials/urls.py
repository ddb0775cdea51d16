"""URLs of trials and the rights they need; each trial asks for the right of its kind as well."""

from django.urls import path

from trials import views

app_name = "trials"
urlpatterns = [
    path("", views.trial_list, name="trial-list"),
    path("<int:pk>/", views.trial_detail, name="trial-detail"),
    path("<int:pk>/export/", views.trial_export, name="trial-export"),
    path("<int:pk>/cancellation/", views.trial_cancel, name="trial-cancel"),
]

PERMISSIONS: dict[str, str] = {
    "trials:trial-list": "trials.view_trial",
    "trials:trial-detail": "trials.view_trial",
    "trials:trial-export": "trials.view_trial",
    "trials:trial-cancel": "trials.change_trial",
}
