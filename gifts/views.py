"""The list and the form of recharge plans."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from core.days import local_day
from core.errors import DomainError
from gifts import selectors, services
from gifts.forms import PlanForm
from gifts.models import RechargePlan
from stores.models import Staff


def plan_list(request: HttpRequest) -> HttpResponse:
    """All plans; a shop has a handful, so there are no pages."""
    today = local_day(timezone.now())
    plans = [(plan, plan.is_offered_on(today)) for plan in selectors.list_plans()]
    return render(request, "gifts/plan_list.html", {"plans": plans})


def plan_create(request: HttpRequest) -> HttpResponse:
    """A new plan."""
    return _edit(request, RechargePlan())


def plan_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a plan; recharges that were made with it keep what was agreed."""
    try:
        plan = selectors.get_plan(pk)
    except RechargePlan.DoesNotExist:
        raise Http404 from None
    return _edit(request, plan)


def _edit(request: HttpRequest, plan: RechargePlan) -> HttpResponse:
    name, staff = plan.name, cast("Staff", request.user)
    form = PlanForm(request.POST or None, staff=staff, plan=plan)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_plan(
                plan=form.filled_plan(), stores=form.cleaned_data["stores"], actor=staff, at=timezone.now()
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": plan.name})
            return redirect("gifts:plan-list")
    return render(request, "gifts/plan_form.html", {"form": form, "name": name}, status=422 if form.is_bound else 200)
