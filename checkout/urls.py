"""URLs of checkout and the rights they need."""

from django.urls import path

from checkout.views import members, orders, payment, recharges, sale, tills

app_name = "checkout"
urlpatterns = [
    path("", sale.screen, name="screen"),
    path("sale/scans/", sale.scan_create, name="scan-create"),
    path("sale/quantity/", sale.quantity_edit, name="quantity-edit"),
    path("sale/line-removal/", sale.line_delete, name="line-delete"),
    path("sale/member-removal/", sale.member_delete, name="member-delete"),
    path("sale/coupon/", sale.coupon_edit, name="coupon-edit"),
    path("sale/points/", sale.points_edit, name="points-edit"),
    path("sale/quotes/", sale.quote_create, name="quote-create"),
    path("sale/removal/", sale.basket_delete, name="basket-delete"),
    path("sale/confirmation/", payment.confirmation_create, name="confirmation-create"),
    path("held/", sale.hold_list, name="hold-list"),
    path("held/new/", sale.hold_create, name="hold-create"),
    path("held/resumption/", sale.resumption_create, name="resumption-create"),
    path("members/new/", members.member_create, name="member-create"),
    path("members/<int:member_id>/orders/", orders.member_orders, name="member-orders"),
    path("recharges/new/", recharges.recharge_create, name="recharge-create"),
    path("recharges/<int:recharge_id>/", recharges.recharge_detail, name="recharge-detail"),
    path("recharges/<int:recharge_id>/void/", recharges.recharge_void_create, name="recharge-void-create"),
    path("orders/", orders.order_list, name="order-list"),
    path("orders/export/", orders.order_export, name="order-export"),
    path("orders/<int:pk>/", orders.order_detail, name="order-detail"),
    path("orders/<int:pk>/void/", orders.void_create, name="void-create"),
    path("orders/<int:pk>/done/", payment.done, name="done"),
    path("orders/<int:pk>/receipt/", payment.receipt_detail, name="receipt-detail"),
    path("till/", tills.till_select, name="till-select"),
    path("tills/", tills.till_list, name="till-list"),
    path("tills/new/", tills.till_create, name="till-create"),
    path("tills/<int:pk>/", tills.till_edit, name="till-edit"),
    path("shift/", tills.shift_create, name="shift-create"),
    path("shift/hand-over/", tills.hand_over_create, name="hand-over-create"),
    path("shifts/<int:pk>/", tills.shift_detail, name="shift-detail"),
]

_AT_THE_TILL = (
    "screen",
    "scan-create",
    "quantity-edit",
    "line-delete",
    "member-delete",
    "coupon-edit",
    "points-edit",
    "quote-create",
    "basket-delete",
    "confirmation-create",
    "hold-list",
    "hold-create",
    "resumption-create",
    "done",
    "till-select",
    "shift-create",
    "hand-over-create",
    "recharge-create",
)

PERMISSIONS: dict[str, str] = {
    **{f"checkout:{name}": "checkout.use_checkout" for name in _AT_THE_TILL},
    "checkout:member-create": "members.add_member",
    "checkout:member-orders": "checkout.view_order",
    "checkout:recharge-detail": "checkout.view_order",
    "checkout:recharge-void-create": "checkout.void_order",
    "checkout:void-create": "checkout.void_order",
    "checkout:order-list": "checkout.view_order",
    "checkout:order-export": "checkout.export_order",
    "checkout:order-detail": "checkout.view_order",
    "checkout:receipt-detail": "checkout.view_order",
    "checkout:shift-detail": "checkout.view_shift",
    "checkout:till-list": "checkout.manage_till",
    "checkout:till-create": "checkout.manage_till",
    "checkout:till-edit": "checkout.manage_till",
}
