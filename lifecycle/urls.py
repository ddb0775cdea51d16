"""URLs of lifecycle and the rights they need."""

from django.urls import path

from lifecycle import views

app_name = "lifecycle"
urlpatterns = [
    path("imports/", views.import_list, name="import-list"),
    path("imports/new/", views.import_create, name="import-create"),
    path("imports/templates/<str:kind>/", views.template_file, name="template-file"),
    path("imports/<int:pk>/", views.import_detail, name="import-detail"),
    path("imports/<int:pk>/commit/", views.commit_create, name="commit-create"),
    path("imports/<int:pk>/delete/", views.import_delete, name="import-delete"),
    path("imports/<int:pk>/errors/", views.error_file, name="error-file"),
]

PERMISSIONS: dict[str, str] = {
    "lifecycle:import-list": "lifecycle.view_importrun",
    "lifecycle:import-create": "lifecycle.add_importrun",
    "lifecycle:import-detail": "lifecycle.view_importrun",
    "lifecycle:commit-create": "lifecycle.add_importrun",
    "lifecycle:import-delete": "lifecycle.add_importrun",
    "lifecycle:error-file": "lifecycle.add_importrun",
    "lifecycle:template-file": "lifecycle.view_importrun",
}
