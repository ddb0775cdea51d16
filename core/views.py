"""Refusals and failures in the shop's style; named in ``config.urls`` and the settings."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: mostly a page that stayed open over a log-out."""
    message = _("This page was open for too long. Go back, reload it and try again.")
    return render(request, "403.html", {"message": message}, status=403)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, but without the right."""
    return render(request, "403.html", {"message": ""}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: no such page, or a record of a store that this person does not see."""
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest, *_args: Any) -> HttpResponse:
    """500: rendered without request context, which may need the database that has just failed."""
    return HttpResponse(loader.get_template("500.html").render(), status=500)
