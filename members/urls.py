"""URLs of members and the rights they need."""

from django.urls import path

from members.views import disclosure, freezes, people, reminders

app_name = "members"
urlpatterns = [
    path("", people.member_list, name="member-list"),
    path("export/", people.member_export, name="member-export"),
    path("new/", people.member_create, name="member-create"),
    path("reminders/", reminders.reminder_list, name="reminder-list"),
    path("reminders/<int:pk>/completion/", reminders.reminder_complete, name="reminder-complete"),
    path("<int:pk>/", people.member_detail, name="member-detail"),
    path("<int:pk>/edit/", people.member_edit, name="member-edit"),
    path("<int:pk>/card/", people.member_card, name="card-detail"),
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
    "members:phone-reveal": "members.reveal_phone",
    "members:freeze-create": "members.freeze_member",
    "members:freeze-delete": "members.freeze_member",
    "members:reminder-list": "members.view_reminder",
    "members:reminder-complete": "members.change_reminder",
}
