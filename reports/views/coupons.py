"""The page of what coupons did in a period (Q29)."""

import tempfile
from typing import Any, cast

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from core.charts import Series
from core.days import local_day
from core.http import render_page
from core.workbook import download
from coupons.models import Template
from reports.database import read_only
from reports.forms import SalesFilterForm
from reports.selectors import allowed_stores
from reports.selectors.coupons import EffectReport, effect_report, list_templates
from reports.services.coupons import DEFINITIONS, export_effect
from reports.services.value import scope_of
from stores.models import Staff

_CHART_ROWS = 10


class EffectFilterForm(SalesFilterForm):
    """Period, store and maybe one template."""

    template = forms.ChoiceField(label=gettext_lazy("Coupon"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.templates = {str(one.pk): one for one in list_templates()}
        choices = [("", _("All coupons")), *[(pk, one.name) for pk, one in self.templates.items()]]
        self.fields["template"] = forms.ChoiceField(label=_("Coupon"), choices=choices, required=False)

    def chosen_template(self) -> Template | None:
        """The template asked for."""
        return self.templates.get(self.cleaned_data.get("template", "")) if self.is_valid() else None


def _form(request: HttpRequest) -> EffectFilterForm:
    return EffectFilterForm(request.GET or {"period": "last_30"}, stores=allowed_stores(cast("Staff", request.user)))


@require_GET
def effect(request: HttpRequest) -> HttpResponse:
    """The funnel and the sales by coupon, batch and store; the filters stand in the URL."""
    form, at = _form(request), timezone.now()
    period, stores, template = form.chosen_period(local_day(at)), form.chosen_stores(), form.chosen_template()
    with read_only():
        report = effect_report(
            period,
            store_ids=[store.pk for store in stores],
            with_storeless=scope_of(stores, cast("Staff", request.user)) is None,
            template_id=None if template is None else template.pk,
            at=at,
        )
    context = {
        "title": _("Coupon report"),
        "download": reverse("reports:coupons-export") if request.user.has_perm("reports.export_sales") else "",
        "form": form,
        "period": period,
        "report": report,
        "definitions": DEFINITIONS,
        **_chart(report),
    }
    status = 200 if form.is_valid() else 422
    return render_page(request, "reports/coupons.html", context, fragment="report", status=status)


def _chart(report: EffectReport) -> dict[str, Any]:
    """The most used coupons: issued, used, expired."""
    rows = report.by_template[:_CHART_ROWS]
    return {
        "labels": [template.name for template, _row in rows],
        "series": [
            Series(_("Issued"), [row.issued for _template, row in rows]),
            Series(_("Used"), [row.used for _template, row in rows]),
            Series(_("Expired"), [row.expired for _template, row in rows]),
        ],
    }


@require_POST
def effect_export(request: HttpRequest) -> FileResponse:
    """The report of the filters in the URL as .xlsx; kept in the audit trail."""
    form, at = _form(request), timezone.now()
    period = form.chosen_period(local_day(at))
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    export_effect(
        file,
        period=period,
        stores=form.chosen_stores(),
        template=form.chosen_template(),
        actor=cast("Staff", request.user),
        at=at,
    )
    return download(file, f"{_('Coupons')} {period.first} {period.last}")
