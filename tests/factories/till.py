"""What tests of the till need besides a shop: rights without the roles that ship."""

from django.contrib.auth.models import Permission

from stores.models import Staff

CASHIER = ("checkout.use_checkout", "checkout.view_order", "checkout.view_shift")


def allow(staff: Staff, *codes: str) -> None:
    """Give a person single rights, named ``app.codename``."""
    for code in codes:
        label, codename = code.split(".")
        staff.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))
