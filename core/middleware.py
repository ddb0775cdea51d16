"""Guards around every view: signed in, allowed by the permission table, and refusals shown in the shop's style."""

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from core import permissions
from core.errors import DomainError

GetResponse = Callable[[HttpRequest], HttpResponse]


class LoginRequiredMiddleware:
    """Reads the permission table for the resolved URL: a view cannot forget its guard, an undeclared URL is refused."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through; the check needs the resolved view."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_rest: object) -> HttpResponseBase | None:
        """Redirect strangers to the log-in page; 403 for a right that the person lacks."""
        match = request.resolver_match
        right = permissions.required_for(match.view_name if match else "")
        if right == permissions.PUBLIC:
            return None
        if not request.user.is_authenticated:
            if request.headers.get("HX-Request"):
                # A fragment must not be replaced by a log-in form: the browser is sent to the page instead.
                return HttpResponse(status=401, headers={"HX-Redirect": "/"})
            return redirect_to_login(request.get_full_path())
        if right is None or (right and not request.user.has_perm(right)):
            raise PermissionDenied
        return None


class DomainErrorMiddleware:
    """A refusal that no form caught becomes a page with its own status, never a 500."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer with the refusal's status and text."""
        if not isinstance(exception, DomainError):
            return None
        template = "409.html" if exception.status == 409 else "422.html"
        return render(request, template, {"message": str(exception)}, status=exception.status)
