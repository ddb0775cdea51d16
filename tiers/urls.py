"""URLs of tiers and the rights they need."""

from django.urls import path

from tiers import paid_urls
from tiers.views import drafts, gifts, members, perks, tracks, versions

app_name = "tiers"
urlpatterns = [
    path("", tracks.tier_list, name="tier-list"),
    path("cards/new/", tracks.card_type_create, name="card-type-create"),
    path("tracks/<int:pk>/edit/", tracks.track_edit, name="track-edit"),
    path("tracks/<int:track_id>/tiers/new/", tracks.tier_create, name="tier-create"),
    path("tracks/<int:track_id>/draft/", drafts.draft_create, name="draft-create"),
    path("<int:pk>/", versions.tier_detail, name="tier-detail"),
    path("<int:pk>/edit/", tracks.tier_edit, name="tier-edit"),
    path("<int:pk>/retirement/", tracks.tier_retirement, name="tier-retirement"),
    path("<int:pk>/versions/compare/", versions.version_compare, name="version-compare"),
    path("versions/<int:pk>/cancellation/", versions.version_call_off, name="version-call-off"),
    path("drafts/<int:pk>/", drafts.draft_detail, name="draft-detail"),
    path("drafts/<int:pk>/tiers/<int:tier_id>/", drafts.level_edit, name="level-edit"),
    path("drafts/<int:pk>/tiers/<int:tier_id>/removal/", drafts.level_removal, name="level-removal"),
    path("drafts/<int:pk>/trial/", drafts.draft_try, name="draft-try"),
    path("drafts/<int:pk>/activation/", drafts.draft_activate, name="draft-activate"),
    path("drafts/<int:pk>/removal/", drafts.draft_discard, name="draft-discard"),
    path("<int:tier_id>/gifts/new/", gifts.gift_create, name="gift-create"),
    path("gifts/<int:pk>/", gifts.gift_edit, name="gift-edit"),
    path("members/<int:member_id>/panel/", members.member_panel, name="member-panel"),
    path("members/<int:member_id>/changes/", members.member_change_list, name="member-change-list"),
    path("members/<int:member_id>/tier/", members.member_tier_edit, name="member-tier-edit"),
    path("members/<int:member_id>/monthly-gifts/", members.monthly_gift_create, name="monthly-gift-create"),
    path("members/<int:member_id>/services/", perks.perk_list, name="perk-list"),
    path("members/<int:member_id>/services/use/", perks.perk_use_create, name="perk-use-create"),
    path("members/<int:member_id>/services/used/", perks.perk_use_list, name="perk-use-list"),
    path("services/<int:pk>/undo/", perks.perk_use_undo, name="perk-use-undo"),
    *paid_urls.urlpatterns,
]

PERMISSIONS: dict[str, str] = {
    **paid_urls.PERMISSIONS,
    "tiers:tier-list": "tiers.view_tier",
    "tiers:card-type-create": "tiers.add_track",
    "tiers:track-edit": "tiers.change_track",
    "tiers:tier-create": "tiers.add_tier",
    "tiers:draft-create": "tiers.change_tier",
    "tiers:tier-detail": "tiers.view_tier",
    "tiers:tier-edit": "tiers.change_tier",
    "tiers:tier-retirement": "tiers.change_tier",
    "tiers:version-compare": "tiers.view_tier",
    "tiers:version-call-off": "tiers.change_tier",
    "tiers:draft-detail": "tiers.view_tier",
    "tiers:level-edit": "tiers.change_tier",
    "tiers:level-removal": "tiers.change_tier",
    "tiers:draft-try": "tiers.change_tier",
    "tiers:draft-activate": "tiers.change_tier",
    "tiers:draft-discard": "tiers.change_tier",
    "tiers:gift-create": "tiers.change_tier",
    "tiers:gift-edit": "tiers.change_tier",
    "tiers:member-panel": "tiers.view_period",
    "tiers:member-change-list": "tiers.view_period",
    "tiers:member-tier-edit": "tiers.set_member_tier",
    "tiers:monthly-gift-create": "tiers.tick_perk",
    "tiers:perk-list": "tiers.view_period",
    "tiers:perk-use-create": "tiers.tick_perk",
    "tiers:perk-use-list": "tiers.view_period",
    "tiers:perk-use-undo": "tiers.tick_perk",
}
