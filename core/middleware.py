"""Guards around every view: signed in, allowed by the permission table, and refusals shown in the shop's style."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from core import permissions
from core.errors import DomainError

GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """The language that the person chose, else the shop's; what the browser's system prefers does not count.

    A till's computer often runs an English system, which must not turn a Chinese shop's screen English.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Activate for this request; pages differ by the cookie."""
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Cookie",))
        return response


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
