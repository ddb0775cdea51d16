"""The list and the form of recharge plans."""

from datetime import datetime
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from core.days import local_day
from core.errors import DomainError
from gifts import selectors, services, wording
from gifts.forms import PlanForm
from gifts.models import RechargePlan
from stores.models import Staff


def plan_list(request: HttpRequest) -> HttpResponse:
    """All plans with what they give, what was sold and what it costs; a shop has a handful, so there are no pages."""
    today = local_day(timezone.now())
    sold = selectors.sold_by_plan()
    rows = [
        {
            "plan": terms.plan,
            "sentence": wording.sentence(terms),
            "is_offered": terms.plan.is_offered_on(today),
            "sold": sold.get(terms.plan.pk, selectors.Sold()),
            "left": None if terms.plan.total_limit is None else terms.plan.total_limit - terms.plan.sold_count,
        }
        for terms in selectors.read_terms(selectors.list_plans())
    ]
    return render(request, "gifts/plan_list.html", {"rows": rows})


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
    name, staff, at = plan.name, cast("Staff", request.user), timezone.now()
    form = PlanForm(request.POST or None, staff=staff, plan=plan)
    if request.method == "POST" and "preview" in request.GET:
        return render(request, "gifts/plan_form.html#summary", {"sentences": _in_words(form.typed_terms(), at)})
    if request.method == "POST" and form.is_valid():
        try:
            services.save_plan(
                plan=form.filled_plan(),
                stores=form.cleaned_data["stores"],
                coupon_counts=form.cleaned_data["coupon_counts"],
                gifts=form.cleaned_data["gifts"],
                actor=staff,
                at=at,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": plan.name})
            return redirect("gifts:plan-list")
    known = form.typed_terms() if form.is_bound else selectors.get_terms(plan) if plan.pk else None
    context = {"form": form, "name": name, "sentences": _in_words(known, at)}
    return render(request, "gifts/plan_form.html", context, status=422 if form.is_bound else 200)


def _in_words(terms: selectors.Terms | None, at: datetime) -> list[str]:
    return [] if terms is None else [wording.sentence(terms), wording.example(terms, at=at)]
