"""Log lines: one per event, the exception below it, no values of rows."""

import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings


@pytest.fixture
def written() -> Iterator[list[str]]:
    """Lines as the real formatter of the settings writes them."""
    factory = logging.config.DictConfigurator(settings.LOGGING)
    formatter = factory.configure_formatter(factory.config["formatters"]["line"])
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Keep()
    handler.setFormatter(formatter)
    logger = logging.getLogger("shop.test")
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


# Put together here, because a description shows the source line that raised.
DETAIL = "DETAIL: Key (phone)=({}) already exists.".format("sec" + "ret")


def _fail() -> None:
    raise ValueError(f"duplicate key\n{DETAIL}")


def test_a_plain_record_is_one_line_with_its_arguments(written: list[str]) -> None:
    logging.getLogger("shop.test").warning("paper for %s days", 3)

    assert len(written) == 1
    assert "level='warning' logger='shop.test' event='paper for 3 days'" in written[0]


def test_an_exception_is_named_without_the_values_of_its_row(written: list[str]) -> None:
    try:
        _fail()
    except ValueError:
        logging.getLogger("shop.test").exception("not saved")

    assert written[0].splitlines()[-1] == "ValueError: duplicate key"
    assert "in _fail" in written[0]
    assert "secret" not in written[0]


@pytest.mark.parametrize("form", [True, "the exception"])
def test_structured_events_are_written_the_same_way(written: list[str], form: Any) -> None:
    try:
        _fail()
    except ValueError as error:
        information = error if form == "the exception" else form
        structlog.stdlib.get_logger("shop.test").error("request_failed", code=500, exc_info=information)

    assert "event='request_failed' code=500" in written[0]
    assert written[0].splitlines()[-1] == "ValueError: duplicate key"
    assert "secret" not in written[0]
