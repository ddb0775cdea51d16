"""What the night will do before it does it, how members moved between tiers, and who is about to lose one."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.charts import Series
from core.database import read_only
from core.days import last_day, local_day
from core.downloads import filtered_download
from core.http import render_page
from jobs.registry import all_jobs
from jobs.selectors import next_start
from members.models import Member
from tiers import services, wording
from tiers.columns import MATRIX_COLUMNS, PREVIEW_COLUMNS, RISK_COLUMNS
from tiers.forms.nightly import MatrixFilterForm, PreviewFilterForm, RiskFilterForm
from tiers.selectors.matrix import count_pyramid, list_matrices, name_of
from tiers.selectors.preview import Move, list_moves, preview_evaluation
from tiers.selectors.risk import list_at_risk
from tiers.views._shared import staff_of
from tiers.wording_night import missing_text, reason_text

LISTED = 200
BATCH = 2_000


def _next_night() -> Any:
    """When the evaluation runs next."""
    return next_start(all_jobs()["tiers.evaluate"], timezone.now())


@require_safe
def evaluation_preview(request: HttpRequest) -> HttpResponse:
    """Who would move from where to where in the coming night, as things stand now."""
    night = _next_night()
    form = PreviewFilterForm(request.GET)
    with read_only():
        preview = preview_evaluation(local_day(night), night, only=form.chosen, limit=LISTED)
    kinds = [
        {
            "move": move,
            "from": name_of(move.from_tier),
            "to": name_of(move.to_tier),
            "reason": reason_text(move.reason),
            "sign": (move.to_tier.rank > move.from_tier.rank) - (move.to_tier.rank < move.from_tier.rank),
            "count": count,
        }
        for move, count in preview.counts
    ]
    listed = sum(count for move, count in preview.counts if form.chosen in ("", move.key))
    context = {
        "night": night,
        "kinds": kinds,
        "total": preview.total,
        "chosen": form.chosen,
        "listed": listed,
        "is_cut": listed > len(preview.moves),
        "rows": [(member, *_told(move)) for member, move in preview.moves],
        "download": reverse("tiers:evaluation-export"),
    }
    return render_page(request, "tiers/evaluation_preview.html", context, fragment="moves")


def _told(move: Move) -> tuple[str, str, str, Any, list[str]]:
    return (
        name_of(move.from_tier),
        name_of(move.to_tier),
        reason_text(move.reason),
        None if move.valid_until is None else last_day(move.valid_until),
        [wording.figure(item) for item in move.figures],
    )


@require_POST
def evaluation_export(request: HttpRequest) -> FileResponse:
    """The moves of the coming night as .xlsx; kept in the audit trail."""
    night = _next_night()
    form = PreviewFilterForm(request.GET)
    with read_only():
        response, count, filters = filtered_download(
            request,
            title=_("Tiers before the night"),
            columns=PREVIEW_COLUMNS,
            rows=_preview_rows(form.chosen, night),
            form=form,
            about=[(_("Evaluation of"), local_day(night).isoformat())],
        )
    services.record_export(what="evaluation", count=count, filters=filters, actor=staff_of(request), at=timezone.now())
    return response


def _preview_rows(chosen: str, night: Any) -> Iterator[tuple[Any, ...]]:
    batch: list[Move] = []
    for move in list_moves(local_day(night), night):
        if chosen in ("", move.key):
            batch.append(move)
        if len(batch) == BATCH:
            yield from _written(batch)
            batch = []
    yield from _written(batch)


def _written(moves: list[Move]) -> Iterator[tuple[Any, ...]]:
    members = Member.objects.in_bulk([move.member_id for move in moves])
    for move in moves:
        member = members[move.member_id]
        before, after, reason, until, figures = _told(move)
        yield member.number, member.name, before, after, reason, until, "; ".join(figures)


@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    """Holders by tier, moves between tiers in a period, and the days until an upgrade (Q30)."""
    form = MatrixFilterForm(request.GET)
    first, last = form.chosen(local_day(timezone.now()))
    with read_only():
        pyramid = count_pyramid()
        matrices = list_matrices(first=first, last=last)
    steps = [(tier.label, count) for _track, ladder in pyramid for tier, count in ladder]
    context = {
        "form": form,
        "first": first,
        "last": last,
        "matrices": matrices,
        "pyramid_labels": [label for label, _count in steps],
        "pyramid": [Series(_("Members"), [count for _label, count in steps])],
    }
    return render_page(request, "tiers/matrix.html", context, fragment="matrices")


@require_POST
def matrix_export(request: HttpRequest) -> FileResponse:
    """The matrix of the chosen days as .xlsx, a row for each pair of tiers."""
    form = MatrixFilterForm(request.GET)
    first, last = form.chosen(local_day(timezone.now()))
    with read_only():
        matrices = list_matrices(first=first, last=last)
    rows = [
        (str(one.track), row.from_name, row.to_name, row.count, row.mean, row.median)
        for one in matrices
        for row in one.pairs
    ]
    response, count, filters = filtered_download(
        request,
        title=_("Tier movements"),
        columns=MATRIX_COLUMNS,
        rows=iter(rows),
        form=form,
        about=[(_("Days"), f"{first.isoformat()} – {last.isoformat()}")],
    )
    services.record_export(what="matrix", count=count, filters=filters, actor=staff_of(request), at=timezone.now())
    return response


@require_safe
def risk_list(request: HttpRequest) -> HttpResponse:
    """Members whose tier ends soon and what is missing to keep it, soonest first."""
    form = RiskFilterForm(request.GET)
    days, tier_id = form.chosen()
    at = timezone.now()
    with read_only():
        found = list_at_risk(at=at, until=local_day(at) + timedelta(days=days), tier_id=tier_id)
        members = Member.objects.select_related("store").in_bulk({row.member_id for row in found[:LISTED]})
    context = {
        "form": form,
        "days": days,
        "total": len(found),
        "is_cut": len(found) > LISTED,
        "rows": [(members[row.member_id], row, missing_text(row.missing, row.mode)) for row in found[:LISTED]],
        "download": reverse("tiers:risk-export"),
    }
    return render_page(request, "tiers/risk_list.html", context, fragment="rows")


@require_POST
def risk_export(request: HttpRequest) -> FileResponse:
    """Everybody at risk as .xlsx; kept in the audit trail."""
    form = RiskFilterForm(request.GET)
    days, tier_id = form.chosen()
    at = timezone.now()
    with read_only():
        found = list_at_risk(at=at, until=local_day(at) + timedelta(days=days), tier_id=tier_id)
        response, count, filters = filtered_download(
            request, title=_("Members at risk"), columns=RISK_COLUMNS, rows=_risk_rows(found), form=form
        )
    services.record_export(what="risk", count=count, filters=filters, actor=staff_of(request), at=at)
    return response


def _risk_rows(found: list[Any]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        members = Member.objects.select_related("store").in_bulk({row.member_id for row in batch})
        for row in batch:
            member = members[row.member_id]
            missing = missing_text(row.missing, row.mode)
            yield member.number, member.name, member.store.name, row.tier.label, row.by, missing
