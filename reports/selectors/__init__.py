"""What reports read, each inside ``read_only()``: sales, and the books of points, stored value and passes."""

from reports.selectors.sales import (
    SalesFilter,
    SalesReport,
    SalesRow,
    TenderRow,
    allowed_stores,
    sales_report,
)

__all__ = ["SalesFilter", "SalesReport", "SalesRow", "TenderRow", "allowed_stores", "sales_report"]
