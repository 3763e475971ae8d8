"""What may wait in a module, and what of it does.

Neither is a dataclass: to import `dataclasses` takes longer than to treat a plugin.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from typing import Any

_NONE: frozenset[str] = frozenset()


class Rules:
    """`modules` are the top-level names of what may be imported later, `eager` dotted names that
    are imported at once all the same (relative ones without their dots). `values` are names of
    functions that are used as values, `assigned` attributes that somebody sets on modules,
    `plain_classes` those whose methods nobody asks for their annotations.

    A `package` has tests of its own that tell whether what it does is the same: names in its
    `__all__` and imports in branches may wait, too, and annotations that are text anyway force
    nothing. With `texts`, all annotations of its functions that name what waits are text. With
    `types`, what only says types waits: classes, and what annotations name that are text anyway."""

    def __init__(
        self,
        modules: frozenset[str],
        eager: frozenset[str],
        *,
        values: frozenset[str] = _NONE,
        assigned: frozenset[str] = _NONE,
        plain_classes: frozenset[str] = _NONE,
        annotations_read: bool = False,
        relative: bool = False,
        package: bool = False,
        texts: bool = False,
        types: bool = False,
        submodules: frozenset[str] = _NONE,
        root: str = "",
    ) -> None:
        self.modules = modules
        self.eager = eager
        self.values = values
        self.assigned = assigned
        self.plain_classes = plain_classes
        self.annotations_read = annotations_read
        self.relative = relative  # imports of the package's own modules may wait as well
        self.package = package
        self.texts = texts
        self.types = types
        # What lies beside a package's `__init__`: importing one sets the attribute of its name.
        self.submodules = submodules
        self.root = root  # of the bundle that has the plugin

    def changed(self, **changes: Any) -> Rules:
        """Return the same rules but for `changes`."""
        return Rules(**{**vars(self), **changes})


class Found:
    """What waits: the imports by name, as statements to be carried out then, and values by name."""

    def __init__(self) -> None:
        self.imports: dict[str, list[ast.stmt]] = {}
        self.values: dict[str, ast.Assign | ast.ClassDef] = {}
        self.uses: list[ast.Name] = []  # in functions
        self.texts: list[tuple[ast.expr, str]] = []  # annotations, and the text that they become
        self.hinted = False  # texts name what waits: who evaluates them has to find it

    @property
    def names(self) -> set[str]:
        """All names that wait."""
        return {*self.imports, *self.values}
