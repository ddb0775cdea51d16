"""What can be tried: the apps that own drafts name them, the app that sees orders and rules runs them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from trials.models import Trial


@dataclass(frozen=True)
class Kind:
    """A kind of draft. ``digest`` of the subject's content now; LookupError where the draft is gone.

    ``url`` is the name of the draft's page, reversed with the number in the subject; ``permission`` may run and see it.
    """

    name: str
    label: Any
    digest: Callable[[str], str]
    url: str
    permission: str


@dataclass(frozen=True)
class Progress:
    """How far a run is: percent, and the result with the last one."""

    percent: int
    result: dict[str, Any] | None = None


Runner = Callable[[Trial], Iterator[Progress]]

_kinds: dict[str, Kind] = {}
_runners: dict[str, Runner] = {}


def register_kind(kind: Kind) -> None:
    """Called at start by the app that owns the draft."""
    _kinds[kind.name] = kind


def register_runner(name: str, runner: Runner) -> None:
    """Called at start by the app that can run it; ``runner`` writes nothing but what it yields."""
    _runners[name] = runner


def get_kind(name: str) -> Kind:
    """LookupError for a kind that nobody registered."""
    return _kinds[name]


def get_runner(name: str) -> Runner:
    """LookupError for a kind that nobody runs."""
    return _runners[name]
