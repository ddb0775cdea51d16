"""The short public address of an offer's page, which stands on posters and in messages."""

from django.urls import path

from core.permissions import PUBLIC
from coupons.views.claim import claim_page

app_name = "claim"
urlpatterns = [path("<str:code>/", claim_page, name="page")]

PERMISSIONS: dict[str, str] = {"claim:page": PUBLIC}
