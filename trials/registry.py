"""What can be tried: the apps that own drafts name them, the app that sees orders and rules runs and explains them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.workbook import Column
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


@dataclass(frozen=True)
class Row:
    """One line of a table; ``source`` (``member:7``) is where its first cell leads."""

    cells: Sequence[Any]
    source: str = ""


@dataclass(frozen=True)
class PairedRow:
    """A row whose cells know their columns."""

    source: str
    pairs: list[tuple[Column, Any]]


@dataclass(frozen=True)
class Table:
    """One table of a result. ``nothing`` stands there when it has no rows; cells follow the kinds of the columns."""

    title: Any
    columns: Sequence[Column]
    rows: Sequence[Row]
    nothing: Any = ""
    about: Any = ""

    @property
    def zipped(self) -> list["PairedRow"]:
        """The rows with the column of each cell, for the page."""
        return [PairedRow(row.source, list(zip(self.columns, row.cells, strict=True))) for row in self.rows]


@dataclass(frozen=True)
class Figure:
    """One figure of the result as text, and what it means."""

    label: Any
    text: str
    about: Any = ""


@dataclass(frozen=True)
class Description:
    """A result in the reader's language: sentences first, then figures, then tables."""

    sentences: Sequence[str] = field(default=())
    figures: Sequence[Figure] = field(default=())
    tables: Sequence[Table] = field(default=())


@dataclass(frozen=True)
class Runner:
    """``run`` yields how far it is and at last the result, and writes nothing; ``describe`` explains a result."""

    run: Callable[[Trial], Iterator[Progress]]
    describe: Callable[[dict[str, Any]], Description]


_kinds: dict[str, Kind] = {}
_runners: dict[str, Runner] = {}


def register_kind(kind: Kind) -> None:
    """Called at start by the app that owns the draft."""
    _kinds[kind.name] = kind


def register_runner(name: str, runner: Runner) -> None:
    """Called at start by the app that can run it."""
    _runners[name] = runner


def all_kinds() -> dict[str, Kind]:
    """Every kind by name."""
    return dict(_kinds)


def get_kind(name: str) -> Kind:
    """LookupError for a kind that nobody registered."""
    return _kinds[name]


def get_runner(name: str) -> Runner:
    """LookupError for a kind that nobody runs."""
    return _runners[name]
