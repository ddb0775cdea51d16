"""Rights for the people of a test."""

from django.contrib.auth.models import Permission

from stores.models import Staff


def give_right(staff: Staff, *names: str) -> None:
    """Give a person ``app.codename`` rights."""
    for name in names:
        label, codename = name.split(".")
        staff.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))
