"""Members: list, download, form, page, code."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.services import run_command
from core import links
from core.http import render_page
from core.listing import list_page
from core.workbook import limited, workbook_response
from members import registry, selectors, services
from members.columns import EXPORT_COLUMNS, export_row
from members.forms import MemberCreateForm, MemberEditForm, MemberFilterForm, MemberForm
from members.models import Member
from members.views.desk import acting_staff, find_member
from stores.models import Store
from stores.session import active_store


def _filter_form(request: HttpRequest) -> MemberFilterForm:
    # Members are shared by the chain (R-S2), so every store can be asked for.
    return MemberFilterForm(request.GET, stores=list(Store.objects.order_by("code").values_list("pk", "name")))


@require_GET
def member_list(request: HttpRequest) -> HttpResponse:
    """Members, newest first; filters stand in the URL."""
    form = _filter_form(request)
    rows = selectors.list_members(form.criteria)
    page = list_page(rows, request.GET, sorts={"registered": "registered_at"}, default="-registered")
    context = {"form": form, "page": page, "ended_card": selectors.find_ended_card(form.criteria.search)}
    return render_page(request, "members/member_list.html", context, fragment="table")


@require_POST
def member_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; full phones only for those who may see them. Kept in the audit trail."""
    staff, at = acting_staff(request), timezone.now()
    form = _filter_form(request)
    with_phones = staff.has_perm("members.reveal_phone")
    rows = selectors.list_members(form.criteria).order_by(*selectors.NEWEST_FIRST).iterator(chunk_size=2000)
    filters = {name: request.GET.get(name, "") for name in form.fields}
    notes: list[tuple[Any, Any]] = [
        (_("Made by"), staff),
        (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
    ]
    notes += [(form.fields[name].label, value) for name, value in filters.items() if value]
    response, count = workbook_response(
        name=_("Members"),
        title=_("Members"),
        columns=EXPORT_COLUMNS,
        rows=limited(export_row(member, with_phones=with_phones) for member in rows),
        notes=notes,
    )
    services.record_export(count=count, filters=filters, with_phones=with_phones, actor=staff, at=at)
    return response


def member_create(request: HttpRequest) -> HttpResponse:
    """Register a member at the active store. A phone that exists answers with a link to that member."""
    form = MemberCreateForm(request.POST or None, initial={"phone": request.GET.get("phone", "")})
    if request.method == "POST" and form.is_valid():
        staff, at, store = acting_staff(request), timezone.now(), active_store(request)

        def register() -> dict[str, int]:
            member = services.register_member(
                data=form.data_of_member(), source=Member.Source.COUNTER, store=store, actor=staff, at=at
            )
            return {"member": member.pk}

        try:
            result = run_command(
                name="members.create",
                key=form.cleaned_data["command_key"],
                content=form.content,
                actor=staff,
                execute=register,
            )
        except services.InvalidMember as refusal:
            _show_refusal(form, refusal)
        else:
            messages.success(request, _("The member is registered."))
            return redirect("members:member-detail", result["member"])
    status = 422 if form.is_bound else 200
    return render(request, "members/member_form.html", {"form": form}, status=status)


def member_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a member told."""
    member = find_member(pk)
    form = MemberEditForm(request.POST or None, initial=MemberEditForm.initial_of(member))
    form.fields["phone"].help_text = (
        _("%(phone)s is stored; leave empty to keep it.") % {"phone": member.masked_phone} if member.phone_tail else ""
    )
    if request.method == "POST" and form.is_valid():
        data = form.data_of_member(
            phone=form.phone_to_store(),
            is_named=member.is_named,
            referrer_id=member.referrer_id,
            external_source=member.external_source,
            external_id=member.external_id,
        )
        try:
            services.update_member(
                member_id=pk, data=data, actor=acting_staff(request), at=timezone.now(), store=active_store(request)
            )
        except services.InvalidMember as refusal:
            _show_refusal(form, refusal)
        else:
            messages.success(request, _("The changes are saved."))
            return redirect("members:member-detail", pk)
    status = 422 if form.is_bound else 200
    return render(request, "members/member_form.html", {"form": form, "member": member}, status=status)


def _show_refusal(form: MemberForm, refusal: services.InvalidMember) -> None:
    field = refusal.field if refusal.field in form.fields else None
    if isinstance(refusal, services.PhoneTaken):
        url = reverse("members:member-detail", args=[refusal.member_id])
        form.add_error(field, format_html('{} <a href="{}">{}</a>', refusal.message, url, _("Open that member")))
    else:
        form.add_error(field, str(refusal))


@require_GET
def member_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Who the member is; every other app brings its own block, loaded after the page."""
    member = find_member(pk)
    panels = [
        {"name": panel.name.replace(".", "-"), "label": panel.label, "url": reverse(panel.url_name, args=[pk])}
        for panel in links.member_panels_for(acting_staff(request))
    ]
    staff = acting_staff(request)
    actions = [
        {"label": action.label, "icon": action.icon, "url": reverse(action.url_name, args=[pk]), "order": action.order}
        for action in registry.actions_for(staff, member)
    ]
    context = {
        "member": member,
        "panels": panels,
        "badges": registry.badges_of(member, timezone.now()),
        "buttons": [action for action in actions if action["order"] < registry.MENU_FROM],
        "menu": [action for action in actions if action["order"] >= registry.MENU_FROM],
        "card": selectors.list_cards(member)[0],
        "has_pin": selectors.has_pin(pk),
        "changes": selectors.list_status_changes(pk)[:5],
    }
    return render(request, "members/member_detail.html", context)
