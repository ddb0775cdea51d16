"""Forms of coupons, a module per subject."""

from coupons.forms.classes import ClassesForm
from coupons.forms.coupons import IssueForm, MemberIssueForm, VoidForm
from coupons.forms.lists import CouponFilterForm, TemplateFilterForm
from coupons.forms.templates import ActivateForm, TemplateForm, TrialForm

__all__ = [
    "ActivateForm",
    "ClassesForm",
    "CouponFilterForm",
    "IssueForm",
    "MemberIssueForm",
    "TemplateFilterForm",
    "TemplateForm",
    "TrialForm",
    "VoidForm",
]
