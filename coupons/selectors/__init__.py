"""Reads of coupons. What the till needs comes as frozen terms, never as rows."""

from coupons.selectors.coupons import (
    State,
    count_open,
    get_by_code,
    get_coupon,
    list_events,
    list_of_member,
    list_of_template,
    state_of,
)
from coupons.selectors.offers import find_offer_by_code
from coupons.selectors.templates import get_template, get_templates, list_active_templates, list_templates
from coupons.selectors.terms import (
    MAX_PER_ORDER,
    explain,
    explain_refusal,
    find_terms_by_code,
    get_stacking,
    list_terms,
    list_usable_terms,
    terms_of,
    with_limits,
)
from coupons.selectors.trial import terms_on_trial

__all__ = [
    "MAX_PER_ORDER",
    "State",
    "count_open",
    "explain",
    "explain_refusal",
    "find_offer_by_code",
    "find_terms_by_code",
    "get_by_code",
    "get_coupon",
    "get_stacking",
    "get_template",
    "get_templates",
    "list_active_templates",
    "list_events",
    "list_of_member",
    "list_of_template",
    "list_templates",
    "list_terms",
    "list_usable_terms",
    "state_of",
    "terms_of",
    "terms_on_trial",
    "with_limits",
]
