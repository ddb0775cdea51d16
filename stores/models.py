"""Stores, the people who work in them, and the dated values of the shop's settings."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ledger import AppendOnly, append_only_triggers


def validate_time_zone(name: str) -> None:
    """An IANA zone that this machine knows."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a known time zone."), params={"name": name})


class StoreQuerySet(models.QuerySet["Store"]):
    """Stores by what a person may see."""

    def visible_to(self, staff: "Staff") -> "StoreQuerySet":
        """All stores for roles that see the whole chain, else the person's own (R-S2)."""
        if staff.sees_all_stores:
            return self
        return self.filter(staff=staff)


class Store(models.Model):
    """A shop of the chain. Its zone and day-cut decide which day's takings a sale belongs to."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=50, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    day_cut_hour = models.PositiveSmallIntegerField(
        _("day begins at hour"), default=0, help_text=_("Sales before this hour count for the day before.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects = StoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        constraints = [
            models.CheckConstraint(condition=models.Q(day_cut_hour__lte=12), name="stores_store_day_cut_in_morning"),
        ]

    def __str__(self) -> str:
        return self.name

    def business_day(self, at: datetime) -> date:
        """Which day's takings an instant belongs to: the store's zone, moved by the day-cut (rules.md 0.6)."""
        return (at.astimezone(ZoneInfo(self.time_zone)) - timedelta(hours=self.day_cut_hour)).date()


class Staff(AbstractUser):
    """A person who signs in. Never deleted: deactivated, so that every entry keeps its actor."""

    stores = models.ManyToManyField(Store, verbose_name=_("stores"), related_name="staff", blank=True)
    display_name = models.CharField(_("name"), max_length=50)
    pin_hash = models.CharField(_("PIN"), max_length=128, blank=True)
    pin_failures = models.PositiveSmallIntegerField(default=0)
    pin_locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        permissions = [
            ("see_all_stores", "Can see orders, shifts and stock of every store"),
            ("set_staff_password", "Can reset passwords and PINs of staff"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def sees_all_stores(self) -> bool:
        """Owner, finance and auditor see the whole chain; others their own stores."""
        return self.has_perm("stores.see_all_stores")


class SettingValue(AppendOnly):
    """A setting's value from an instant on. The newest row that has begun is in force; rows are never edited."""

    code = models.CharField(max_length=100)
    value: Any = models.JSONField()
    effective_at = models.DateTimeField()
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        permissions = [("view_setting", "Can see settings"), ("change_setting", "Can change settings")]
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["code", "-effective_at", "-id"], name="stores_setting_in_force")]

    def __str__(self) -> str:
        return f"{self.code} = {self.value}"
