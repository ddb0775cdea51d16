"""URLs of gifts and the rights they need."""

from django.urls import path

from gifts import views

app_name = "gifts"
urlpatterns = [
    path("plans/", views.plan_list, name="plan-list"),
    path("plans/new/", views.plan_create, name="plan-create"),
    path("plans/<int:pk>/", views.plan_edit, name="plan-edit"),
]

PERMISSIONS: dict[str, str] = {
    "gifts:plan-list": "gifts.view_rechargeplan",
    "gifts:plan-create": "gifts.change_rechargeplan",
    "gifts:plan-edit": "gifts.change_rechargeplan",
}
