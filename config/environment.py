"""The one place that reads the process environment; nonsense stops the start instead of becoming a default."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def boolean(name: str, *, default: bool) -> bool:
    """Accept exactly ``True`` or ``False``: "yes", "0" or a typing error must not silently switch a protection off."""
    text = os.environ.get(name)
    if text is None or text == "":
        return default
    if text not in {"True", "False"}:
        raise ImproperlyConfigured(f"{name} must be True or False, not {text!r}.")
    return text == "True"


def required(name: str) -> str:
    """A value without which production must not start."""
    text = os.environ.get(name, "")
    if not text:
        raise ImproperlyConfigured(f"{name} is not set.")
    return text


def database(url: str) -> dict[str, object]:
    """A ``DATABASES`` entry from a URL. Nothing is pooled: a worker thread keeps a connection of its own."""
    settings = environ.Env.db_url_config(url)
    settings["ATOMIC_REQUESTS"] = False
    settings["CONN_MAX_AGE"] = 600
    settings["CONN_HEALTH_CHECKS"] = True
    # jit costs more than it gives on short statements; set per connection so that every deployment has it.
    options = dict(settings.get("OPTIONS", {}))
    # A unix socket directory arrives as ?host=; dbshell, dumps and tests look for it in HOST.
    settings["HOST"] = settings.get("HOST") or options.pop("host", "")
    settings["OPTIONS"] = {**options, "options": "-c jit=off -c lock_timeout=10s"}
    return dict(settings)
