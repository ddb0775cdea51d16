"""Pages of the catalogue: one call down, one answer up."""

from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from catalog import selectors, services
from catalog.columns import export_columns, export_row
from catalog.forms import BrandForm, CategoryForm, ProductFilterForm, ProductForm
from catalog.models import Brand, Category, Product
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from core.workbook import limited, workbook_response
from stores.models import Staff


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


@require_GET
def product_list(request: HttpRequest) -> HttpResponse:
    """Products by name; filters stand in the URL."""
    form = ProductFilterForm(request.GET)
    sorts = {"name": "name_key", "price": "list_price", "sku": "sku"}
    page = list_page(selectors.list_products(form.criteria), request.GET, sorts=sorts, default="name")
    context = {"form": form, "page": page}
    return render_page(request, "catalog/product_list.html", context, fragment="table")


@require_POST
def product_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; costs only for those who may see them. Kept in the audit trail."""
    staff, at = _staff(request), timezone.now()
    form = ProductFilterForm(request.GET)
    with_cost = staff.has_perm("catalog.view_cost")
    rows = selectors.list_products(form.criteria).order_by(*selectors.BY_NAME).iterator(chunk_size=2000)
    filters = {name: request.GET.get(name, "") for name in form.fields if request.GET.get(name)}
    notes: list[tuple[Any, Any]] = [
        (_("Made by"), staff),
        (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
    ]
    notes += [(form.fields[name].label, value) for name, value in filters.items()]
    response, count = workbook_response(
        name=_("Products"),
        title=_("Products"),
        columns=export_columns(with_cost=with_cost),
        rows=limited(export_row(product, with_cost=with_cost) for product in rows),
        notes=notes,
    )
    services.record_export(count=count, filters=filters, actor=staff, at=at)
    return response


def product_create(request: HttpRequest) -> HttpResponse:
    """A new product."""
    return _edit_product(request, None)


def product_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a product."""
    return _edit_product(request, get_object_or_404(Product, pk=pk))


def _edit_product(request: HttpRequest, product: Product | None) -> HttpResponse:
    form = ProductForm(
        request.POST or None,
        with_cost=_staff(request).has_perm("catalog.view_cost"),
        initial=ProductForm.initial_of(product) if product else {},
    )
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_product(
                data=form.product_data(product),
                product_id=product.pk if product else None,
                actor=_staff(request),
                at=timezone.now(),
            )
        except services.InvalidProduct as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
            return redirect("catalog:product-list")
    context = {"form": form, "product": product}
    return render(request, "catalog/product_form.html", context, status=422 if form.is_bound else 200)


@require_GET
def category_list(request: HttpRequest) -> HttpResponse:
    """The whole tree, indented."""
    rows = [(range(depth), category) for depth, category in selectors.get_category_tree().flat()]
    return render(request, "catalog/category_list.html", {"rows": rows})


def category_create(request: HttpRequest) -> HttpResponse:
    """A new category."""
    return _edit_category(request, Category())


def category_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename, move or retire a category."""
    return _edit_category(request, get_object_or_404(Category, pk=pk))


def _edit_category(request: HttpRequest, category: Category) -> HttpResponse:
    name = category.name
    form = CategoryForm(request.POST or None, instance=category)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_category(category=form.save(commit=False), actor=_staff(request), at=timezone.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": category.name})
            return redirect("catalog:category-list")
    context = {"form": form, "name": name, "list_url": "catalog:category-list", "list_label": _("Categories")}
    return render(request, "catalog/simple_form.html", context, status=422 if form.is_bound else 200)


@require_GET
def brand_list(request: HttpRequest) -> HttpResponse:
    """All brands by name, in pages."""
    page = list_page(selectors.list_brands(), request.GET, sorts={"name": "name"}, default="name")
    return render_page(request, "catalog/brand_list.html", {"page": page}, fragment="table")


def brand_create(request: HttpRequest) -> HttpResponse:
    """A new brand."""
    return _edit_brand(request, Brand())


def brand_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename or retire a brand."""
    return _edit_brand(request, get_object_or_404(Brand, pk=pk))


def _edit_brand(request: HttpRequest, brand: Brand) -> HttpResponse:
    name = brand.name
    form = BrandForm(request.POST or None, instance=brand)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_brand(brand=form.save(commit=False), actor=_staff(request), at=timezone.now())
        except services.InvalidProduct as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": brand.name})
            return redirect("catalog:brand-list")
    context = {"form": form, "name": name, "list_url": "catalog:brand-list", "list_label": _("Brands")}
    return render(request, "catalog/simple_form.html", context, status=422 if form.is_bound else 200)
