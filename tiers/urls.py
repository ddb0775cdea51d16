"""URLs of tiers and the rights they need."""

from django.urls import path

from tiers.views import members, tracks, versions

app_name = "tiers"
urlpatterns = [
    path("", tracks.tier_list, name="tier-list"),
    path("<int:pk>/", tracks.tier_detail, name="tier-detail"),
    path("<int:pk>/edit/", tracks.tier_edit, name="tier-edit"),
    path("<int:pk>/versions/new/", versions.version_create, name="version-create"),
    path("members/<int:member_id>/panel/", members.member_panel, name="member-panel"),
    path("members/<int:member_id>/changes/", members.member_change_list, name="member-change-list"),
    path("members/<int:member_id>/tier/", members.member_tier_edit, name="member-tier-edit"),
]

PERMISSIONS: dict[str, str] = {
    "tiers:tier-list": "tiers.view_tier",
    "tiers:tier-detail": "tiers.view_tier",
    "tiers:tier-edit": "tiers.change_tier",
    "tiers:version-create": "tiers.add_version",
    "tiers:member-panel": "tiers.view_period",
    "tiers:member-change-list": "tiers.view_period",
    "tiers:member-tier-edit": "tiers.set_member_tier",
}
