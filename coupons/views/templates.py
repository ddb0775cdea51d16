"""Coupon templates: the list, the editor, one template with its coupons."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.http import render_page
from core.listing import list_page
from coupons import selectors, services, wording
from coupons.forms import TemplateForm
from coupons.models import Template
from coupons.views._shared import staff_of, template_or_404


def template_list(request: HttpRequest) -> HttpResponse:
    """All templates with what they gave."""
    status = request.GET.get("status", "")
    rows = selectors.list_templates(status=status if status in Template.Status.values else "")
    listing = list_page(rows, request.GET, sorts={"newest": "pk", "name": "name"}, default="-newest")
    context = {
        "listing": listing,
        "templates": [(template, wording.promise(template)) for template in listing.rows],
        "statuses": Template.Status.choices,
        "status": status,
    }
    return render_page(request, "coupons/template_list.html", context, fragment="list")


def template_create(request: HttpRequest) -> HttpResponse:
    """A new draft."""
    return _edit(request, Template())


def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the terms of a template for coupons issued from now on."""
    return _edit(request, template_or_404(pk))


def _edit(request: HttpRequest, template: Template) -> HttpResponse:
    name, is_new = template.name, template.pk is None
    form = TemplateForm(request.POST or None, initial=TemplateForm.initial_of(template))
    is_preview = "preview" in request.GET
    valid = form.is_bound and form.is_valid()
    if valid:
        form.fill(template)
    if valid and not is_preview:
        try:
            saved = services.save_template(template=template, actor=staff_of(request), at=timezone.now())
        except services.InvalidTemplate as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
            return redirect("coupons:template-detail", saved.pk)
    shows = valid if form.is_bound else not is_new
    context = {
        "form": form,
        "name": name,
        "template": template,
        "is_new": is_new,
        "summary": wording.summary(template) if shows else [],
    }
    status = 200 if is_preview or not form.is_bound else 422
    return render_page(request, "coupons/template_form.html", context, fragment="summary", status=status)


def template_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One template: its terms, its figures and its coupons."""
    template = template_or_404(pk)
    at = timezone.now()
    listing = list_page(
        selectors.list_of_template(template_id=pk), request.GET, sorts={"newest": "pk"}, default="-newest"
    )
    context = {
        "template": template,
        "summary": wording.summary(template),
        "listing": listing,
        "coupons": [(coupon, selectors.state_of(coupon, at)) for coupon in listing.rows],
        "moves": [(move.value, move.label) for move in services.next_statuses(template)],
    }
    return render_page(request, "coupons/template_detail.html", context, fragment="coupons")


@require_POST
def template_status_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Start, pause or retire."""
    template = template_or_404(pk)
    status = request.POST.get("status", "")
    if status not in Template.Status.values:
        raise Http404
    changed = services.set_template_status(
        template_id=template.pk, status=status, actor=staff_of(request), at=timezone.now()
    )
    messages.success(
        request, _("%(name)s is now: %(status)s.") % {"name": changed.name, "status": changed.get_status_display()}
    )
    return redirect("coupons:template-detail", template.pk)
