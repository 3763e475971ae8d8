"""The imports of a module that wait until what they bind is used.

Contract: bytecode that packager has made of a plugin's or a package's modules calls this
(packager/_in_target/waiting/imports.py). Such a module's `__waiting__` has the module's namespace
as its `__dict__`: `__waiting__.name` is the name, imported when it is first used. From outside,
names are the module's attributes as always (PEP 562). It imports what each process has.
"""

import builtins
from _frozen_importlib import _ModuleLockManager  # type: ignore[attr-defined]
from os import environ
from sys import _getframe, modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Maker = Callable[[], Any]

# All of the process, in the order of the modules.
_every: "list[Waiting]" = []
_OWN = frozenset({"__waiting__", "__waiting_import__", "__getattr__", "__dir__"})


class Waiting:
    """A module's namespace, with what has not been imported yet."""

    # With underscores, so that no name of a module is hidden by what belongs to this.
    __slots__ = ("__dict__", "__makers__", "__own__")

    def __init__(self) -> None:
        # Of the module that calls this, which may have a `globals` of its own.
        namespace = self.__dict__ = _getframe(1).f_globals
        self.__makers__: dict[str, Maker] = {}
        self.__own__: Callable[[str], Any] | None = None
        namespace["__getattr__"] = self.__find__
        namespace["__dir__"] = self.__names__
        namespace["__builtins__"] = vars(builtins)  # not `Builtins`, if the module is reloaded
        _every.append(self)

    def __call__(self, name: str) -> "Callable[[Maker], Maker]":
        """Return the decorator of the function that makes `name`."""
        self.__dict__.pop(name, None)  # of the module's earlier run, where it is reloaded

        def register(make: "Maker") -> "Maker":
            self.__makers__[name] = make
            return make

        return register

    def __once__(self, name: str) -> "Callable[[Maker], Maker]":
        """Return the decorator of the function that makes `name`, which sets it, too: a class."""
        register = self(name)

        def alone(make: "Maker") -> "Maker":
            def make_once() -> "Any":
                lock = _ModuleLockManager(f"{self.__dict__['__name__']}:{name}")
                try:
                    lock.__enter__()
                except RuntimeError:  # a deadlock: imports go on without, too
                    return make()
                try:
                    return self.__dict__[name] if name in self.__dict__ else make()
                finally:
                    lock.__exit__(None, None, None)

            register(make_once)
            return make

        return alone

    def __getattr__(self, name: str) -> "Any":
        # No lock: imports have their own, and whoever comes second takes what the first has set.
        make = self.__makers__.get(name)
        if make is None:
            raise NameError(f"name {name!r} is not defined", name=name)
        return self.__dict__.setdefault(name, make())

    def __log__(self, name: str, level: str) -> "Callable[..., None]":
        """Return the method of a logger's level: where nothing has imported `logging`, so that its
        level is what it is from the start, one that does nothing for lines which it does not take.
        """
        if name in self.__dict__ or "logging" in modules or _takes(level):
            method: Callable[..., None] = getattr(getattr(self, name), level)
            return method

        def log(*line: "Any", **options: "Any") -> None:
            if "logging" in modules:  # what the line is made of has imported it
                options["stacklevel"] = options.get("stacklevel", 1) + 1
                getattr(getattr(self, name), level)(*line, **options)

        return log

    def __find__(self, name: str) -> "Any":
        """The module's `__getattr__`."""
        if name in self.__makers__:
            return getattr(self, name)
        fault: Exception = AttributeError(
            f"module {self.__dict__['__name__']!r} has no attribute {name!r}", name=name
        )
        if self.__own__ is not None:
            try:
                return self.__own__(name)
            except AttributeError as error:
                fault = error
        if name == "__all__":  # `import *` and help() go on with the whole namespace
            self.__settle__()
        elif "__path__" in self.__dict__ and not name.startswith("__"):
            # A package whose own imports wait: they would have made its submodules attributes.
            try:
                return self.__submodule__(name)
            except ImportError:
                pass
        raise fault

    def __submodule__(self, name: str) -> "Any":
        """Import a module of the package."""
        below = f"{self.__dict__['__name__']}.{name}"
        __import__(below)
        return modules[below]

    def __hook__(self) -> None:
        """Have the module's own `__getattr__` asked for what does not wait."""
        self.__own__ = self.__dict__.get("__getattr__")
        self.__dict__["__getattr__"] = self.__find__

    def __names__(self) -> "list[str]":
        """The module's `__dir__`: what it was before."""
        return sorted({*self.__dict__, *self.__makers__} - _OWN)

    def __hinted__(self) -> None:
        """Have texts that are evaluated in the module (`typing.get_type_hints`) find what waits."""
        self.__dict__["__builtins__"] = Builtins(self)

    def __settle__(self) -> None:
        """Import all that waits."""
        for name in self.__makers__:
            if name not in self.__dict__:
                getattr(self, name)


def _takes(level: str) -> bool:
    """Whether Lambda's setting has the log take lines of `debug` or `info`; Python's has not."""
    least = environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    return least in ("TRACE", "DEBUG", "NOTSET") or (level == "info" and least == "INFO")


class Builtins(dict[str, "Any"]):
    """The builtins as a module has them once it is imported; its functions keep the plain ones."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__(vars(builtins))
        self._waiting = waiting

    def __missing__(self, name: str) -> "Any":
        if name in self._waiting.__makers__:
            return getattr(self._waiting, name)
        raise KeyError(name)


def complete(package: "Any", submodules: str) -> None:
    """Import those of a package's submodules that it lacks: what a plugin says `package.name` of,
    though it imports the package alone. In Dify an import that waits here has brought them."""
    for name in submodules.split():
        if not hasattr(package, name):
            try:
                __import__(f"{package.__name__}.{name}")
            except ImportError:  # it is for another system
                continue


def settle() -> None:
    """Import all that waits in any module; what fails is left to who uses it."""
    done = 0
    while done < len(_every):  # imports bring further modules
        each = _every[done]
        done += 1
        for name in [*each.__makers__]:
            if name not in each.__dict__:
                try:
                    getattr(each, name)
                except Exception:  # noqa: S112 - raised again at its first use
                    continue
