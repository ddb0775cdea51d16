"""Pages of tags: one call down, one answer up."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from members.models import Member
from stores.models import Staff
from stores.session import active_store
from tags import selectors, services
from tags.forms import RuleBuilder, TagForm
from tags.models import Tag


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


@require_GET
def tag_list(request: HttpRequest) -> HttpResponse:
    """All tags with what their rules say and how many members have them; a chain has dozens, so there are no pages."""
    rows = [(tag, selectors.describe(tag.rule)) for tag in selectors.list_tags()]
    return render(request, "tags/tag_list.html", {"rows": rows})


@require_GET
def tag_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A tag and the members that have it now."""
    tag = get_object_or_404(Tag, pk=pk)
    page = list_page(
        selectors.list_tagged_members(pk),
        request.GET,
        sorts={"registered": "registered_at"},
        default="-registered",
    )
    context = {"tag": tag, "description": selectors.describe(tag.rule), "page": page}
    return render_page(request, "tags/tag_detail.html", context, fragment="table")


def tag_create(request: HttpRequest) -> HttpResponse:
    """A new tag."""
    return _edit(request, None)


def tag_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a tag; its kind stays."""
    return _edit(request, get_object_or_404(Tag, pk=pk))


def _edit(request: HttpRequest, tag: Tag | None) -> HttpResponse:
    names = ("name", "description", "colour", "kind", "is_active")
    form = TagForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(tag, name) for name in names} if tag else {},
    )
    if tag is not None:
        # The kind is what the tag was made as; a disabled field ignores what is posted.
        form.fields["kind"].disabled = True
    is_simple = RuleBuilder.is_simple(tag.rule if tag else None)
    builder = RuleBuilder.from_rule(tag.rule if tag and is_simple else None)
    status = 200
    if request.method == "POST":
        builder = RuleBuilder.from_post(request.POST)
        if "add" in request.POST or "remove" in request.POST or "fit" in request.POST:
            # Without scripts the builder's buttons send the form; nothing typed is lost and nothing is saved yet.
            if "add" in request.POST:
                builder.add()
            form = TagForm(initial=request.POST.dict())
        elif _save(request, form, builder, tag, is_simple=is_simple):
            messages.success(request, _("The tag is saved."))
            return redirect("tags:tag-list")
        else:
            status = 422
    context = {
        "form": form,
        "tag": tag,
        "builder": builder,
        "is_simple": is_simple,
        "description": "" if is_simple or tag is None else selectors.describe(tag.rule),
    }
    return render(request, "tags/tag_form.html", context, status=status)


def _save(request: HttpRequest, form: TagForm, builder: RuleBuilder, tag: Tag | None, *, is_simple: bool) -> bool:
    if not form.is_valid():
        return False
    is_automatic = form.cleaned_data["kind"] == Tag.Kind.AUTOMATIC
    rule = None
    if is_automatic and not is_simple and tag is not None:
        rule = tag.rule
    elif is_automatic:
        if not builder.is_valid():
            form.add_error(None, builder.problem)
            return False
        rule = builder.rule
    try:
        services.save_tag(
            tag_id=tag.pk if tag else None,
            rule=rule,
            actor=_staff(request),
            at=timezone.now(),
            **form.cleaned_data,
        )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


@require_POST
def rule_preview(request: HttpRequest) -> HttpResponse:
    """How many members the rows fit now, and a sample; asked while the rule is being built."""
    builder = RuleBuilder.from_post(request.POST)
    context: dict[str, Any] = {"builder": builder, "preview": None}
    if builder.is_valid():
        context["preview"] = selectors.preview(builder.rule, timezone.now())
        context["description"] = selectors.describe(builder.rule)
    return render(request, "tags/_preview.html", context)


@require_POST
def rule_rows(request: HttpRequest) -> HttpResponse:
    """The builder's rows after one was added, removed or got another fact (htmx)."""
    builder = RuleBuilder.from_post(request.POST)
    if "add" in request.POST:
        builder.add()
    return render(request, "tags/_rows.html", {"builder": builder})


@require_GET
def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """The block of the member page: tags as chips, and one more to give."""
    return _panel(request, get_object_or_404(Member, pk=member_id))


def _panel(request: HttpRequest, member: Member, problem: str = "") -> HttpResponse:
    context = {
        "member": member,
        "held": selectors.list_member_tags(member.pk),
        "assignable": selectors.list_assignable_tags(member.pk),
        "problem": problem,
    }
    return render_page(request, "tags/member_panel.html", context, fragment="panel", status=422 if problem else 200)


@require_POST
def assignment_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give a tag by hand."""
    member = get_object_or_404(Member, pk=member_id)
    chosen = request.POST.get("tag", "")
    tag = get_object_or_404(Tag, pk=int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else 0)
    try:
        services.tag_member(
            member_id=member.pk, tag_id=tag.pk, actor=_staff(request), at=timezone.now(), store=active_store(request)
        )
    except DomainError as refusal:
        return _panel(request, member, str(refusal))
    return _panel(request, member)


@require_POST
def assignment_delete(request: HttpRequest, member_id: int, pk: int) -> HttpResponse:
    """Take a tag away that was given by hand."""
    member, tag = get_object_or_404(Member, pk=member_id), get_object_or_404(Tag, pk=pk)
    try:
        services.untag_member(
            member_id=member.pk, tag_id=tag.pk, actor=_staff(request), at=timezone.now(), store=active_store(request)
        )
    except DomainError as refusal:
        return _panel(request, member, str(refusal))
    return _panel(request, member)
