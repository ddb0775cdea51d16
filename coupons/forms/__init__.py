"""Forms of coupons, a module per subject."""

from coupons.forms.coupons import IssueForm, MemberIssueForm, VoidForm
from coupons.forms.templates import TemplateForm

__all__ = ["IssueForm", "MemberIssueForm", "TemplateForm", "VoidForm"]
