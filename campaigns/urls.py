"""URLs of campaigns and the rights they need."""

from django.urls import path

from campaigns.views import members, occasions

app_name = "campaigns"
urlpatterns = [
    path("giveaways/", occasions.giveaway_list, name="giveaway-list"),
    path("giveaways/new/", occasions.giveaway_create, name="giveaway-create"),
    path("giveaways/<int:pk>/", occasions.giveaway_edit, name="giveaway-edit"),
    path("rewards/", occasions.reward_list, name="reward-list"),
    path("rewards/new/", occasions.reward_create, name="reward-create"),
    path("rewards/<int:pk>/", occasions.reward_edit, name="reward-edit"),
    path("members/<int:member_id>/panel/", members.member_panel, name="member-panel"),
    path("members/<int:member_id>/visits/<int:pk>/", members.visit_create, name="visit-create"),
]

PERMISSIONS: dict[str, str] = {
    "campaigns:giveaway-list": "campaigns.view_giveaway",
    "campaigns:giveaway-create": "campaigns.change_giveaway",
    "campaigns:giveaway-edit": "campaigns.change_giveaway",
    "campaigns:reward-list": "campaigns.view_orderreward",
    "campaigns:reward-create": "campaigns.change_orderreward",
    "campaigns:reward-edit": "campaigns.change_orderreward",
    "campaigns:member-panel": "members.view_member",
    "campaigns:visit-create": "campaigns.give_giveaway",
}
