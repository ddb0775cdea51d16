"""The pages of points."""

from points.views.adjustments import adjustment_create, undo_create
from points.views.batches import batch_create, batch_detail, batch_list, batch_undo
from points.views.ledger import entry_export, entry_list, ledger, ledger_export, member_panel
from points.views.rulebook import (
    draft_delete,
    draft_edit,
    end_create,
    rule_create,
    rule_detail,
    rule_list,
    start_create,
    start_delete,
)
from points.views.watching import watch_detail, watch_list, watch_tile

__all__ = [
    "adjustment_create",
    "batch_create",
    "batch_detail",
    "batch_list",
    "batch_undo",
    "draft_delete",
    "draft_edit",
    "end_create",
    "entry_export",
    "entry_list",
    "ledger",
    "ledger_export",
    "member_panel",
    "rule_create",
    "rule_detail",
    "rule_list",
    "start_create",
    "start_delete",
    "undo_create",
    "watch_detail",
    "watch_list",
    "watch_tile",
]
