"""The geometry of charts: numbers in, coordinates out. Pure Python: no chart library, no script, no inline style."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Number = Decimal | int

WIDTH = 640
HEIGHT = 240
LEFT = 56
RIGHT = 12
TOP = 12
BOTTOM = 26
SERIES = 6
LEVELS = 5


@dataclass(frozen=True)
class Series:
    """One named row of numbers, as many as the chart has labels."""

    name: str
    values: Sequence[Number]


@dataclass(frozen=True)
class Mark:
    """A rectangle, dot or slice with the text that a pointer or a screen reader gets. ``series`` counts from 1."""

    title: str
    series: int = 1
    x: str = ""
    y: str = ""
    width: str = ""
    height: str = ""
    opacity: str = ""


@dataclass(frozen=True)
class Text:
    """A label on an axis."""

    text: str
    x: str
    y: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Chart:
    """What ``components/_chart.html`` draws, and the table beside it."""

    kind: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    width: int = WIDTH
    height: int = HEIGHT
    grid: list[str] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    centre: str = ""

    @property
    def rows(self) -> list[tuple[str, list[Number]]]:
        """The same numbers by label."""
        return [(label, [series.values[index] for series in self.series]) for index, label in enumerate(self.labels)]

    @property
    def is_empty(self) -> bool:
        """True where there is nothing to draw."""
        return not any(value for series in self.series for value in series.values)


def _at(number: Number | int) -> str:
    """A coordinate with at most one place, exact enough for a screen."""
    return f"{Decimal(number):.1f}".removesuffix(".0")


def text_of(number: Number) -> str:
    """A number as it is read: thousands separated, no empty decimals."""
    text = f"{number:,.2f}" if isinstance(number, Decimal) else f"{number:,}"
    return text.removesuffix(".00").replace("-", "\u2212")


def nice_step(span: Decimal, parts: int = 4) -> Decimal:
    """The step 1, 2, 2.5 or 5 x 10^n that covers ``span`` in at most ``parts`` steps."""
    if span <= 0:
        return Decimal(1)
    raw = span / parts
    power = Decimal(10) ** raw.adjusted()
    for factor in (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10)):
        if factor * power >= raw:
            return factor * power
    raise AssertionError("a factor of ten covers every mantissa")


@dataclass(frozen=True)
class Scale:
    """Maps values of ``low..high`` to the height of the plot."""

    low: Decimal
    high: Decimal
    step: Decimal

    def y(self, value: Number) -> Decimal:
        """The vertical coordinate of a value."""
        room = Decimal(HEIGHT - TOP - BOTTOM)
        return Decimal(HEIGHT - BOTTOM) - room * (Decimal(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[Decimal]:
        """The values with a grid line."""
        return [self.low + self.step * count for count in range(int((self.high - self.low) / self.step) + 1)]


def scale_for(values: Sequence[Number]) -> Scale:
    """A scale that starts at zero (or below, for losses) and ends at a round number."""
    numbers = [Decimal(value) for value in values] or [Decimal(0)]
    top, bottom = max(*numbers, Decimal(0)), min(*numbers, Decimal(0))
    step = nice_step(top - bottom)
    low = (bottom / step).to_integral_value("ROUND_FLOOR") * step
    high = (top / step).to_integral_value("ROUND_CEILING") * step
    return Scale(low, high if high > low else low + step, step)


def _axes(chart: Chart, scale: Scale) -> None:
    for tick in scale.ticks():
        y = scale.y(tick)
        chart.grid.append(_at(y))
        chart.texts.append(Text(_short(tick), _at(LEFT - 6), _at(y + 4), "end"))
    every = max(1, math.ceil(len(chart.labels) / 12))
    for index, label in enumerate(chart.labels):
        if index % every == 0:
            chart.texts.append(Text(label, _at(_middle(chart, index)), _at(HEIGHT - 8)))


def _short(number: Decimal) -> str:
    return text_of(number.normalize() if number % 1 else int(number))


def _slot(chart: Chart) -> Decimal:
    return Decimal(WIDTH - LEFT - RIGHT) / max(1, len(chart.labels))


def _middle(chart: Chart, index: int) -> Decimal:
    return LEFT + _slot(chart) * (index + Decimal("0.5"))


def _shade(index: int) -> int:
    return index % SERIES + 1


def _check(labels: Sequence[str], series: Sequence[Series]) -> None:
    for row in series:
        if len(row.values) != len(labels):
            raise ValueError(f"{row.name} has {len(row.values)} values for {len(labels)} labels")


def line(title: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """One line per series over the labels, usually days or months."""
    _check(labels, series)
    chart = Chart("line", title, labels, series)
    scale = scale_for([value for row in series for value in row.values])
    _axes(chart, scale)
    for number, row in enumerate(series):
        points = [(_at(_middle(chart, index)), _at(scale.y(value))) for index, value in enumerate(row.values)]
        chart.lines.append((_shade(number), " ".join(f"{x},{y}" for x, y in points)))
        for (x, y), label, value in zip(points, labels, row.values, strict=True):
            chart.marks.append(Mark(f"{label} {row.name}: {text_of(value)}", _shade(number), x=x, y=y))
    return chart


def bar(title: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """Bars side by side, one per series at each label."""
    _check(labels, series)
    chart = Chart("bar", title, labels, series)
    scale = scale_for([value for row in series for value in row.values])
    _axes(chart, scale)
    width = min(Decimal(48), _slot(chart) * Decimal("0.7") / max(1, len(series)))
    zero = scale.y(0)
    for number, row in enumerate(series):
        for index, value in enumerate(row.values):
            y = scale.y(value)
            left = _middle(chart, index) + width * (number - Decimal(len(series)) / 2)
            chart.marks.append(
                Mark(
                    f"{labels[index]} {row.name}: {text_of(value)}",
                    _shade(number),
                    x=_at(left),
                    y=_at(min(y, zero)),
                    width=_at(max(width - 1, Decimal(1))),
                    height=_at(abs(zero - y)),
                )
            )
    return chart


def stacked_bar(title: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """One bar per label, its series on top of each other; negative values are refused, they cannot be stacked."""
    _check(labels, series)
    if any(value < 0 for row in series for value in row.values):
        raise ValueError("negative values cannot be stacked")
    chart = Chart("bar", title, labels, series)
    totals: list[Number] = [sum((Decimal(row.values[i]) for row in series), Decimal(0)) for i in range(len(labels))]
    scale = scale_for(totals)
    _axes(chart, scale)
    width = min(Decimal(48), _slot(chart) * Decimal("0.7"))
    for index, label in enumerate(labels):
        base = Decimal(0)
        for number, row in enumerate(series):
            value = Decimal(row.values[index])
            top, bottom = scale.y(base + value), scale.y(base)
            base += value
            chart.marks.append(
                Mark(
                    f"{label} {row.name}: {text_of(row.values[index])}",
                    _shade(number),
                    x=_at(_middle(chart, index) - width / 2),
                    y=_at(top),
                    width=_at(width),
                    height=_at(bottom - top),
                )
            )
    return chart


def donut(title: str, labels: Sequence[str], values: Sequence[Number]) -> Chart:
    """Shares of a whole, with the sum in the middle. Negative values are refused."""
    if any(value < 0 for value in values):
        raise ValueError("negative values have no share")
    size = 200
    series = [Series(title, values)]
    _check(labels, series)
    total = sum((Decimal(value) for value in values), Decimal(0))
    centre = text_of(total if any(isinstance(value, Decimal) for value in values) else int(total))
    chart = Chart("donut", title, labels, series, width=size, height=size, centre=centre)
    start = Decimal(0)
    for index, value in enumerate(values):
        share = Decimal(value) / total * 100 if total else Decimal(0)
        if share:
            # The ring's length counts as 100: a slice is a dash as long as its share, moved by what came before.
            marks = Mark(
                f"{labels[index]}: {text_of(value)} ({share:.1f}%)",
                _shade(index),
                x=f"{-start:.3f}",
                width=f"{share:.3f}",
            )
            chart.marks.append(marks)
        start += share
    return chart


def heat_map(title: str, columns: Sequence[str], series: Sequence[Series]) -> Chart:
    """A grid, rows = series (weekdays) and columns = labels (hours); the darker, the more. Five steps of strength."""
    _check(columns, series)
    row_height = 22
    height = TOP + row_height * len(series) + BOTTOM
    chart = Chart("heat", title, columns, series, height=height)
    most = max((Decimal(value) for row in series for value in row.values), default=Decimal(0))
    slot = _slot(chart)
    for number, row in enumerate(series):
        y = TOP + row_height * number
        chart.texts.append(Text(row.name, _at(LEFT - 6), _at(y + 15), "end"))
        for index, value in enumerate(row.values):
            level = math.ceil(Decimal(value) / most * LEVELS) if most and value > 0 else 0
            chart.marks.append(
                Mark(
                    f"{row.name} {columns[index]}: {text_of(value)}",
                    x=_at(LEFT + slot * index),
                    y=_at(y),
                    width=_at(slot - 2),
                    height=_at(row_height - 2),
                    opacity=f"{Decimal(level) / LEVELS:.1f}" if level else "",
                )
            )
    every = max(1, math.ceil(len(columns) / 12))
    for index, label in enumerate(columns):
        if index % every == 0:
            chart.texts.append(Text(label, _at(_middle(chart, index)), _at(height - 8)))
    return chart
