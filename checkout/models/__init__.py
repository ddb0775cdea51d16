"""What a counter keeps: tills and baskets, orders, and money that moves without a sale."""

from checkout.models.orders import (
    Adjustment,
    Allocation,
    Order,
    OrderLine,
    Payment,
    PaymentAllocation,
    Receipt,
    Void,
)
from checkout.models.tills import Basket, Shift, StoreScopedQuerySet, TenderKind, Till
from checkout.models.value import (
    ContractSale,
    ContractVoid,
    PassSale,
    PassSaleVoid,
    Payout,
    RechargeSale,
    RechargeVoid,
    TierSale,
    TierSaleVoid,
)

__all__ = [
    "Adjustment",
    "Allocation",
    "Basket",
    "ContractSale",
    "ContractVoid",
    "Order",
    "OrderLine",
    "PassSale",
    "PassSaleVoid",
    "Payment",
    "PaymentAllocation",
    "Payout",
    "Receipt",
    "RechargeSale",
    "RechargeVoid",
    "Shift",
    "StoreScopedQuerySet",
    "TenderKind",
    "TierSale",
    "TierSaleVoid",
    "Till",
    "Void",
]
