"""What people type about recharge plans and gift packs."""

from gifts.forms.packs import LeakFilterForm, PackFilterForm, PackForm
from gifts.forms.plans import PlanForm

__all__ = ["LeakFilterForm", "PackFilterForm", "PackForm", "PlanForm"]
