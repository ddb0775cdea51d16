"""The layers hold: imports, and what an import checker cannot see (architecture.md 2.8)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from config.celery import app as celery_app
from tests.architecture.conftest import Source
from tests.layers import BASE, CONTRACTS, RANKS, may_use


def test_imports_follow_the_contracts() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=BASE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout


def test_no_contract_has_exceptions() -> None:
    lists = [(name, key) for name, contract in CONTRACTS.items() for key in contract if "ignore" in key]

    assert lists == []


def test_every_app_has_a_layer_and_its_modules_are_ordered() -> None:
    first_party = set(settings.FIRST_PARTY_APPS)

    assert first_party == set(RANKS) - {"config"}
    assert set(CONTRACTS["modules"]["containers"]) == first_party - {"core"}


def test_every_service_that_can_write_is_closed_to_reports() -> None:
    writing = {
        f"{app}.services"
        for app in settings.FIRST_PARTY_APPS
        if app not in {"console", "reports", "jobs", "audit"} and _has(app, "services")
    }

    assert set(CONTRACTS["read-only"]["forbidden_modules"]) == writing


def test_every_rules_module_is_pure() -> None:
    rules = {f"{app}.rules" for app in settings.FIRST_PARTY_APPS if _has(app, "rules")}

    assert rules - set(CONTRACTS["pure"]["source_modules"]) == set()


def _has(app: str, module: str) -> bool:
    return (BASE / app / f"{module}.py").exists() or (BASE / app / module / "__init__.py").exists()


def test_foreign_keys_point_downwards() -> None:
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in RANKS
        for field in model._meta.get_fields()
        if field.concrete and field.is_relation and field.related_model
        if field.related_model._meta.app_label in RANKS
        if not may_use(model._meta.app_label, field.related_model._meta.app_label)
    ]

    assert upward == []


def test_migrations_depend_downwards() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    upward = [
        f"{app}.{name} -> {used}"
        for (app, name), migration in loader.disk_migrations.items()
        if app in RANKS
        for used, _name in migration.dependencies
        if used in RANKS and not may_use(app, used)
    ]

    assert upward == []


def test_core_has_no_tables() -> None:
    assert list(apps.get_app_config("core").get_models()) == []


URL = re.compile(r"""{%-?\s*url\s+['"]([a-z_]+):""")
TEMPLATE = re.compile(r"""{%-?\s*(?:include|extends)\s+['"]([a-z_]+)/""")


def _named_apps(text: str) -> set[str]:
    return {name for pattern in (URL, TEMPLATE) for name in pattern.findall(text) if name in RANKS}


def test_templates_name_only_lower_apps() -> None:
    upward = [
        f"{path.relative_to(BASE)} -> {used}"
        for app in RANKS
        for path in (BASE / app).rglob("templates/**/*.html")
        for used in _named_apps(path.read_text())
        if not may_use(app, used)
    ]

    assert upward == []


def test_python_reverses_and_renders_only_lower_apps(sources: list[Source]) -> None:
    """``reverse("checkout:order-detail")`` and ``redirect`` written in a lower app are upward arrows as well."""
    upward = []
    for source in sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or _called(node) not in {"reverse", "reverse_lazy", "redirect", "render"}:
                continue
            for argument in node.args[:2]:
                text = argument.value if isinstance(argument, ast.Constant) else ""
                used = re.split(r"[:/]", str(text))[0]
                if used in RANKS and not may_use(source.app, used):
                    upward.append(f"{source.at(node)} -> {used}")

    assert upward == []


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def test_queued_tasks_exist_and_belong_to_lower_apps(sources: list[Source]) -> None:
    celery_app.loader.import_default_modules()
    wrong = []
    for source in sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or _called(node) not in {"enqueue_on_commit", "send_task", "wake"}:
                continue
            name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if name is None and source.app == "jobs":
                continue
            if name not in current_app.tasks or not may_use(source.app, str(name).split(".")[0]):
                wrong.append(f"{source.at(node)} {name!r}")

    assert wrong == []


def test_every_task_is_named_after_its_app(sources: list[Source]) -> None:
    celery_app.loader.import_default_modules()
    foreign = [
        f"{name} in {task.__module__}"
        for name, task in current_app.tasks.items()
        if not name.startswith("celery.") and name.split(".")[0] != task.__module__.split(".")[0]
    ]

    assert foreign == []


def test_models_are_fetched_by_name_in_migrations_only(sources: list[Source]) -> None:
    found = [
        source.at(node)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and _called(node) == "get_model"
    ]

    assert found == []


@pytest.mark.parametrize(
    ("user", "used", "allowed"),
    [
        ("checkout", "points", True),
        ("points", "checkout", False),
        ("points", "wallet", False),
        ("points", "points", True),
    ],
)
def test_the_layers_themselves_are_read_rightly(user: str, used: str, allowed: bool) -> None:
    assert may_use(user, used) is allowed
