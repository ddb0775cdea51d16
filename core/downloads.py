"""The download of a filtered list: exactly what is filtered, with who, when and the filters."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.forms import Form
from django.http import FileResponse, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from core.workbook import Column, limited, workbook_response


def filtered_download(
    request: HttpRequest,
    *,
    title: str,
    columns: Sequence[Column],
    rows: Iterator[Sequence[Any]],
    form: Form,
    about: Sequence[tuple[Any, Any]] = (),
) -> tuple[FileResponse, int, dict[str, str]]:
    """The .xlsx, its number of rows, and the filters as they stood in the URL, for the audit trail.

    ``about`` says first what the list is of. TooManyRows beyond what a waiting person should get.
    """
    filters = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    notes = [
        *about,
        (_("Made by"), request.user),
        (_("Made at"), timezone.localtime(timezone.now()).strftime("%Y-%m-%d %H:%M")),
        *((form.fields[name].label, text) for name, text in filters.items()),
    ]
    response, count = workbook_response(name=title, title=title, columns=columns, rows=limited(rows), notes=notes)
    return response, count, filters
