"""What earns how many points and what points may pay, by scope and by version (R-P2, R-P5, R-P7, R-P14)."""

from datetime import datetime

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Brand, Category, Product
from stores.models import Staff


class Rule(models.Model):
    """A rule for one part of the assortment; what it says is in its versions. The most specific rule of a line counts.

    Product before category (the deepest) before brand; lines without a rule follow the settings of the shop.
    """

    name = models.CharField(_("name"), max_length=60, unique=True)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+")
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, related_name="+")
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        triggers = [
            # What a version in force says is also what it is about.
            pgtrigger.Protect(
                name="scope_stands",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "ROW(OLD.category_id, OLD.brand_id, OLD.product_id)"
                    " IS DISTINCT FROM ROW(NEW.category_id, NEW.brand_id, NEW.product_id)"
                ),
            ),
        ]
        verbose_name = _("points rule")
        verbose_name_plural = _("points rules")
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(
                condition=Q(category__isnull=False, brand__isnull=True, product__isnull=True)
                | Q(category__isnull=True, brand__isnull=False, product__isnull=True)
                | Q(category__isnull=True, brand__isnull=True, product__isnull=False),
                name="points_rule_has_one_scope",
            ),
            models.UniqueConstraint(
                fields=["category", "brand", "product"], nulls_distinct=False, name="points_rule_scope_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """What a rule says for a time. A draft has no ``starts_at``; what was given a start is never changed, only ended.

    A scheduled version that was called off ends where it would have started, so it is never in force.

    ``per_yuan`` points for each yuan (0: earns nothing); ``is_payable`` whether points may pay these goods;
    ``order_minimum`` net of the order's lines under this rule from which it holds (below, the shop's own rate counts).
    The caps are points, empty for none: of one order, of a member's day and month, and ``budget`` of the version whole;
    ``granted`` counts against the budget. An empty ``expiry_method`` means the shop's.
    """

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    starts_at = models.DateTimeField(_("starts at"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    per_yuan = models.DecimalField(_("points for every ¥1"), max_digits=10, decimal_places=4)
    is_payable = models.BooleanField(_("points may pay"), default=True)
    order_minimum = models.DecimalField(_("from this amount"), max_digits=14, decimal_places=2, default=0)
    expiry_method = models.CharField(_("when points expire"), max_length=20, blank=True)
    expiry_count = models.PositiveIntegerField(_("N"), default=0)
    cap_per_order = models.PositiveIntegerField(_("most per order"), null=True, blank=True)
    cap_per_day = models.PositiveIntegerField(_("most per member and day"), null=True, blank=True)
    cap_per_month = models.PositiveIntegerField(_("most per member and month"), null=True, blank=True)
    budget = models.PositiveBigIntegerField(_("budget in points"), null=True, blank=True)
    granted = models.PositiveBigIntegerField(_("granted"), default=0)
    created_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="started_versions_stand",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.starts_at IS NOT NULL AND"
                    " ROW(OLD.rule_id, OLD.number, OLD.starts_at, OLD.per_yuan, OLD.is_payable, OLD.order_minimum,"
                    " OLD.expiry_method, OLD.expiry_count, OLD.cap_per_order, OLD.cap_per_day, OLD.cap_per_month,"
                    " OLD.budget) IS DISTINCT FROM"
                    " ROW(NEW.rule_id, NEW.number, NEW.starts_at, NEW.per_yuan, NEW.is_payable, NEW.order_minimum,"
                    " NEW.expiry_method, NEW.expiry_count, NEW.cap_per_order, NEW.cap_per_day, NEW.cap_per_month,"
                    " NEW.budget)"
                ),
            ),
            pgtrigger.Protect(
                name="started_versions_stay",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.starts_at IS NOT NULL"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="points_ruleversion_number_once"),
            models.UniqueConstraint(
                fields=["rule"], condition=Q(starts_at__isnull=True), name="points_ruleversion_one_draft"
            ),
            models.UniqueConstraint(
                fields=["rule"],
                condition=Q(starts_at__isnull=False, ends_at__isnull=True),
                name="points_ruleversion_one_without_end",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=False, ends_at__gte=F("starts_at")),
                name="points_ruleversion_period_in_order",
            ),
            models.CheckConstraint(
                condition=Q(per_yuan__gte=0, order_minimum__gte=0), name="points_ruleversion_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(budget__isnull=True) | Q(granted__lte=F("budget")), name="points_ruleversion_within_budget"
            ),
            models.CheckConstraint(
                condition=Q(expiry_method__in=["", "never", "month_end", "quarter_end", "year_end"])
                | Q(expiry_method__in=["days", "months"], expiry_count__gte=1),
                name="points_ruleversion_expiry_makes_sense",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} v{self.number}"

    @property
    def budget_left(self) -> int | None:
        """What the budget has left, None where there is none."""
        return None if self.budget is None else self.budget - self.granted

    def status_at(self, at: datetime) -> str:
        """``draft``, ``scheduled``, ``active`` or ``retired``."""
        if self.starts_at is None:
            return "draft"
        if self.ends_at is not None and self.ends_at <= max(at, self.starts_at):
            return "retired"
        return "scheduled" if at < self.starts_at else "active"


class Budget(models.Model):
    """What the whole programme has granted in a calendar month, against the setting ``points.budget_per_month``.

    A row exists only for months in which a budget is set; it is changed by one conditional UPDATE, so that it is never
    exceeded, however many tills sell at once (R-P5, invariant 24).
    """

    month = models.DateField(primary_key=True)
    granted = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.granted}"
