"""What members have to be told, ticked off by staff."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.days import local_day
from core.http import render_page
from core.listing import list_page
from members import selectors, services
from members.forms import ReminderFilterForm
from members.views.desk import acting_staff


@require_GET
def reminder_list(request: HttpRequest) -> HttpResponse:
    """Reminders of the person's stores: open ones from a week back on, or those that are done."""
    today = local_day(timezone.now())
    form = ReminderFilterForm(request.GET)
    show_done, kind = form.chosen
    rows = selectors.list_reminders(
        acting_staff(request), is_done=show_done, since=today - timedelta(days=7), kind=kind
    )
    page = list_page(rows, request.GET, sorts={"due": "due_on"}, default="-due" if show_done else "due")
    context = {"page": page, "form": form, "today": today, "show_done": show_done, "kind": kind}
    return render_page(request, "members/reminder_list.html", context, fragment="table")


@require_POST
def reminder_complete(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a reminder off; one of another store does not exist (R-S2)."""
    if not selectors.list_reminders(acting_staff(request)).filter(pk=pk).exists():
        raise Http404
    services.complete_reminder(reminder_id=pk, actor=acting_staff(request), at=timezone.now())
    messages.success(request, _("Ticked off."))
    return redirect(f"{reverse('members:reminder-list')}?{request.GET.urlencode()}".rstrip("?"))
