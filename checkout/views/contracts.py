"""What the pages share that sell contracts (count passes, paid tiers) and stored value: for whom, and their PIN."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

import members.selectors
import members.services
from checkout.views.desk import Sale
from members.models import Member


def contract_member(sale: Sale) -> Member | None:
    """The member named by the form or the link, else that of the sale."""
    text = sale.request.POST.get("member") or sale.request.GET.get("member", "")
    if text.isascii() and text.isdigit() and len(text) < 19:
        try:
            return members.selectors.get_member(int(text))
        except Member.DoesNotExist:
            return None
    if "q" in sale.request.GET or sale.desk.basket is None:
        return None
    return sale.desk.basket.member


def look_up_member(sale: Sale, template: str) -> HttpResponse:
    """The search for a member where nobody is known yet."""
    text = sale.request.GET.get("q", "")
    context = {
        "found": members.selectors.find_members(text) if text else [],
        "text": text,
        "ended_card": members.selectors.find_ended_card(text),
        "till": sale.desk.till,
        "held_count": sale.desk.held_count,
    }
    return render(sale.request, template, context)


def pin_proof_of(sale: Sale, data: Mapping[str, Any]) -> UUID | None:
    """The proof of the member's PIN where stored value pays; counts wrong tries in a transaction of its own."""
    if not data["pin"] or data["kind"] != "wallet":
        return None
    return members.services.verify_pin(
        member_id=data["member"], pin=data["pin"], at=sale.at, actor=sale.staff, store=sale.desk.till.store
    )
