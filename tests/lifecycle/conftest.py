"""Files to import and how they are imported."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from catalog.models import Product
from catalog.services import ProductData, save_product
from lifecycle.services.importing import Wish, import_file
from lifecycle.services.reading import Report
from stores.models import Store
from tests.factories.imports import Import, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows as a .csv (in any encoding) or, by the name, as an .xlsx with typed cells."""

    def build(*rows: list[Any], name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        if name.endswith(".xlsx"):
            book = Workbook()
            for row in rows:
                book.active.append(row)
            book.save(path)
        else:
            path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n", encoding=encoding)
        return path

    return build


@pytest.fixture
def bring_in(now: datetime, store: Store) -> Import:
    """Import a file, all or nothing."""

    def run(kind: str, path: Path, *, writes: bool = True, **options: Any) -> Report:
        wish = Wish(kind=kind, source="test", store=store, **options)
        return import_file(path=path, wish=wish, writes=writes, actor=None, at=now)

    return run


@pytest.fixture
def rice(db: None, now: datetime) -> Product:
    data = ProductData(sku="RICE5", name="五常大米 5kg", list_price=Decimal("59.90"), barcodes=("6901234567892",))
    return save_product(data=data, actor=None, at=now)


@pytest.fixture
def milk(db: None, now: datetime) -> Product:
    data = ProductData(sku="MILK12", name="纯牛奶 250ml×12", list_price=Decimal("49.80"))
    return save_product(data=data, actor=None, at=now)
