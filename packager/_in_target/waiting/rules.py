"""What may wait in a module, and what of it does."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rules:
    """`modules` are the top-level names of what may be imported later, `eager` dotted names that
    are imported at once all the same (relative ones without their dots). `values` are names of
    functions that are used as values, `assigned` attributes that somebody sets on modules,
    `plain_classes` those whose methods nobody asks for their annotations.

    A `package` has tests of its own that tell whether what it does is the same: names in its
    `__all__` and imports in branches may wait, too, and annotations that are text anyway force
    nothing. With `texts`, all annotations of its functions that name what waits are text. With
    `types`, what only says types waits: classes, and what annotations name that are text anyway."""

    modules: frozenset[str]
    eager: frozenset[str]
    values: frozenset[str] = frozenset()
    assigned: frozenset[str] = frozenset()
    plain_classes: frozenset[str] = frozenset()
    annotations_read: bool = False
    relative: bool = False  # imports of the package's own modules may wait as well
    package: bool = False
    texts: bool = False
    types: bool = False
    # What lies beside a package's `__init__`: importing one sets the attribute of its name.
    submodules: frozenset[str] = frozenset()
    root: str = ""  # of the bundle that has the plugin


@dataclass(slots=True)
class Found:
    """What waits: the imports by name, as statements to be carried out then, and values by name."""

    imports: dict[str, list[ast.stmt]] = field(default_factory=dict)
    values: dict[str, ast.Assign | ast.ClassDef] = field(default_factory=dict)
    uses: list[ast.Name] = field(default_factory=list)  # in functions
    texts: list[ast.expr] = field(default_factory=list)  # annotations that become text
    hinted: bool = False  # texts name what waits: who evaluates them has to find it

    @property
    def names(self) -> set[str]:
        """All names that wait."""
        return {*self.imports, *self.values}
