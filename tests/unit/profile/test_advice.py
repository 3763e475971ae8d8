from __future__ import annotations

from pathlib import Path

import pytest

from packager.profile.advice import deferrable_imports
from packager.profile.facts import Deferrable, ImportedModule


def advice(tmp_path: Path, source: str, *costs: tuple[str, float]) -> list[tuple[int, str, float]]:
    """What is advised for a plugin's file whose imports took the given ms."""
    (tmp_path / "endpoints").mkdir(exist_ok=True)
    path = tmp_path / "endpoints/duck.py"
    path.write_text(source)
    imports = [ImportedModule("endpoints.duck", str(path), 0, 0, 99, 1, "plugin")]
    imports += [ImportedModule(name, "", 1, 0, ms, ms, "plugin") for name, ms in costs]
    imports.append(ImportedModule("later", "", 0, 0, 50, 50, "plugin"))
    found = deferrable_imports(tmp_path, imports)
    return [(each.line, each.module, each.ms) for each in found]


USED = "\n\ndef f():\n    return big\n"


@pytest.mark.parametrize(
    ("source", "costs", "found"),
    [
        ("import big" + USED, [("big", 20.0)], [(1, "big", 20.0)]),
        ("import big" + USED, [("big", 0.4)], []),
        ("import big as b\nx = lambda: b.x", [("big", 5.0)], [(1, "big", 5.0)]),
        ("from big import a, b\ndef f():\n    a(), b()", [("big", 5.0)], [(1, "big", 5.0)]),
        ("from big import a, b\nb()\ndef f():\n    a()", [("big", 5.0)], []),
        (
            "from pack import big" + USED,
            [("pack", 1.0), ("pack.big", 5.0)],
            [(1, "pack.big", 6.0)],
        ),
        ("from .near import big" + USED, [("endpoints.near", 5.0)], [(1, "endpoints.near", 5.0)]),
        ("if True:\n    import big" + USED, [("big", 5.0)], [(2, "big", 5.0)]),
        ("try:\n    import big\nexcept ImportError:\n    big = None" + USED, [("big", 5.0)], []),
        ("import big\nbig.set_up()" + USED, [("big", 5.0)], []),
        ("import big\nclass A(big.B):\n    pass" + USED, [("big", 5.0)], []),
        ("import big\n@big.wrap\ndef g(): pass" + USED, [("big", 5.0)], []),
        ("import big\ndef g(x=big.X): pass" + USED, [("big", 5.0)], []),
        ("import big\ndef g(x: big.X): pass" + USED, [("big", 5.0)], []),
        (
            "from __future__ import annotations\nimport big\ndef g(x: big.X): pass" + USED,
            [("big", 5.0)],
            [(2, "big", 5.0)],
        ),
        ("import big\n__all__ = ['big']" + USED, [("big", 5.0)], []),
        ("from big import *" + USED, [("big", 5.0)], []),
        ("import big", [("big", 5.0)], []),
        ("import big\nclass A:\n    x = big" + USED, [("big", 5.0)], []),
        ("import big\nclass A:\n    def f(self): big", [("big", 5.0)], [(1, "big", 5.0)]),
        ("import later" + USED.replace("big", "later"), [], []),
    ],
)
def test_advice(
    tmp_path: Path,
    source: str,
    costs: list[tuple[str, float]],
    found: list[tuple[int, str, float]],
) -> None:
    assert advice(tmp_path, source, *costs) == found


def test_it_names_file_and_functions_dearest_first(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("import x\nimport y\n\ndef f(): x\ndef g():\n    def h(): x, y\n")
    imports = [
        ImportedModule("a", str(path), 0, 0, 9, 1, "plugin"),
        ImportedModule("x", "", 1, 0, 2, 2, "plugin"),
        ImportedModule("y", "", 1, 0, 6, 6, "plugin"),
        ImportedModule("z", "", 2, 0, 6, 6, "plugin"),
    ]
    assert deferrable_imports(tmp_path, imports) == (
        Deferrable("a.py", 2, "y", 6, ("g",)),
        Deferrable("a.py", 1, "x", 2, ("f", "g")),
    )
