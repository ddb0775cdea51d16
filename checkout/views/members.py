"""A new member in the middle of a sale."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

import members.selectors
from checkout import services
from checkout.forms import RegistrationForm, refuse
from checkout.views.desk import Sale, at_till
from core.errors import DomainError
from members.services import InvalidMember, PhoneTaken


@at_till
def member_create(sale: Sale) -> HttpResponse:
    """Register and sell to the new member; a phone that exists offers the member who has it."""
    form = RegistrationForm(sale.request.POST or None, initial={"phone": sale.request.GET.get("phone", "")})
    taken = None
    if sale.request.method == "POST" and form.is_valid():
        try:
            _register(sale, form)
        except PhoneTaken as refused:
            form.add_error("phone", str(refused))
            taken = members.selectors.get_member(refused.member_id)
        except InvalidMember as refused:
            refuse(form, refused, refused.field)
        except DomainError as refused:
            refuse(form, refused)
        else:
            return redirect("checkout:screen")
    context = {"form": form, "taken": taken, "till": sale.desk.till, "held_count": sale.desk.held_count}
    return render(sale.request, "checkout/member_form.html", context, status=422 if form.is_bound else 200)


def _register(sale: Sale, form: RegistrationForm) -> None:
    member_id = services.register_at_till(
        key=form.cleaned_data["command_key"],
        data=form.member_data,
        till=sale.desk.till,
        actor=sale.staff,
        at=sale.at,
    )
    services.attach_member(basket_id=sale.open_basket().pk, member_id=member_id, at=sale.at)
