"""The pages of points."""

from points.views.ledger import adjustment_create, entry_export, entry_list, member_panel

__all__ = ["adjustment_create", "entry_export", "entry_list", "member_panel"]
