"""Rules of points: what there is, what each says and said, and the next version."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Brand, Category
from core.errors import DomainError
from core.http import wants_fragment
from points import examples, selectors, services
from points.examples import Example, ExampleLine
from points.forms import RuleForm, VersionForm, WhenForm
from points.models import Rule
from points.rules import EarnTerms, RuleTerms
from points.selectors.scopes import (
    STATUSES,
    RuleState,
    differences,
    get_rule_state,
    list_overlaps,
    list_rule_states,
    with_rule,
)
from points.views._shared import staff_of
from points.wording import describe_differences, describe_scope, describe_version

BADGES = {"active": "success", "scheduled": "info", "draft": "neutral", "retired": "warning"}


def _state_or_404(pk: int, at: datetime) -> RuleState:
    try:
        return get_rule_state(pk, at=at)
    except Rule.DoesNotExist:
        raise Http404 from None


@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    """Every rule with what it says now."""
    status = request.GET.get("status", "")
    at = timezone.now()
    rows = [
        (state, describe_scope(state.rule), describe_version(state.shown, describe_scope(state.rule)))
        for state in list_rule_states(at=at, status=status if status in STATUSES else "")
    ]
    in_force = selectors.get_rules(at=at)
    context = {"rows": rows, "status": status, "statuses": STATUSES, "rate": in_force.per_yuan, "budget": None}
    if in_force.caps.budget_per_month:
        granted = selectors.granted_in_month(at=at)
        left = max(in_force.caps.budget_per_month - granted, 0)
        context["budget"] = {"whole": in_force.caps.budget_per_month, "granted": granted, "left": left}
    return render(request, "points/rule_list.html", context)


@require_http_methods(["GET", "POST"])
def rule_create(request: HttpRequest) -> HttpResponse:
    """A new rule with its first draft."""
    form, at = RuleForm(request.POST or None), timezone.now()
    if "preview" in request.GET and wants_fragment(request):
        return render(request, "points/rule_form.html#summary", _summary(form, None, at))
    if request.method == "POST" and form.is_valid():
        try:
            rule = services.create_rule(
                name=form.cleaned_data["name"],
                scope=form.chosen_scope,
                data=form.version_data,
                actor=staff_of(request),
                at=at,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The draft is saved. It counts once you start it."))
            return redirect("points:rule-detail", rule.pk)
    context = {"form": form, **_summary(form, None, at)}
    return render(request, "points/rule_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def draft_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The next version of a rule, beginning with what it says now."""
    at = timezone.now()
    state = _state_or_404(pk, at)
    form = VersionForm(request.POST or None, initial=VersionForm.initial_of(state.draft or state.shown))
    if "preview" in request.GET and wants_fragment(request):
        return render(request, "points/rule_form.html#summary", _summary(form, state.rule, at))
    if request.method == "POST" and form.is_valid():
        services.save_draft(rule_id=state.rule.pk, data=form.version_data, actor=staff_of(request), at=at)
        messages.success(request, _("The draft is saved. It counts once you start it."))
        return redirect("points:rule-detail", state.rule.pk)
    context = {"form": form, "rule": state.rule, **_summary(form, state.rule, at)}
    return render(request, "points/rule_form.html", context, status=422 if form.is_bound else 200)


@require_safe
def rule_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What the rule says and said, which other rules meet it, and what can be done next."""
    return _detail(request, pk, WhenForm(at=timezone.now(), prefix="start"), WhenForm(at=timezone.now(), prefix="end"))


def _detail(request: HttpRequest, pk: int, start: WhenForm, end: WhenForm, status: int = 200) -> HttpResponse:
    at = timezone.now()
    state = _state_or_404(pk, at)
    scope = describe_scope(state.rule)
    pairs = zip(state.versions, [*state.versions[1:], None], strict=True)
    versions = [
        {
            "version": version,
            "status": version.status_at(at),
            "badge": BADGES[version.status_at(at)],
            "sentence": describe_version(version, scope),
            "changes": describe_differences(differences(version, older)),
        }
        for version, older in pairs
    ]
    context = {
        "state": state,
        "scope": scope,
        "versions": versions,
        "overlaps": [(found, describe_scope(found.rule)) for found in list_overlaps(state.rule, at=at)],
        "start_form": start,
        "end_form": end,
    }
    return render(request, "points/rule_detail.html", context, status=status)


@require_POST
def start_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Start the draft now or at the beginning of a day."""
    at = timezone.now()
    form = WhenForm(request.POST, at=at, prefix="start")
    if not form.is_valid():
        return _detail(request, pk, form, WhenForm(at=at, prefix="end"), 422)
    moment = form.moment
    return _do(
        request,
        pk,
        lambda rule_id: services.schedule_version(rule_id=rule_id, starts_at=moment, actor=staff_of(request), at=at),
        _("The version counts from now on.") if moment == at else _("The start is planned."),
    )


@require_POST
def start_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Call off a start that lies ahead."""
    at = timezone.now()
    return _do(
        request,
        pk,
        lambda rule_id: services.call_off_version(rule_id=rule_id, actor=staff_of(request), at=at),
        _("The start is called off."),
    )


@require_POST
def end_create(request: HttpRequest, pk: int) -> HttpResponse:
    """End the running version without a successor."""
    at = timezone.now()
    form = WhenForm(request.POST, at=at, prefix="end")
    if not form.is_valid():
        return _detail(request, pk, WhenForm(at=at, prefix="start"), form, 422)
    moment = form.moment
    return _do(
        request,
        pk,
        lambda rule_id: services.retire_rule(rule_id=rule_id, ends_at=moment, actor=staff_of(request), at=at),
        _("The rule has ended.") if moment == at else _("The end is planned."),
    )


@require_POST
def draft_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw the draft away."""
    at = timezone.now()
    return _do(
        request,
        pk,
        lambda rule_id: services.drop_draft(rule_id=rule_id, actor=staff_of(request), at=at),
        _("The draft is gone."),
    )


def _do(request: HttpRequest, pk: int, act: Callable[[int], object], done: str) -> HttpResponse:
    state = _state_or_404(pk, timezone.now())
    try:
        act(state.rule.pk)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("points:rule-detail", state.rule.pk)


def _summary(form: VersionForm, rule: Rule | None, at: datetime) -> dict[str, Any]:
    """The rule in plain words, what the last order with such goods would earn, and the rules that it meets."""
    if form.is_bound:
        if not form.is_valid():
            return {}
    elif rule is None:
        return {}
    if rule is None and isinstance(form, RuleForm):
        rule = _unsaved(form)
    if rule is None:
        return {}
    if not form.is_bound:
        form = VersionForm({name: value for name, value in form.initial.items() if value not in (None, False)})
        form.is_valid()
    data = form.version_data
    return {
        "sentence": describe_version(data, describe_scope(rule)),
        "example": _example(rule, data, at),
        "overlaps": [(found, describe_scope(found.rule)) for found in list_overlaps(rule, at=at)],
    }


def _unsaved(form: RuleForm) -> Rule:
    scope = form.chosen_scope
    return Rule(
        name=form.cleaned_data["name"],
        category=Category.objects.filter(pk=scope.category_id or 0).first(),
        brand=Brand.objects.filter(pk=scope.brand_id or 0).first(),
        product=form.found_product,
    )


def _example(rule: Rule, data: services.VersionData, at: datetime) -> Example | None:
    in_force, book = selectors.get_rules(at=at), selectors.get_rule_book(at=at)
    values = asdict(data)
    budget = values.pop("budget")
    terms = RuleTerms(rule_id=rule.pk or 0, version_id=0, name=rule.name, budget_left=budget, **values)
    changed = with_rule(book, terms, rule)

    def finder(rules: selectors.RuleBook) -> Callable[[ExampleLine], RuleTerms | None]:
        return lambda line: rules.find(product_id=line.product_id, category_id=line.category_id, brand_id=line.brand_id)

    return examples.find_example(
        before=finder(book),
        after=finder(changed),
        terms=EarnTerms(per_yuan=in_force.per_yuan, caps=in_force.caps),
        rule_id=terms.rule_id,
    )
