"""Odd accounts: the list, a look at one, and the number on the home page."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from points import services
from points.forms import ReviewForm, WatchFilterForm
from points.models import Watch
from points.selectors.watching import count_waiting_watches, get_watch, list_watches
from points.views._shared import figures, staff_of
from points.wording import describe_evidence


@require_safe
def watch_list(request: HttpRequest) -> HttpResponse:
    """Odd accounts, newest day first; without filters those that wait."""
    form = WatchFilterForm(request.GET)
    listing = list_page(list_watches(form.criteria), request.GET, sorts={"day": "day"}, default="-day")
    rows = [(watch, describe_evidence(watch.kind, watch.evidence)) for watch in listing]
    context = {"form": form, "listing": listing, "rows": rows}
    return render_page(request, "points/watch_list.html", context, fragment="watches")


@require_http_methods(["GET", "POST"])
def watch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What is odd, the member's points, and the outcome."""
    try:
        watch = get_watch(pk)
    except Watch.DoesNotExist:
        raise Http404 from None
    staff = staff_of(request)
    may_review = staff.has_perm("points.review_watch") and watch.reviewed_at is None
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and staff.has_perm("points.review_watch"):
        try:
            services.review_watch(watch_id=watch.pk, actor=staff, at=timezone.now(), **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The review is kept."))
            return redirect("points:watch-list")
    context = {
        "watch": watch,
        "member_source": f"member:{watch.member_id}",
        "evidence": describe_evidence(watch.kind, watch.evidence),
        "form": form,
        "may_review": may_review,
        **figures(watch.member_id),
    }
    return render(request, "points/watch_detail.html", context, status=422 if form.is_bound else 200)


@require_safe
def watch_tile(request: HttpRequest) -> HttpResponse:
    """How many wait for a look."""
    return render(request, "points/watch_tile.html", {"waiting": count_waiting_watches()})
