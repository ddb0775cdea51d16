"""URLs of the catalogue and the rights they need."""

from django.urls import path

from catalog import views

app_name = "catalog"
urlpatterns = [
    path("products/", views.product_list, name="product-list"),
    path("products/export/", views.product_export, name="product-export"),
    path("products/new/", views.product_create, name="product-create"),
    path("products/<int:pk>/edit/", views.product_edit, name="product-edit"),
    path("categories/", views.category_list, name="category-list"),
    path("categories/new/", views.category_create, name="category-create"),
    path("categories/<int:pk>/edit/", views.category_edit, name="category-edit"),
    path("brands/", views.brand_list, name="brand-list"),
    path("brands/new/", views.brand_create, name="brand-create"),
    path("brands/<int:pk>/edit/", views.brand_edit, name="brand-edit"),
]

PERMISSIONS: dict[str, str] = {
    "catalog:product-list": "catalog.view_product",
    "catalog:product-export": "catalog.export_product",
    "catalog:product-create": "catalog.add_product",
    "catalog:product-edit": "catalog.change_product",
    "catalog:category-list": "catalog.view_category",
    "catalog:category-create": "catalog.add_category",
    "catalog:category-edit": "catalog.change_category",
    "catalog:brand-list": "catalog.view_brand",
    "catalog:brand-create": "catalog.add_brand",
    "catalog:brand-edit": "catalog.change_brand",
}
