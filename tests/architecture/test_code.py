"""Habits that a type checker cannot see: no float in money, no clock in the domain, no hidden messages."""

import ast

from tests.architecture.conftest import Source

# Drawing is not money; jobs measure seconds, config and console hold no value; the demo's history is drawn by chance.
NOT_MONEY_APPS = {"config", "console", "jobs"}
NOT_MONEY_FILES = {"charts.py"}
DOMAIN = {"services", "selectors", "facts", "models", "rules", "pricing"}


def _is_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    if isinstance(node, ast.Name):
        return node.id in {"float", "round"}
    return isinstance(node, ast.Attribute) and node.attr == "FloatField"


def test_there_is_no_float_in_a_money_path(sources: list[Source]) -> None:
    found = [
        source.at(node)
        for source in sources
        if source.app not in NOT_MONEY_APPS and source.path.name not in NOT_MONEY_FILES
        if "demo" not in source.path.parts
        for node in ast.walk(source.tree)
        if _is_float(node)
    ]

    assert found == []


CLOCKS = {("timezone", "now"), ("date", "today"), ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today")}


def _asks_the_clock(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return (owner, node.attr) in CLOCKS or (owner, node.attr) == ("time", "time")


def _is_domain(source: Source) -> bool:
    return any(part.removesuffix(".py") in DOMAIN for part in source.path.parts[-3:])


def test_the_domain_never_asks_the_clock(sources: list[Source]) -> None:
    found = [
        source.at(node)
        for source in sources
        if _is_domain(source)
        for node in ast.walk(source.tree)
        if _asks_the_clock(node)
    ]

    assert found == []


def test_there_are_no_signals_of_our_own_and_none_that_move_value(sources: list[Source]) -> None:
    forbidden = {"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "Signal"}
    found = [
        f"{source.at(node)} {alias.name}"
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django")
        for alias in node.names
        if alias.name in forbidden
    ]

    assert found == []


def test_files_have_fewer_than_five_hundred_lines(sources: list[Source]) -> None:
    long = [
        f"{source.path.name} {lines}"
        for source in sources
        if (lines := len(source.path.read_text().splitlines())) > 500
    ]

    assert long == []


def test_there_are_no_gravity_wells(sources: list[Source]) -> None:
    names = {"utils.py", "helpers.py", "managers.py", "common.py", "misc.py"}

    assert [str(source.path) for source in sources if source.path.name in names] == []


def test_nothing_is_left_to_do_or_switched_off(sources: list[Source]) -> None:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK")
    found = [
        f"{source.path.name}:{number}"
        for source in sources
        for number, line in enumerate(source.path.read_text().splitlines(), 1)
        if any(word in line for word in words)
    ]

    assert found == []
