"""Has modules of the standard library wait until they are used, whoever imports them.

`import re` gives the module itself, as always, but its code runs when one of its names is first
asked for. Until then `re` answers what modules of the standard library ask it for while they are
imported: their patterns are compiled when they are used. The interpreter's own code runs, whatever
the patch release. docs/cold-start.md says which modules wait, and what it is worth.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib import _ModuleLockManager  # type: ignore[attr-defined]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any
else:
    ModuleType = type(sys)

_LIBRARY = os.path.dirname(os.__file__) + "/"
# Has what the import system asks of a module that it finds in `sys.modules`.
_KNOWN = frozenset({"__class__", "__file__", "__loader__", "__name__", "__spec__"})
_MISSING = object()

_BLANKS = " \t\n\r"
_FIELD = r"%\(\w+\)[#0+ -]*(\*|\d+)?(\.(\*|\d+))?[diouxefgcrsa%]"
_FLAGS = {
    **{"A": 256, "ASCII": 256, "I": 2, "IGNORECASE": 2, "L": 4, "LOCALE": 4, "M": 8},
    **{"MULTILINE": 8, "S": 16, "DOTALL": 16, "U": 32, "UNICODE": 32, "X": 64, "VERBOSE": 64},
}
_ESCAPED = {ord(each): "\\" + each for each in "()[]{}?*+-|^$\\.&~# \t\n\r\v\f"}


class _Waiting(ModuleType):
    """A module whose code has not run yet; it is a plain one from then on."""

    def __getattribute__(self, name: str) -> Any:
        get = ModuleType.__getattribute__
        if name in _KNOWN:
            return get(self, name)
        if get(self, "__name__") == "re" and _is_being_imported(sys._getframe(1).f_globals):
            value = _of_re(name)
            if value is not _MISSING:
                return value
        _run(self)
        return get(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _KNOWN:
            _run(self)
        ModuleType.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        _run(self)
        ModuleType.__delattr__(self, name)


_running: set[str] = set()


def _run(module: ModuleType) -> None:
    """Run a module's code, in the one thread that comes first, under the module's import lock."""
    spec = module.__spec__
    assert spec is not None  # noqa: S101 - each has been found
    assert spec.loader is not None  # noqa: S101
    lock = _ModuleLockManager(spec.name)
    try:
        lock.__enter__()
    except RuntimeError:  # a deadlock: imports take what there is of the module, too
        return
    try:
        if type(module) is not _Waiting or spec.name in _running:
            return
        _running.add(spec.name)
        spec._initializing = True  # type: ignore[attr-defined]
        try:
            spec.loader.exec_module(module)
        finally:
            spec._initializing = False  # type: ignore[attr-defined]
            _running.discard(spec.name)
        module.__class__ = ModuleType  # type: ignore[assignment]
    finally:
        lock.__exit__(None, None, None)


class LaterLoader:
    """Loads a module that waits; its own loader, which it is given back, runs the code later."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:  # get_source and its like, of who only finds it
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what its own loader makes."""
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """Have the module wait."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__class__ = _Waiting


def run_waiting(names: Iterable[str]) -> None:
    """Run the code of those of the modules that have been imported and still wait."""
    for name in names:
        module = sys.modules.get(name)
        if type(module) is _Waiting:
            _run(module)


def _is_being_imported(namespace: dict[str, Any]) -> bool:
    """Whether a namespace is of a module of the standard library that is not imported wholly."""
    spec = namespace.get("__spec__")
    return (
        spec is not None
        and getattr(spec, "_initializing", False)
        and (spec.origin or "").startswith(_LIBRARY)
        and spec.name.partition(".")[0] in sys.stdlib_module_names
    )


def _of_re(name: str) -> Any:
    """Return what `re` has by this name, where that can be said without running its code."""
    if name == "compile":
        return _compile
    if name == "escape":
        return _escape
    if name in ("Match", "Pattern"):
        import _sre  # type: ignore[import-not-found]

        try:
            empty = _sre.compile("", 32, [1], 0, {}, (None,))  # the code of success
        except (RuntimeError, TypeError):  # a `_sre` to come may have another
            return _MISSING
        return type(empty) if name == "Pattern" else type(empty.match(""))
    return _FLAGS.get(name, _MISSING)


def _escape(pattern: Any) -> Any:
    if isinstance(pattern, str):
        return pattern.translate(_ESCAPED)
    return str(pattern, "latin1").translate(_ESCAPED).encode("latin1")


def _compile(pattern: Any, flags: int = 0) -> _Pattern:
    """Return what compiles `pattern` when it is used."""
    kind = {r"[ \t\n\r]*": _Blanks, _FIELD: _Field}.get(pattern, _Pattern)
    return kind(pattern, flags)


class _Pattern:
    """A pattern of `re`, compiled when it is used: an `re.Pattern` to whoever asks."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._made_of = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        value = self.__dict__[name] = getattr(self._compiled(), name)
        return value

    def _compiled(self) -> Any:
        import re

        return re.compile(*self._made_of)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        import re

        return re.Pattern

    def __repr__(self) -> str:
        return repr(self._compiled())

    def __eq__(self, other: object) -> bool:
        if type(other) in _KINDS:
            other = other._compiled()  # type: ignore[attr-defined]
        return bool(self._compiled() == other)

    def __hash__(self) -> int:
        return hash(self._compiled())

    def __copy__(self) -> _Pattern:
        return self

    def __deepcopy__(self, memo: object) -> _Pattern:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        import re

        return re.compile, self._made_of

    # Among what modules bind while they are imported, so not ones of `__getattr__`.

    def match(self, *arguments: Any, **named: Any) -> Any:
        return self._compiled().match(*arguments, **named)

    def fullmatch(self, *arguments: Any, **named: Any) -> Any:
        return self._compiled().fullmatch(*arguments, **named)

    def search(self, *arguments: Any, **named: Any) -> Any:
        return self._compiled().search(*arguments, **named)

    def sub(self, *arguments: Any, **named: Any) -> Any:
        return self._compiled().sub(*arguments, **named)


class _Blanks(_Pattern):
    """What `json.loads` uses each time."""

    def match(self, text: str, at: int = 0) -> Any:
        """Return where the blanks from `at` on end."""
        end = len(text)
        at = min(max(at, 0), end)
        while at < end and text[at] in _BLANKS:
            at += 1
        return _End(at)


class _End:
    """What a match of blanks says."""

    __slots__ = ("_at",)

    def __init__(self, at: int) -> None:
        self._at = at

    def end(self) -> int:
        return self._at


class _Field(_Pattern):
    """What `logging` looks for in the format of each formatter, to know that there is one."""

    def search(self, *arguments: Any, **named: Any) -> Any:
        if sys._getframe(1).f_globals.get("__name__") == "logging" and len(arguments) == 1:
            name, _, rest = arguments[0].partition("%(")[2].partition(")")
            if name.isidentifier() and rest[:1] in ("s", "d"):
                return True
        return super().search(*arguments, **named)


_KINDS = (_Pattern, _Blanks, _Field)
