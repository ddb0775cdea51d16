"""URLs of stores and the rights they need."""

from django.urls import path

from core.permissions import ANY_STAFF, PUBLIC
from stores.views import door, settings, staff, stores

app_name = "stores"
urlpatterns = [
    path("", stores.store_list, name="store-list"),
    path("new/", stores.store_create, name="store-create"),
    path("<int:pk>/", stores.store_edit, name="store-edit"),
    path("login/", door.log_in, name="login"),
    path("logout/", door.log_out, name="logout"),
    path("active-store/", door.active_store_edit, name="active-store-edit"),
    path("person/", door.person_switch, name="person-switch"),
    path("own-password/", door.own_password_edit, name="own-password-edit"),
    path("own-pin/", door.own_pin_edit, name="own-pin-edit"),
    path("staff/", staff.staff_list, name="staff-list"),
    path("staff/new/", staff.staff_create, name="staff-create"),
    path("staff/<int:pk>/", staff.staff_edit, name="staff-edit"),
    path("staff/<int:pk>/password/", staff.password_edit, name="staff-password-edit"),
    path("staff/<int:pk>/pin/", staff.pin_edit, name="staff-pin-edit"),
    path("settings/", settings.setting_list, name="setting-list"),
    path("settings/<str:code>/", settings.setting_edit, name="setting-edit"),
]

PERMISSIONS: dict[str, str] = {
    "stores:store-list": "stores.view_store",
    "stores:store-create": "stores.add_store",
    "stores:store-edit": "stores.change_store",
    "stores:login": PUBLIC,
    "stores:logout": ANY_STAFF,
    "stores:active-store-edit": ANY_STAFF,
    "stores:person-switch": ANY_STAFF,
    "stores:own-password-edit": ANY_STAFF,
    "stores:own-pin-edit": ANY_STAFF,
    "stores:staff-list": "stores.view_staff",
    "stores:staff-create": "stores.add_staff",
    "stores:staff-edit": "stores.change_staff",
    "stores:staff-password-edit": "stores.set_staff_password",
    "stores:staff-pin-edit": "stores.set_staff_password",
    "stores:setting-list": "stores.view_setting",
    "stores:setting-edit": "stores.change_setting",
}
