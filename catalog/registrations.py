"""What the catalogue tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit


def register() -> None:
    """Audit labels."""
    for action, label in (
        ("product.created", _("Product created")),
        ("product.changed", _("Product changed")),
        ("product.exported", _("Product list downloaded")),
        ("category.created", _("Category created")),
        ("category.changed", _("Category changed")),
        ("brand.created", _("Brand created")),
        ("brand.changed", _("Brand changed")),
    ):
        audit.register_action(action, label)
