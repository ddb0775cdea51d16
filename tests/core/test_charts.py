"""Charts are exact geometry and readable without seeing them."""

from decimal import Decimal

import pytest
from django.template import engines

from core import charts
from core.charts import Series


@pytest.mark.parametrize(
    ("span", "step"),
    [("0", "1"), ("1", "0.25"), ("7", "2"), ("95", "25"), ("100", "25"), ("101", "50"), ("8000", "2000")],
)
def test_steps_are_round_numbers(span: str, step: str) -> None:
    assert charts.nice_step(Decimal(span)) == Decimal(step)


def test_a_scale_holds_losses_and_gains_and_starts_at_zero_without_losses() -> None:
    mixed = charts.scale_for([Decimal(-5), Decimal(90)])
    gains = charts.scale_for([10, 20])

    assert (mixed.low, mixed.high) == (Decimal(-25), Decimal(100))
    assert (gains.low, gains.high) == (Decimal(0), Decimal(20))
    assert charts.scale_for([]).high > 0


def test_bars_stand_on_zero_and_reach_their_value() -> None:
    chart = charts.bar("Profit", ["a", "b"], [Series("x", [100, -100])])

    up, down = chart.marks
    zero = Decimal(up.y) + Decimal(up.height)
    assert Decimal(down.y) == zero
    assert up.height == down.height == "101"
    assert up.title == "a x: 100"
    assert down.title == "b x: −100"


def test_stacked_bars_touch_and_sum() -> None:
    chart = charts.stacked_bar("Tenders", ["a"], [Series("x", [Decimal(30)]), Series("y", [Decimal(70)])])

    lower, upper = chart.marks
    assert Decimal(upper.y) + Decimal(upper.height) == Decimal(lower.y)
    assert Decimal(upper.y) == charts.TOP


def test_slices_of_a_donut_sum_to_the_whole_and_follow_each_other() -> None:
    chart = charts.donut("Share", ["a", "b", "c"], [Decimal(1), Decimal(0), Decimal(3)])

    assert [mark.width for mark in chart.marks] == ["25.000", "75.000"]
    assert [Decimal(mark.x) for mark in chart.marks] == [0, -25]
    assert [mark.series for mark in chart.marks] == [1, 3]
    assert chart.centre == "4"


def test_a_heat_map_has_five_steps_and_an_empty_one() -> None:
    chart = charts.heat_map("Hours", ["8", "9", "10"], [Series("Mon", [0, 1, 100])])

    assert [mark.opacity for mark in chart.marks] == ["", "0.2", "1.0"]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="values for"):
        charts.line("x", ["a", "b"], [Series("s", [1])])
    with pytest.raises(ValueError, match="share"):
        charts.donut("x", ["a"], [-1])
    with pytest.raises(ValueError, match="stacked"):
        charts.stacked_bar("x", ["a"], [Series("s", [-1])])


@pytest.mark.parametrize("tag", ["line_chart", "bar_chart", "stacked_bar_chart", "heat_map"])
def test_a_chart_has_a_name_a_table_and_no_inline_style(tag: str) -> None:
    template = engines["django"].from_string(f'{{% {tag} title labels series head="Month" %}}')

    html = template.render({"title": "<Sales>", "labels": ["Jan", "Feb"], "series": [Series("Cash & card", [1234, 5])]})

    assert 'role="img"' in html
    assert 'aria-label="&lt;Sales&gt;"' in html
    assert "<title>&lt;Sales&gt;</title>" in html
    assert "Cash &amp; card" in html
    assert '<td class="num">1,234</td>' in html
    assert "style=" not in html


def test_an_empty_chart_says_so_instead_of_drawing_a_line_at_zero() -> None:
    html = (
        engines["django"]
        .from_string("{% donut_chart title labels values %}")
        .render({"title": "Share", "labels": ["a"], "values": [0]})
    )

    assert "<svg role" not in html
    assert "Share" in html
