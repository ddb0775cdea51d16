"""Downloads of reports: the same figures as the screen, in sheets, with what they mean and an audit row."""

from collections.abc import Callable

from reports.services.sales import DEFINITIONS, export_sales

REPORTS: dict[str, Callable[..., int]] = {"sales": export_sales}
"""What ``manage.py export`` knows, by name."""

__all__ = ["DEFINITIONS", "REPORTS", "export_sales"]
