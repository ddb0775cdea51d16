"""Downloads of reports: the same figures as the screen, in sheets, with what they mean and an audit row."""

from collections.abc import Callable

from reports.services.sales import DEFINITIONS, export_sales
from reports.services.value import VALUE_REPORTS

REPORTS: dict[str, Callable[..., int]] = {"sales": export_sales, **VALUE_REPORTS}
"""What ``manage.py export`` knows, by name."""

__all__ = ["DEFINITIONS", "REPORTS", "export_sales"]
