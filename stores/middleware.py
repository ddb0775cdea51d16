"""Ends sessions that nobody uses and those that are too old: a till is left alone more often than it is logged out."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from stores import session


class SessionAgeMiddleware:
    """After ``AuthenticationMiddleware``: 30 idle minutes or 12 hours in all make a stranger of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Log out where the time is over, else keep the session alive."""
        if session.has_person(request):
            at = timezone.now()
            if session.is_over(request, at):
                logout(request)
            else:
                session.keep_alive(request, at)
        return self.get_response(request)
