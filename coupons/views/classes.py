"""Which coupons may be used together: classes and the grid of pairs."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import settings
from coupons import services
from coupons.forms import ClassesForm
from coupons.models import StackCategory
from coupons.selectors import MAX_PER_ORDER
from coupons.selectors.editing import list_classes, list_pairs
from coupons.views._shared import staff_of

CHANGE = "coupons.change_stackcategory"


def class_list(request: HttpRequest) -> HttpResponse:
    """The grid; saving it needs the right to change classes."""
    classes, pairs = list(list_classes()), list_pairs()
    may_change = staff_of(request).has_perm(CHANGE)
    is_sent = request.method == "POST" and may_change
    form = ClassesForm(request.POST if is_sent else None, classes=classes, pairs=pairs)
    if is_sent and form.is_valid():
        try:
            services.save_classes(classes=form.classes, pairs=form.pairs, actor=staff_of(request), at=timezone.now())
        except services.InvalidClass as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The coupon classes are saved."))
            return redirect("coupons:class-list")
    context = {
        "form": form,
        "may_change": may_change,
        "sentences": form.sentences,
        "per_order": settings.value(MAX_PER_ORDER, timezone.now()),
    }
    return render(request, "coupons/class_list.html", context, status=422 if is_sent else 200)


@require_POST
def class_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a class away that no coupon is of."""
    try:
        services.delete_class(category_id=pk, actor=staff_of(request), at=timezone.now())
    except StackCategory.DoesNotExist:
        raise Http404 from None
    except services.InvalidClass as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The class is deleted."))
    return redirect("coupons:class-list")
