"""Which installed packages are treated: verified releases, and newer ones of the same series."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from packager._in_target.waiting.shape import shape_of
from packager.dependencies.diet import packages
from packager.dependencies.diet.packages import digest_of, treated_packages
from packager.host.bytecode import compile_files
from packager.host.interpreter import SUPPORTED_PYTHONS, newest_supported
from packager.model.options import Options

SOURCES = {
    "shop/__init__.py": "from shop.stock import Stock\nimport json\ndef f(): return json\n",
    "shop/stock.py": "import sys\nsys.seen.append(__name__)\nclass Stock: ...\n",
    "shop/left.py": "import json\ndef f(): return json\n",
}


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    for name, source in SOURCES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source)
    made: dict[str, Any] = {
        "a-shop": {
            "modules": ["shop"],
            "skip": ["shop/left"],
            "shapes": {name: shape_of(ast.parse(source)) for name, source in SOURCES.items()},
            "releases": {
                "1.2.0": {"sources": digest_of(folder, SOURCES), "pythons": ["3.13"]},
                "0.9": {"sources": "", "pythons": ["3.13"]},
            },
        }
    }
    monkeypatch.setattr(packages, "verified", lambda: made)
    return folder


@pytest.mark.parametrize(
    ("version", "python", "label"),
    [
        ("1.2.0", "3.13", "a-shop 1.2.0"),
        ("1.2.0", "3.12", "a-shop 1.2.0 (by rule)"),
        ("1.3", "3.13", "a-shop 1.3 (by rule)"),
        ("1.1", "3.13", None),
        ("2.0", "3.13", None),
        ("1.3rc1", "3.13", None),
        ("0.9", "3.13", None),  # its files are not those of the release
        ("odd version", "3.13", None),
    ],
)
def test_which_releases_are_treated(
    table: Path, version: str, python: str, label: str | None
) -> None:
    owners = dict.fromkeys(SOURCES, "a-shop") | {"other.py": "other", "shop/gone.py": "a-shop"}

    found = treated_packages(table, {"a-shop": version, "other": "1"}, owners, python)

    assert [each.label for each in found] == ([label] if label else [])
    for each in found:
        assert each.files == ("shop/__init__.py", "shop/stock.py")


def test_a_treated_package_imports_its_own_modules_when_they_are_used(table: Path) -> None:
    interpreter = newest_supported()
    assert interpreter is not None
    owners = dict.fromkeys(SOURCES, "a-shop")
    (package,) = treated_packages(table, {"a-shop": "1.2.0"}, owners, "3.13")
    compile_files(interpreter, table, package.files, waiting=package.rules)
    code = (
        "import sys; sys.seen = []; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "import shop\n"
        "assert sys.seen == [] and 'json' not in sys.modules\n"
        "assert shop.stock.Stock.__module__ == 'shop.stock'\n"  # a submodule, as it was one
        "from shop import Stock\n"
        "assert shop.Stock is Stock and sys.seen == ['shop.stock']\n"
        "assert not hasattr(shop, 'nothing')\n"
    )
    runtime = Path(packages.__file__).parents[3] / "handler_template"
    subprocess.run(
        [interpreter.path, "-I", "-S", "-B", "-c", code, str(table), str(runtime)], check=True
    )


def test_a_newer_release_waits_where_it_imports_what_it_did(table: Path) -> None:
    interpreter = newest_supported()
    assert interpreter is not None
    (table / "shop" / "stock.py").write_text("import sys, sched\nclass Stock: ...\n")
    (table / "shop" / "till.py").write_text("import json\n")  # a new one
    init = (table / "shop" / "__init__.py").read_text()
    (table / "shop" / "__init__.py").write_text(init.replace("Stock", "Stock, Shelf") + "X = 1\n")
    owners = dict.fromkeys([*SOURCES, "shop/till.py"], "a-shop")
    (package,) = treated_packages(table, {"a-shop": "1.9"}, owners, interpreter.python)

    left = compile_files(interpreter, table, package.files, waiting=package.rules)

    assert left == ["shop/stock.py", "shop/till.py"]
    waiting = {
        path.name.partition(".")[0]: b"__waiting__" in path.read_bytes()
        for path in table.rglob("*.pyc")
    }
    assert waiting == {"__init__": True, "stock": False, "till": False}


@pytest.mark.parametrize(
    ("pairs", "seen"),
    [
        ([["seen.append(__name__)", "seen.append(2)"]], [2]),
        ([["seen.append(__name__)", "seen.append(2)"], ["class Stock: ...", "Stock = 3"]], [2]),
        ([["seen.append(__name__)", "seen.append(2)"], ["Shelf", "Stock"]], ["shop.stock"]),
        ([["s", "t"]], ["shop.stock"]),  # it is there more than once
    ],
)
def test_what_the_table_replaces_is_replaced_in_the_bytecode_alone(
    table: Path, pairs: list[list[str]], seen: list[object]
) -> None:
    interpreter = newest_supported()
    assert interpreter is not None
    owners = dict.fromkeys(SOURCES, "a-shop")
    entry = packages.verified()["a-shop"]
    entry["replaced"] = {"shop/stock.py": pairs}
    (package,) = treated_packages(table, {"a-shop": "1.2.0"}, owners, interpreter.python)

    compile_files(interpreter, table, package.files, waiting=package.rules)

    code = "import sys; sys.seen = []; sys.path.insert(0, sys.argv[1]); import shop.stock as s\n"
    code += "import inspect; print(sys.seen, 'append(__name__)' in inspect.getsource(s))"
    runtime = Path(packages.__file__).parents[3] / "handler_template"
    command = [str(interpreter.path), "-S", "-B", "-c", code, str(table)]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(runtime)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{seen} True\n"


def test_the_table_is_of_releases_whose_tests_were_many() -> None:
    table = json.loads(packages.TABLE.read_text("utf-8"))

    assert table == dict(sorted(table.items()))
    for entry in table.values():
        pairs = [pair for found in entry.get("replaced", {}).values() for pair in found]
        assert all(old.count("\n") == new.count("\n") for old, new in pairs)  # lines stay
        for release in entry["releases"].values():
            assert (release["tests"] >= 20, len(release["sources"])) == (True, 64)
            assert release["pythons"]
            assert {*release["pythons"]} <= {*SUPPORTED_PYTHONS}


@pytest.mark.parametrize(
    ("options", "treated"),
    [
        (Options(), {"werkzeug", "boto3"}),
        (Options(diet=False), set()),
        (Options(diet=("boto3",)), {"boto3"}),
        (Options(diet_exclude=("boto3",)), {"werkzeug"}),
        (Options(diet=("boto3",), diet_exclude=("boto3",)), set()),
    ],
)
def test_what_the_configuration_says(options: Options, treated: set[str]) -> None:
    assert {name for name in ("werkzeug", "boto3") if options.diets(name)} == treated
