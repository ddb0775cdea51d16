"""Log-ins reach the trail through Django's own signals, the only ones that the house listens to."""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from core import audit
from core.http import client_address
from stores.models import Staff


def _address(request: HttpRequest | None) -> str | None:
    return client_address(request) if request is not None else None


def _logged_in(sender: object, request: HttpRequest, user: Staff, **_: Any) -> None:
    audit.record(
        "staff.logged_in", actor=user, subject=f"staff:{user.pk}", at=timezone.now(), address=_address(request)
    )


def _logged_out(sender: object, request: HttpRequest, user: Staff | None, **_: Any) -> None:
    if user is not None:
        audit.record(
            "staff.logged_out", actor=user, subject=f"staff:{user.pk}", at=timezone.now(), address=_address(request)
        )


def _subject(username: str) -> str:
    staff = Staff.objects.filter(username=username).only("pk").first()
    return f"staff:{staff.pk}" if staff else "staff:unknown"


def _login_failed(sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    audit.record(
        "staff.login_failed",
        actor=None,
        subject=_subject(str(credentials.get("username", ""))),
        at=timezone.now(),
        address=_address(request),
    )


def _locked_out(sender: object, request: HttpRequest | None = None, username: str = "", **_: Any) -> None:
    audit.record(
        "staff.locked_out", actor=None, subject=_subject(username), at=timezone.now(), address=_address(request)
    )


def connect() -> None:
    """Called once in ``ready()``."""
    user_logged_in.connect(_logged_in, dispatch_uid="audit.logged_in")
    user_logged_out.connect(_logged_out, dispatch_uid="audit.logged_out")
    user_login_failed.connect(_login_failed, dispatch_uid="audit.login_failed")
    user_locked_out.connect(_locked_out, dispatch_uid="audit.locked_out")
