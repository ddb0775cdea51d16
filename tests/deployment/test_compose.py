"""docker-compose.yml without an engine: it fits the schema, and everything that it names exists."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

BASE = Path(__file__).resolve().parents[2]
TEXT = (BASE / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]


def _variables(text: str) -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))


def test_the_file_fits_the_compose_specification() -> None:
    result = subprocess.run(
        [
            str(Path(sys.executable).with_name("check-jsonschema")),
            *("--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
        ],
        cwd=BASE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout


def test_every_variable_is_explained_in_the_example_and_no_secret_has_a_value_there() -> None:
    lines = [line.split("=", 1) for line in (BASE / ".env.example").read_text().splitlines() if "=" in line[:40]]
    example = {name: value for name, value in lines if not name.startswith("#")}

    assert _variables(TEXT) == set(example)
    assert {name: value for name, value in example.items() if name.endswith(("_KEY", "_PASSWORD")) and value} == {}


def test_secrets_have_no_default() -> None:
    with_default = re.findall(r"\$\{([A-Z_]+(?:KEY|PASSWORD)):-", TEXT)

    assert with_default == []


def test_services_that_others_wait_for_exist_and_can_be_waited_for() -> None:
    wrong = []
    for name, service in SERVICES.items():
        for used, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy" and "healthcheck" not in SERVICES.get(used, {}):
                wrong.append(f"{name} waits for the health of {used}")
            if used not in SERVICES:
                wrong.append(f"{name} waits for {used}")

    assert wrong == []


def test_hosts_in_addresses_are_services() -> None:
    hosts = set(re.findall(r"@([a-z]+):\d+/", TEXT))

    assert hosts == {"postgres", "broker"}
    assert hosts <= set(SERVICES)


def test_named_volumes_are_declared_and_mounted_files_exist() -> None:
    sources = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]

    assert {source for source in sources if not source.startswith(".")} == set(COMPOSE["volumes"])
    assert [source for source in sources if source.startswith(".") and not (BASE / source).is_file()] == []


def test_postgres_18_keeps_its_data_where_its_image_wants_it() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]


def test_only_the_migration_knows_the_owner_of_the_schema() -> None:
    knowing = [name for name, service in SERVICES.items() if "DATABASE_OWNER_URL" in service.get("environment", {})]

    assert knowing == ["migrate"]


@pytest.mark.parametrize("name", ["DJANGO_SETTINGS_MODULE", "SECRET_KEY", "PHONE_KEY", "DATABASE_URL", "REDIS_URL"])
def test_every_process_has_what_the_production_settings_require(name: str) -> None:
    lacking = [
        service for service in ("migrate", "web", "worker", "beat") if not SERVICES[service]["environment"].get(name)
    ]

    assert lacking == []


def test_the_image_runs_as_an_ordinary_user_and_copies_what_exists() -> None:
    lines = (BASE / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line]

    assert [line for line in lines if line.startswith("USER ")] == ["USER patron"]
    assert all((BASE / name).exists() for name in copied)
