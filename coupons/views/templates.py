"""Coupon templates: the list, the editor, one template with its versions, starting, pausing and retiring."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.http import render_page
from core.listing import list_page
from coupons import examples, selectors, services, wording
from coupons.forms import ActivateForm, TemplateFilterForm, TemplateForm, TrialForm
from coupons.models import Template
from coupons.selectors.editing import filter_templates, list_store_limits, list_versions
from coupons.services import TRIAL
from coupons.views._shared import staff_of, template_or_404
from trials.selectors import find_valid, list_trials
from trials.services import ask

SHOWN_TRIALS = 5


@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    """All templates with what they gave."""
    form = TemplateFilterForm(request.GET)
    rows = filter_templates(selectors.list_templates(), form.criteria).select_related("stack_category")
    listing = list_page(rows, request.GET, sorts={"newest": "pk", "name": "name"}, default="-newest")
    context = {
        "form": form,
        "listing": listing,
        "templates": [(template, wording.promise(template)) for template in listing.rows],
    }
    return render_page(request, "coupons/template_list.html", context, fragment="list")


def template_create(request: HttpRequest) -> HttpResponse:
    """A new draft; ``?copy=7`` begins with the terms of another template."""
    template = Template(is_usable_while_stopped=True)
    if (number := request.GET.get("copy", "")).isdecimal():
        template = template_or_404(int(number))
        template.pk, template.name = None, ""
    return _edit(request, template)


def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the terms of a template for coupons issued from now on."""
    return _edit(request, template_or_404(pk))


def _edit(request: HttpRequest, template: Template) -> HttpResponse:
    name, is_new = template.name, template.pk is None
    form = TemplateForm(request.POST or None, staff=staff_of(request), template=template)
    is_preview = "preview" in request.GET
    valid = form.is_bound and form.is_valid()
    if valid:
        form.fill(template)
        services.tidy(template)
    if valid and not is_preview:
        try:
            saved = services.save_template(
                template=template, actor=staff_of(request), at=timezone.now(), store_limits=form.store_limits
            )
        except services.InvalidTemplate as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
            return redirect("coupons:template-detail", saved.pk)
    shows = valid if form.is_bound else not is_new
    context = {
        "form": form,
        "name": name,
        "template": template,
        "is_new": is_new,
        "summary": wording.summary(template, store_limits=_limits_by_name(form)) if shows else [],
        "example": examples.find_example(template) if shows else None,
    }
    status = 200 if is_preview or not form.is_bound else 422
    return render_page(request, "coupons/template_form.html", context, fragment="summary", status=status)


def _limits_by_name(form: TemplateForm) -> dict[str, int]:
    values = form.cleaned_data if form.is_bound else form.initial_limits
    given = ((str(bound.label), values.get(bound.name)) for bound in form.store_fields)
    return {store: limit for store, limit in given if limit is not None}


@require_safe
def template_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One template: what it says, its figures, its trials and its coupons."""
    return _template_page(request, template_or_404(pk), ActivateForm())


def _template_page(request: HttpRequest, template: Template, form: ActivateForm, status: int = 200) -> HttpResponse:
    at = timezone.now()
    listing = list_page(
        selectors.list_of_template(template_id=template.pk), request.GET, sorts={"newest": "pk"}, default="-newest"
    )
    limits = list_store_limits(template_id=template.pk)
    subject = f"{TRIAL}:{template.pk}"
    is_draft = template.status == Template.Status.DRAFT
    context: dict[str, Any] = {
        "template": template,
        "summary": wording.summary(template, store_limits={limit.store.name: limit.limit for limit in limits}),
        "example": examples.find_example(template),
        "store_limits": limits,
        "listing": listing,
        "coupons": [(coupon, selectors.state_of(coupon, at)) for coupon in listing.rows],
        "moves": [(move.value, move.label) for move in services.next_statuses(template)],
        "form": form,
        "trial_form": TrialForm(),
        "trials": list(list_trials(subject=subject).defer("result")[:SHOWN_TRIALS]),
        "valid_trial": find_valid(kind=TRIAL, subject=subject) if is_draft else None,
        "is_draft": is_draft,
    }
    return render_page(request, "coupons/template_detail.html", context, fragment="coupons", status=status)


@require_POST
def template_status_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Start, pause or retire; a draft that was not tried asks why."""
    template = template_or_404(pk)
    status = request.POST.get("status", "")
    form = ActivateForm(request.POST)
    if status not in Template.Status.values or not form.is_valid():
        raise Http404
    try:
        changed = services.set_template_status(
            template_id=template.pk,
            status=status,
            actor=staff_of(request),
            at=timezone.now(),
            untried_reason=form.cleaned_data["reason"],
        )
    except services.NotTried as refusal:
        form.add_error("reason", str(refusal))
        return _template_page(request, template, form, status=422)
    messages.success(
        request, _("%(name)s is now: %(status)s.") % {"name": changed.name, "status": changed.get_status_display()}
    )
    return redirect("coupons:template-detail", template.pk)


@require_POST
def trial_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Try the template as it is now on the orders of the last days; the trial's page shows how far it is."""
    template = template_or_404(pk)
    form = TrialForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Between 1 and 1,100 days."))
        return redirect("coupons:template-detail", template.pk)
    trial = ask(
        kind=TRIAL,
        subject=f"{TRIAL}:{template.pk}",
        title=template.name,
        days=form.cleaned_data["days"],
        actor=staff_of(request),
        at=timezone.now(),
    )
    return redirect("trials:trial-detail", trial.pk)


@require_safe
def version_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The versions of a template and what two of them say differently: ``?from=1&to=3``, else the last two."""
    template = template_or_404(pk)
    versions = list(list_versions(template_id=pk))
    by_number = {version.number: version for version in versions}
    newest = max(by_number, default=0)
    after = by_number.get(_number(request, "to", newest))
    before = by_number.get(_number(request, "from", newest - 1))
    both = before is not None and after is not None
    context = {
        "template": template,
        "versions": [(version, wording.promise(wording.template_of(version.terms))) for version in versions],
        "before": before,
        "after": after,
        "changes": wording.differences(before.terms, after.terms) if before and after and both else [],
    }
    return render_page(request, "coupons/version_list.html", context, fragment="changes")


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 7 else default
