"""What is done at the till, by use case."""

from checkout.services.basket import (
    add_product,
    add_products,
    attach_member,
    choose_coupons,
    detach_member,
    drop,
    hold,
    leave_coupon,
    line_key,
    open_basket,
    parse_quantity,
    pin_coupon,
    refresh,
    remove_line,
    resume,
    set_points,
    set_quantity,
)
from checkout.services.claims import claim_offer, find_at_till
from checkout.services.confirm import confirm_sale
from checkout.services.errors import (
    BasketClosed,
    CannotVoid,
    InvalidLine,
    InvalidTender,
    MemberNotUsable,
    NoShift,
    QuoteChanged,
)
from checkout.services.exports import record_order_export
from checkout.services.memberships import pay_tier_refund, sell_tier, void_tier_sale
from checkout.services.pass_lines import leave_pass, take_pass
from checkout.services.passes import pay_pass_refund, sell_pass, void_pass_sale
from checkout.services.payouts import CannotPayOut, pay_out_in_cash, record_payout
from checkout.services.recharge import (
    NOT_FOR_RECHARGES,
    NotRechargeable,
    PlanChanged,
    recharge_at_till,
    void_recharge_sale,
)
from checkout.services.recharge_refund import list_nothing, take_back_progress
from checkout.services.registration import register_at_till
from checkout.services.tenders import Tender
from checkout.services.tills import InvalidCash, close_shift, open_shift, save_till
from checkout.services.void import void_order

__all__ = [
    "NOT_FOR_RECHARGES",
    "BasketClosed",
    "CannotPayOut",
    "CannotVoid",
    "InvalidCash",
    "InvalidLine",
    "InvalidTender",
    "MemberNotUsable",
    "NoShift",
    "NotRechargeable",
    "PlanChanged",
    "QuoteChanged",
    "Tender",
    "add_product",
    "add_products",
    "attach_member",
    "choose_coupons",
    "claim_offer",
    "close_shift",
    "confirm_sale",
    "detach_member",
    "drop",
    "find_at_till",
    "hold",
    "leave_coupon",
    "leave_pass",
    "line_key",
    "list_nothing",
    "open_basket",
    "open_shift",
    "parse_quantity",
    "pay_out_in_cash",
    "pay_pass_refund",
    "pay_tier_refund",
    "pin_coupon",
    "recharge_at_till",
    "record_order_export",
    "record_payout",
    "refresh",
    "register_at_till",
    "remove_line",
    "resume",
    "save_till",
    "sell_pass",
    "sell_tier",
    "set_points",
    "set_quantity",
    "take_back_progress",
    "take_pass",
    "void_order",
    "void_pass_sale",
    "void_recharge_sale",
    "void_tier_sale",
]
