"""Reports own no tables; this names their rights."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Report(models.Model):
    """Stands for all reports, so that there are rights to see and to download them."""

    class Meta:
        managed = False
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        default_permissions = ()
        permissions = [
            ("view_sales", "Can see sales reports"),
            ("export_sales", "Can download sales reports"),
            ("view_value", "Can see the books of points, stored value and passes"),
            ("export_value", "Can download the books of points, stored value and passes"),
        ]

    def __str__(self) -> str:
        return "report"
