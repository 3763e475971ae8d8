from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from packager.analysis.facts import ImportedModule, SourceFacts
from packager.analysis.sdk_distributions import (
    PYDANTIC_NAMES,
    imported_distributions,
    only_for_sdk,
    serves_requests,
)

LISTING = """
from dify_plugin._lazy_names import ELSEWHERE
print(*(name for name, module in ELSEWHERE.items() if module == "pydantic"))
"""


def facts(**imports: str) -> dict[str, SourceFacts]:
    """Facts of files, given as `a__b=...` for `a/b.py`, with the modules they import."""
    found = {}
    for name, modules in imports.items():
        path = f"{name.replace('__', '/')}.py"
        imported = tuple(ImportedModule(module, 1) for module in modules.split())
        found[path] = SourceFacts(path, imports=imported)
    return found


def test_import_names_become_distributions() -> None:
    modules = "yaml.loader pydantic_settings zope.interface.common json boto3 dify_plugin"
    assert imported_distributions(facts(endpoints__a=modules, utils__b="werkzeug.routing")) == {
        "pyyaml",
        "pydantic-settings",
        "zope-interface",
        "werkzeug",
    }


def test_names_of_pydantic_taken_from_the_sdk_need_it() -> None:
    imported = ImportedModule("dify_plugin.entities", 1, ("I18nObject", "BaseModel"))
    read = {"endpoints/a.py": SourceFacts("endpoints/a.py", imports=(imported,))}
    template = str(Path(__file__).resolve().parents[3] / "handler_template")
    listed = subprocess.run(
        [sys.executable, "-c", LISTING],
        env={"PYTHONPATH": template},
        check=True,
        capture_output=True,
        text=True,
    )

    assert imported_distributions(read) == {"pydantic"}
    assert set(listed.stdout.split()) == PYDANTIC_NAMES


def test_main_and_tests_count_for_nothing() -> None:
    read = facts(main="gevent", tests__a="httpx", a__test_b="flask", a__main="requests")
    assert imported_distributions(read) == {"requests"}


def test_own_modules_hide_distributions_and_bare_folders_do_not() -> None:
    read = facts(a="requests yaml click.x", requests="json", click__x="json") | {
        "yaml/__init__.py": SourceFacts("yaml/__init__.py")
    }
    assert imported_distributions(read) == {"click"}


@pytest.mark.parametrize(
    ("path", "serves"),
    [
        ("main.py", False),
        ("endpoints/main.py", True),
        ("endpoints/conftest.py", False),
        ("endpoints/a_test.py", False),
        ("endpoints/attest.py", True),
        ("test/a.py", False),
        ("tests.py", True),
    ],
)
def test_which_files_serve_requests(path: str, serves: bool) -> None:
    assert serves_requests(path) is serves


FREEZE = {"greenlet", "zope-event", "zope-interface", "gevent", "requests", "pynacl"}


@pytest.mark.parametrize(
    ("names", "imported", "spare"),
    [
        ({"dify-plugin", "gevent", "requests"}, set(), set()),
        (FREEZE, set(), set()),
        (FREEZE | {"dify-plugin"}, {"requests"}, FREEZE - {"requests", "pynacl"}),
    ],
)
def test_what_a_whole_environments_listing_names_for_the_sdk(
    names: set[str], imported: set[str], spare: set[str]
) -> None:
    assert only_for_sdk(names, imported) == spare
