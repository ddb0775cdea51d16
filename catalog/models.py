"""What is sold: a tree of categories, brands, products and their bar codes. Stock is a ledger of its own."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Category(models.Model):
    """A node of the tree. Reports and coupon scopes use a category with everything below it."""

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("above it")
    )
    name = models.CharField(_("name"), max_length=60)
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], nulls_distinct=False, name="catalog_category_name_once"),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=models.F("pk")), name="catalog_category_not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Brand(models.Model):
    """A maker's name."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """Goods or a service with its present prices; an order line keeps what they were when it was sold.

    ``cost`` is the default for goods whose stock is not tracked; None means unknown, which is not 0 (R-C11).
    """

    class Kind(models.TextChoices):
        GOODS = "goods", _("goods")
        SERVICE = "service", _("service")

    sku = models.CharField(_("article number"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_key = models.CharField(max_length=200, blank=True, editable=False, help_text="full pinyin, for sorting")
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brand"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.GOODS)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    list_price = models.DecimalField(_("list price"), max_digits=14, decimal_places=2)
    member_price = models.DecimalField(_("member price"), max_digits=14, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=4, null=True, blank=True)
    is_weighed = models.BooleanField(_("sold by weight"), default=False)
    is_excluded_from_tier_discount = models.BooleanField(_("no tier discount"), default=False)
    is_excluded_from_coupons = models.BooleanField(_("no coupons"), default=False)
    is_excluded_from_points = models.BooleanField(_("no points"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    external_source = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        permissions = [("export_product", "Can download product lists"), ("view_cost", "Can see what goods cost")]
        constraints = [
            models.CheckConstraint(condition=Q(list_price__gte=0), name="catalog_product_list_price_not_negative"),
            models.CheckConstraint(
                condition=Q(member_price__isnull=True) | Q(member_price__gte=0),
                name="catalog_product_member_price_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(cost__isnull=True) | Q(cost__gte=0), name="catalog_product_cost_not_negative"
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                condition=~Q(external_id=""),
                name="catalog_product_external_once",
            ),
        ]
        indexes = [models.Index(fields=["name_key", "id"], name="catalog_product_by_name")]

    def __str__(self) -> str:
        return self.name


class Barcode(models.Model):
    """A printed code of a product; a product may have several, a code belongs to one product."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="barcodes", verbose_name=_("product"))
    code = models.CharField(_("bar code"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("bar code")
        verbose_name_plural = _("bar codes")

    def __str__(self) -> str:
        return self.code


class SearchKey(models.Model):
    """A text by whose beginning a product is found: its name, pinyin and initials, from each word on.

    Written beside every change of the name.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    key = models.CharField(max_length=60, db_collation="C")

    class Meta:
        indexes = [models.Index(fields=["key", "product"], name="catalog_searchkey_prefix")]

    def __str__(self) -> str:
        return self.key
