"""URLs of gifts and the rights they need."""

from django.urls import path

from gifts.views import packs, plans

app_name = "gifts"
urlpatterns = [
    path("plans/", plans.plan_list, name="plan-list"),
    path("plans/new/", plans.plan_create, name="plan-create"),
    path("plans/<int:pk>/", plans.plan_edit, name="plan-edit"),
    path("packs/", packs.pack_list, name="pack-list"),
    path("packs/new/", packs.pack_create, name="pack-create"),
    path("packs/<int:pk>/", packs.pack_edit, name="pack-edit"),
    path("leaks/", packs.leak_list, name="leak-list"),
    path("leaks/export/", packs.leak_export, name="leak-export"),
]

PERMISSIONS: dict[str, str] = {
    "gifts:plan-list": "gifts.view_rechargeplan",
    "gifts:plan-create": "gifts.change_rechargeplan",
    "gifts:plan-edit": "gifts.change_rechargeplan",
    "gifts:pack-list": "gifts.view_pack",
    "gifts:pack-create": "gifts.change_pack",
    "gifts:pack-edit": "gifts.change_pack",
    "gifts:leak-list": "gifts.view_grant",
    "gifts:leak-export": "gifts.export_grant",
}
