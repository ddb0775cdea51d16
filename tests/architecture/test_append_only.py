"""Ledgers and audit cannot be changed: by trigger for everybody, by rights for the application's own role."""

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from psycopg import sql

from config.embedded import APPLICATION_ROLE
from core.ledger import AppendOnly

pytestmark = pytest.mark.django_db

PROTECTED = [model for model in apps.get_models() if issubclass(model, AppendOnly)]
ids = [model._meta.label for model in PROTECTED]


def test_there_are_append_only_models() -> None:
    labels = set(ids)

    assert {"audit.Record", "stores.SettingValue"} <= labels


@pytest.mark.parametrize("model", PROTECTED, ids=ids)
def test_the_model_declares_both_triggers(model: type[AppendOnly]) -> None:
    names = {trigger.name for trigger in getattr(model._meta, "triggers", [])}

    assert {"append_only", "no_truncate"} <= names


@pytest.mark.parametrize("model", PROTECTED, ids=ids)
def test_the_database_has_both_triggers_and_they_are_on(model: type[AppendOnly]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'O'",
            [model._meta.db_table],
        )
        names = " ".join(name for (name,) in cursor.fetchall())

    assert "pgtrigger_append_only" in names
    assert "pgtrigger_no_truncate" in names


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
@pytest.mark.parametrize("model", PROTECTED, ids=ids)
def test_the_application_role_is_refused_by_the_database(model: type[AppendOnly], verb: str) -> None:
    table, column = sql.Identifier(model._meta.db_table), sql.Identifier(str(model._meta.pk.column))
    statements = {
        "UPDATE": sql.SQL("UPDATE {0} SET {1} = {1}").format(table, column),
        "DELETE": sql.SQL("DELETE FROM {0}").format(table),
        "TRUNCATE": sql.SQL("TRUNCATE {0} CASCADE").format(table),
    }

    with _as_application() as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        other.execute(statements[verb])


@pytest.mark.parametrize("model", PROTECTED, ids=ids)
def test_even_the_owner_of_the_schema_is_stopped_by_the_trigger(model: type[AppendOnly]) -> None:
    with pytest.raises(ProgrammingError, match="cannot be truncated"), transaction.atomic():
        connection.cursor().execute(f'TRUNCATE "{model._meta.db_table}" CASCADE')


def test_the_application_role_cannot_switch_the_triggers_off() -> None:
    with _as_application() as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        other.execute("SET session_replication_role = replica")


def test_the_application_role_cannot_change_the_schema() -> None:
    with _as_application() as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        other.execute("ALTER TABLE audit_record DISABLE TRIGGER ALL")


def _as_application() -> psycopg.Connection:
    database = connection.settings_dict
    return psycopg.connect(
        host=database["HOST"],
        port=database["PORT"] or None,
        user=APPLICATION_ROLE,
        dbname=database["NAME"],
        autocommit=True,
    )


def test_tests_run_as_the_owner_and_the_application_is_another() -> None:
    assert settings.DATABASES["default"]["USER"] != APPLICATION_ROLE
