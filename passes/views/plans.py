"""The list and the form of pass plans."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.days import local_day
from core.errors import DomainError
from passes import selectors, services, wording
from passes.forms import PlanForm
from passes.models import Plan
from stores.models import Staff


def _new_plan() -> Plan:
    return Plan(is_active=True)


@require_safe
def plan_list(request: HttpRequest) -> HttpResponse:
    """All plans; a shop has a handful, so there are no pages."""
    today = local_day(timezone.now())
    plans = [
        {
            "plan": plan,
            "is_offered": plan.is_offered_on(today),
            "sentence": wording.sentence(plan, [product.name for product in plan.products.all()]),
            "saving": wording.saving(plan),
        }
        for plan in selectors.list_plans()
    ]
    return render(request, "passes/plan_list.html", {"plans": plans})


def plan_create(request: HttpRequest) -> HttpResponse:
    """A new plan."""
    return _edit(request, _new_plan())


def plan_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a plan; passes that were sold keep what was agreed."""
    try:
        plan = selectors.get_plan(pk)
    except Plan.DoesNotExist:
        raise Http404 from None
    return _edit(request, plan)


@require_POST
def plan_preview(request: HttpRequest) -> HttpResponse:
    """What the form says so far, in words; nothing is stored."""
    form = PlanForm(request.POST, staff=cast("Staff", request.user), plan=_new_plan())
    return render(request, "passes/_sentence.html", _said(form))


def _said(form: PlanForm) -> dict[str, str]:
    needed = {"products", "price", "unit_list_price", "paid_uses", "gift_uses", "valid_days"}
    form.is_valid()
    if needed & form.errors.keys():
        return {}
    data = form.cleaned_data
    plan = Plan(**{name: data[name] for name in needed - {"products"}}, is_unlimited=data["is_unlimited"])
    return {
        "sentence": wording.sentence(plan, [product.name for product in data["products"]]),
        "example": wording.example(plan),
    }


def _edit(request: HttpRequest, plan: Plan) -> HttpResponse:
    name, staff = plan.name, cast("Staff", request.user)
    form = PlanForm(request.POST or None, staff=staff, plan=plan)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.save_plan(
                plan=form.filled_plan(),
                products=data["products"],
                stores=data["stores"],
                actor=staff,
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": plan.name})
            return redirect("passes:plan-list")
    said = {}
    if plan.pk and not form.is_bound:
        goods = list(plan.products.order_by("sku").values_list("name", flat=True))
        said = {"sentence": wording.sentence(plan, goods), "example": wording.example(plan)}
    context = {"form": form, "name": name, **said}
    return render(request, "passes/plan_form.html", context, status=422 if form.is_bound else 200)
