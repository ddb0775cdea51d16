from django.apps import AppConfig


class WalletConfig(AppConfig):
    name = "wallet"

    def ready(self) -> None:
        from core import permissions
        from wallet import urls

        permissions.declare(urls.PERMISSIONS)
