"""What people type about paid tiers: offers, filters, refunds."""

from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from approvals.forms import ApproverFields
from core.forms import LenientDateField, MoneyField
from stores.models import Staff, Store
from stores.selectors import list_stores
from tiers.models import Membership, MembershipRefund, PaidPlan, Tier
from tiers.selectors.memberships import ENDED, RUNNING, list_paid_tiers
from tiers.services.memberships import KIND


class PaidPlanForm(forms.Form):
    """An offer: which level, how long, for how much."""

    tier = forms.ModelChoiceField(label=_("Tier"), queryset=Tier.objects.none(), empty_label=None)
    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Stands on the cashier's button."))
    months = forms.IntegerField(
        label=_("Months"), min_value=1, max_value=120, initial=12, help_text=_("A month is 1, a quarter 3, a year 12.")
    )
    price = MoneyField(label=pgettext_lazy("paid tier", "Price"), above=0, maximum=1_000_000)
    position = forms.IntegerField(
        label=_("Position"), min_value=0, max_value=999, initial=0, help_text=_("Buttons stand in this order.")
    )
    is_active = forms.BooleanField(label=_("Offered at the till"), required=False, initial=True)

    def __init__(self, *args: Any, plan: PaidPlan, **options: Any) -> None:
        if plan.pk:
            names = ("tier", "name", "months", "price", "position", "is_active")
            options["initial"] = {name: getattr(plan, name) for name in names}
        super().__init__(*args, **options)
        self.plan = plan
        tiers = list_paid_tiers()
        if plan.pk:
            # The level of an old offer stands in the box even where it is retired.
            tiers = Tier.objects.filter(pk__in=[*tiers.values_list("pk", flat=True), plan.tier_id])
        field: Any = self.fields["tier"]
        field.queryset = tiers.select_related("track")
        field.label_from_instance = lambda tier: f"{tier.label} ({tier.track})"

    def clean_name(self) -> str:
        """Two buttons with one name would be mixed up."""
        name = str(self.cleaned_data["name"])
        if PaidPlan.objects.filter(name=name).exclude(pk=self.plan.pk).exists():
            raise forms.ValidationError(gettext("Another offer has this name."))
        return name

    def filled_plan(self) -> PaidPlan:
        """The offer with what was typed."""
        for name in self.fields:
            setattr(self.plan, name, self.cleaned_data[name])
        return self.plan


class MembershipFilterForm(forms.Form):
    """What the list of paid tiers is narrowed to; kept in the URL."""

    q = forms.CharField(
        label=_("Member"), required=False, max_length=60, widget=forms.TextInput(attrs={"type": "search"})
    )
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[
            ("", _("all")),
            (RUNNING, pgettext_lazy("paid tier", "running")),
            (ENDED, pgettext_lazy("paid tier", "ended")),
            *[choice for choice in Membership.Status.choices if choice[0] != Membership.Status.ACTIVE],
        ],
    )
    tier = forms.ModelChoiceField(label=_("Tier"), queryset=Tier.objects.none(), required=False)
    store = forms.ModelChoiceField(label=_("Sold at store"), queryset=Store.objects.none(), required=False)
    since = LenientDateField(label=_("Sold from"), required=False)
    until = LenientDateField(label=_("Sold to"), required=False)
    ends_until = LenientDateField(label=_("Ends by"), required=False)

    def __init__(self, *args: Any, staff: Staff, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: Any = self.fields
        fields["tier"].queryset = Tier.objects.filter(plans__isnull=False).distinct().order_by("track_id", "rank")
        fields["store"].queryset = list_stores(staff)
        fields["tier"].empty_label = fields["store"].empty_label = _("all")


class MembershipRefundForm(ApproverFields):
    """Why a paid tier is refunded; what it pays follows from the days."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, actor: Staff, store: Store | None, **options: Any) -> None:
        super().__init__(*args, actor=actor, kind=KIND, store=store, **options)


class MembershipRefundFilterForm(forms.Form):
    """Which refunds are listed."""

    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("all")), *MembershipRefund.Status.choices]
    )
