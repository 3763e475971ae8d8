"""What a profile says of each package: its diet, and what is imported of it all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.profile import packages
from packager.profile.facts import ImportedModule, PackageImports, Part
from packager.profile.packages import gained, packages_of
from packager.profile.text import costs_of, diet_of

PARTS = (Part("interpreter", 8.0, 30), Part("shop", 7.5, 3), Part("till", 0.5, 1))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        **{"shop/__init__.py": b"", "shop/__pycache__/__init__.cpython-313.pyc": b"__waiting__"},
        **{"shop/stock.py": b"", "shop/__pycache__/stock.cpython-313.pyc": b"code"},
        **{"till.py": b"", "older/__init__.py": b"", "plugin/x.py": b"", "shop.dist-info/R": b""},
        **{"endpoint_runtime/x.py": b"", "dify_plugin/x.py": b"", "werkzeug/__init__.py": b""},
        "werkzeug/http.py": b"from werkzeug import _deferred; _lazy = _deferred.Lazy(globals())",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    table = {"a-shop": {"modules": ["shop"]}, "older-shop": {"modules": ["older"]}}
    monkeypatch.setattr(packages, "verified", lambda: table)
    return tmp_path


def test_each_package_with_its_diet_and_what_it_costs(folder: Path) -> None:
    imports = [
        ImportedModule("shop", "shop/__init__.py", 0, 8.0, 7.5, 0.5, "shop"),
        ImportedModule("json", "/lib/json/__init__.py", 1, 8.0, 2.5, 2.5, "shop"),
        ImportedModule("shop.stock", "shop/stock.py", 1, 10.0, 4.5, 4.5, "shop"),
        ImportedModule("till", "till.py", 0, 15.0, 0.2, 0.2, "till"),  # next to nothing
    ]

    found = packages_of(folder, ("werkzeug 3.1.9", "a-shop 1.3 (by rule)"), PARTS, imports)

    costs = (("shop.stock", 4.5, "shop"), ("json", 2.5, "shop"), ("shop", 0.5, ""))
    assert found == (
        PackageImports("shop", "a-shop 1.3 (by rule)", True, 2, 1, 3, 7.5, costs),
        PackageImports("till", "", False, 1, 0, 1, 0.5, ()),
        PackageImports("older", "", True, 1, 0, 0, 0.0, ()),
        PackageImports("werkzeug", "werkzeug 3.1.9", True, 2, 1, 0, 0.0, ()),
    )
    assert [diet_of(each) for each in found] == [
        *("1.3 (by rule)", "not listed", "this release not", "3.1.9"),
    ]
    assert costs_of(found[0]) == "shop.stock 4.5 by shop, json 2.5 by shop, shop 0.5 in a function"
    assert gained(found[0], [Part("shop", 20.0, 9)]) == 12.5
    assert gained(found[0], [Part("till", 1.0, 1)]) is None
