"""The errors packager raises: one root, and what is wrong with the input, reported together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Place:
    """A position in an input file; `line` and `column` count from 1, None where there is none."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


# Codes of the warnings about functions that can't serve: an endpoint can't be loaded, or every
# request is answered with 500. `packager build` refuses to build such.
IMPORT_FAILS = "import-fails"
NO_INVOKE = "no-invoke"
SETTING_UNSET = "setting-unset"
FAILING = frozenset((IMPORT_FAILS, NO_INVOKE, SETTING_UNSET))
# Codes of warnings that depend on what a run has.
APP_KEY_UNSET = "app-key-unset"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with the input (`error`), or worth knowing about it (`warning`).

    `code` tells programs its kind, whatever its words are.
    """

    message: str
    place: Place | None = None
    key: str = ""
    hint: str | None = None
    level: Literal["error", "warning"] = "error"
    code: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        key = f"{self.key}: " if self.key else ""
        return f"{where}{key}{self.message}"


class PackagerError(Exception):
    """Root of all errors a user is meant to read. `exit_code` is what the command exits with."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(PackagerError):
    """A command was given something it can't use (exit code 2)."""

    exit_code = 2


class InvalidInput(PackagerError):
    """The input is wrong; `diagnostics` is everything that is wrong with it (exit code 2)."""

    exit_code = 2

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(diagnostic) for diagnostic in self.diagnostics))


@dataclass(slots=True)
class Diagnostics:
    """Gathers diagnostics while input is read, so that all of them are said at once."""

    all: list[Diagnostic] = field(default_factory=list)
    _said: set[Diagnostic] = field(default_factory=set, repr=False, compare=False)

    def add(self, diagnostic: Diagnostic) -> None:
        """Note `diagnostic`, once: a file that two readers or two groups share is wrong once."""
        if diagnostic not in self._said:
            self._said.add(diagnostic)
            self.all.append(diagnostic)

    def error(
        self, message: str, place: Place | None = None, *, key: str = "", hint: str | None = None
    ) -> None:
        """Note that the input is wrong."""
        self.add(Diagnostic(message, place, key, hint, "error"))

    def warn(
        self,
        message: str,
        place: Place | None = None,
        *,
        key: str = "",
        hint: str | None = None,
        code: str = "",
    ) -> None:
        """Note something worth knowing that does not stop a build by itself."""
        self.add(Diagnostic(message, place, key, hint, "warning", code))

    @property
    def errors(self) -> list[Diagnostic]:
        """What is wrong: it stops a build."""
        return [diagnostic for diagnostic in self.all if diagnostic.level == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        """What is worth knowing, and stops no build."""
        return [diagnostic for diagnostic in self.all if diagnostic.level == "warning"]

    def raise_errors(self) -> None:
        """Raise `InvalidInput` with every error so far, if there is one."""
        if self.errors:
            raise InvalidInput(self.errors)

    def refuse_failing(self) -> None:
        """Make errors of the warnings about functions that can't serve (`FAILING`)."""
        self.all = [
            replace(diagnostic, level="error", hint=_or_allow(diagnostic.hint))
            if diagnostic.code in FAILING
            else diagnostic
            for diagnostic in self.all
        ]


def _or_allow(hint: str | None) -> str:
    return f"{hint + '; ' if hint else ''}--allow-failing builds all the same"
