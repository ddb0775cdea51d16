"""What a person is told after they asked for something."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _


def tell(request: HttpRequest, content: dict[str, Any], done: str) -> bool:
    """Leave a message about an ``Outcome.content`` (also one that a repeated command gave back): ``done`` where it was
    executed, else that it waits or has changed. True where it was executed.
    """
    if content["is_done"]:
        messages.success(request, done)
    elif content["is_changed"]:
        messages.warning(request, _("Nothing was done: the figures have changed since this was asked for."))
    else:
        messages.info(
            request,
            _("Sent for approval as request %(number)s. Nothing has moved yet.") % {"number": content["request"]},
        )
    return bool(content["is_done"])
