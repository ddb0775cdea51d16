"""The pages of imports: upload, check, errors to download, commit."""

from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from core.permissions import table
from lifecycle.models import ImportRun
from lifecycle.services import runs
from members.models import Member
from stores.models import Staff, Store
from tests.factories.till import allow


@pytest.fixture(autouse=True)
def _private_folder(settings: Any, tmp_path: Path) -> None:
    settings.PRIVATE_ROOT = tmp_path


@pytest.fixture
def importer(owner: Staff) -> Staff:
    allow(owner, "lifecycle.view_importrun")
    allow(owner, "lifecycle.add_importrun")
    return owner


def _upload(client: Any, content: str, **fields: Any) -> Any:
    file = SimpleUploadedFile("../members.csv", content.encode())
    data = {"kind": "members", "source": "old-till", "file": file, **fields}
    return client.post(reverse("lifecycle:import-create"), data)


GOOD = "external_id,姓名,手机号\nA1,王小明,13800138000\n"
BAD = "external_id,姓名,手机号\nA1,王小明,1.38E+10\nA2,=HYPERLINK(1),12\n"


def test_an_upload_is_checked_and_then_imported_when_asked(
    importer: Staff, client_for: Any, store: Store, now: datetime
) -> None:
    client = client_for(importer)

    answer = _upload(client, GOOD, store=store.pk)
    run = ImportRun.objects.get()
    runs.check(run_id=run.pk, at=now)

    assert answer.status_code == 302
    page = client.get(reverse("lifecycle:import-detail", args=[run.pk]))
    assert page.context["run"].status == "ready"
    assert run.file_name == "members.csv"
    assert not Member.objects.exists()

    client.post(reverse("lifecycle:commit-create", args=[run.pk]))
    runs.finish(run_id=run.pk, at=now)
    runs.finish(run_id=run.pk, at=now)

    run.refresh_from_db()
    assert (run.status, run.counts["members"]) == ("imported", 1)
    assert Member.objects.get().external_source == "old-till"
    assert client.post(reverse("lifecycle:commit-create", args=[run.pk])).status_code == 409


def test_errors_can_be_downloaded_beside_their_rows(
    importer: Staff, client_for: Any, store: Store, now: datetime
) -> None:
    client = client_for(importer)
    _upload(client, BAD, store=store.pk)
    run = runs.check(run_id=ImportRun.objects.get().pk, at=now)

    answer = client.get(reverse("lifecycle:error-file", args=[run.pk]))
    page = client.get(reverse("lifecycle:import-detail", args=[run.pk]))

    rows = list(load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0].iter_rows(values_only=True))
    assert [(row[0], row[2]) for row in rows[1:]] == [(2, "A1"), (3, "A2")]
    assert "1.38E+10" in rows[1][1]
    assert page.context["run"].status == "refused"
    assert client.post(reverse("lifecycle:commit-create", args=[run.pk])).status_code == 409
    assert not Member.objects.exists()


def test_a_file_that_is_no_table_fails_with_words_and_can_be_dropped(
    importer: Staff, client_for: Any, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    client = client_for(importer)
    _upload(client, "x")
    run = runs.check(run_id=ImportRun.objects.get().pk, at=now)
    path = runs.file_path(run)
    assert (run.status, path.exists()) == ("failed", True)

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("lifecycle:import-delete", args=[run.pk]))

    run.refresh_from_db()
    assert (answer.status_code, run.status, path.exists()) == (302, "dropped", False)


def test_the_form_answers_beside_the_fields(importer: Staff, client_for: Any) -> None:
    answer = client_for(importer).post(reverse("lifecycle:import-create"), {"kind": "members", "source": "../x"})

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"file", "source"}


@pytest.mark.parametrize("kind", ["members", "products", "orders"])
def test_a_template_has_the_columns_that_the_import_reads(importer: Staff, client_for: Any, kind: str) -> None:
    answer = client_for(importer).get(reverse("lifecycle:template-file", args=[kind]))

    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    assert sheet.max_row == 2
    assert answer["Content-Disposition"].endswith(".xlsx")


def test_a_cashier_may_not_import(cashier: Staff, client_for: Any) -> None:
    assert client_for(cashier).get(reverse("lifecycle:import-create")).status_code == 403
    assert table()["lifecycle:import-create"] == "lifecycle.add_importrun"
