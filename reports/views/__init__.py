"""Pages of reports, a module each."""

from reports.views.sales import sales, sales_export, today_tile, trend_tile

__all__ = ["sales", "sales_export", "today_tile", "trend_tile"]
