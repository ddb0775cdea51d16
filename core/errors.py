"""The base of every refusal that a person may read."""

from typing import Any


class DomainError(Exception):
    """A rule refused; the text is shown to staff as it is, so it is translated and names what to do.

    ``status`` is the HTTP answer where the refusal reaches a browser without a form to stand beside:
    422 for input that a rule refuses, 409 where the state has changed since the form was rendered.
    Raising one inside a transaction rolls the whole use case back.
    """

    status = 422

    def __init__(self, message: Any) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class StateChanged(DomainError):
    """What the form showed is no longer true; nothing was written."""

    status = 409
