"""What is done to coupons: templates, giving out, using up, giving back, voiding."""

from coupons.services.issuing import CannotIssue, issue, issue_by_hand
from coupons.services.templates import (
    InvalidTemplate,
    create_template,
    next_statuses,
    save_template,
    set_template_status,
)
from coupons.services.using import CannotReturn, CannotVoid, CouponNotUsable, redeem, return_redeemed, void

__all__ = [
    "CannotIssue",
    "CannotReturn",
    "CannotVoid",
    "CouponNotUsable",
    "InvalidTemplate",
    "create_template",
    "issue",
    "issue_by_hand",
    "next_statuses",
    "redeem",
    "return_redeemed",
    "save_template",
    "set_template_status",
    "void",
]
