"""What the catalogue tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit
from core.links import Link, register_navigation
from core.links import register as register_link


def register() -> None:
    """Audit labels and the pages of the side navigation."""
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
    register_link(Link("product", "catalog:product-edit", _("Product"), "catalog.change_product", kwargs=("pk",)))
    for name, label, right, icon, order in (
        ("product", _("Products"), "catalog.view_product", "shopping-bag", 10),
        ("category", _("Categories"), "catalog.view_category", "squares-2x2", 20),
        ("brand", _("Brands"), "catalog.view_brand", "bookmark", 30),
    ):
        register_navigation(Link(f"catalog.{name}", f"catalog:{name}-list", label, right, icon, "catalog", order))
