"""URLs of members and the rights they need."""

from django.urls import path

from members.views import cards, disclosure, freezes, people, pins, reminders

app_name = "members"
urlpatterns = [
    path("", people.member_list, name="member-list"),
    path("export/", people.member_export, name="member-export"),
    path("new/", people.member_create, name="member-create"),
    path("reminders/", reminders.reminder_list, name="reminder-list"),
    path("reminders/<int:pk>/completion/", reminders.reminder_complete, name="reminder-complete"),
    path("<int:pk>/", people.member_detail, name="member-detail"),
    path("<int:pk>/edit/", people.member_edit, name="member-edit"),
    path("<int:pk>/card/", cards.member_card, name="card-detail"),
    path("<int:pk>/cards/", cards.card_list, name="card-list"),
    path("<int:pk>/cards/loss/", cards.block_create, name="block-create"),
    path("<int:pk>/cards/loss/end/", cards.block_delete, name="block-delete"),
    path("<int:pk>/cards/replacement/", cards.replacement_create, name="replacement-create"),
    path("<int:pk>/pin/", pins.pin_edit, name="pin-edit"),
    path("<int:pk>/pin/removal/", pins.pin_delete, name="pin-delete"),
    path("<int:pk>/phone/", disclosure.phone_reveal, name="phone-reveal"),
    path("<int:pk>/freeze/", freezes.freeze_create, name="freeze-create"),
    path("<int:pk>/freeze/end/", freezes.freeze_delete, name="freeze-delete"),
]

PERMISSIONS: dict[str, str] = {
    "members:member-list": "members.view_member",
    "members:member-export": "members.export_member",
    "members:member-create": "members.add_member",
    "members:member-detail": "members.view_member",
    "members:member-edit": "members.change_member",
    "members:card-detail": "members.view_member",
    "members:card-list": "members.view_card",
    "members:block-create": "members.block_card",
    "members:block-delete": "members.block_card",
    "members:replacement-create": "members.replace_card",
    "members:pin-edit": "members.set_pin",
    "members:pin-delete": "members.reset_pin",
    "members:phone-reveal": "members.reveal_phone",
    "members:freeze-create": "members.freeze_member",
    "members:freeze-delete": "members.freeze_member",
    "members:reminder-list": "members.view_reminder",
    "members:reminder-complete": "members.change_reminder",
}
