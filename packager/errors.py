"""The errors packager raises: one root, and what is wrong with the input, reported together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from typing import Final, Literal

from packager.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A position in an input file; `line` and `column` count from 1, None where there is none."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


Code = Literal[
    "advanced-parameter",
    "ambiguous-endpoint",
    "app-key-unset",
    "async-invoke",
    "base-path",
    "broken-link",
    "broken-package",
    "buffered-stream",
    "built-from-source",
    "cache-damaged",
    "configured-twice",
    "conflicting-keys",
    "conflicting-requirements",
    "conflicting-values",
    "converted-requirements",
    "credential-unset",
    "dead-rule",
    "default-fails",
    "default-not-an-option",
    "dependency-note",
    "duplicate",
    "duplicate-id",
    "endpoint-class",
    "endpoint-excluded",
    "hash-mismatch",
    "ignored-key",
    "ignored-requirement",
    "ignored-table",
    "import-fails",
    "import-may-fail",
    "inner-api",
    "invalid-character",
    "invalid-dotenv",
    "invalid-ignore-file",
    "invalid-lock",
    "invalid-path",
    "invalid-property",
    "invalid-python",
    "invalid-requirement",
    "invalid-toml",
    "invalid-value",
    "invalid-yaml",
    "kept-file",
    "large-zip",
    "late-work",
    "literal-variable",
    "long-timeout",
    "missing-file",
    "missing-function",
    "missing-key",
    "missing-module",
    "no-credentials",
    "no-endpoint",
    "no-endpoints",
    "no-group",
    "no-hash",
    "no-invoke",
    "no-manifest",
    "no-sandbox",
    "not-in-workspace",
    "not-permitted",
    "not-utf8",
    "outside-plugin",
    "python-differs",
    "python-excluded",
    "reserved-property",
    "reserved-variable",
    "runtime-ends",
    "secret-default",
    "secret-in-environment",
    "secret-literal",
    "setting-unset",
    "short-visibility",
    "source-build",
    "storage-is-local",
    "too-large",
    "unanswered-call",
    "unanswered-choice",
    "unchecked-value",
    "unknown-group",
    "unknown-key",
    "unknown-option",
    "unknown-property",
    "unknown-reference",
    "unknown-setting",
    "unreadable-file",
    "unreadable-plugin",
    "unsafe-default",
    "unsafe-package",
    "unset-variable",
    "unverified-route",
    "wrong-type",
]

# What keeps a function from serving: an endpoint can't be loaded, or every request is answered with
# 500. `packager build` refuses to build such, and `packager check` says that it would, but for
# values that are still to be given.
ASYNC_INVOKE: Final = "async-invoke"
DEFAULT_FAILS: Final = "default-fails"
IMPORT_FAILS: Final = "import-fails"
NO_INVOKE: Final = "no-invoke"
SETTING_UNSET: Final = "setting-unset"
BROKEN: frozenset[str] = frozenset((ASYNC_INVOKE, DEFAULT_FAILS, IMPORT_FAILS, NO_INVOKE))
FAILING: frozenset[str] = BROKEN | {SETTING_UNSET}
# Depends on what a run has.
APP_KEY_UNSET: Final = "app-key-unset"
UNANSWERED_CALL: Final = "unanswered-call"
UNANSWERED_CHOICE: Final = "unanswered-choice"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with the input (`error`), or worth knowing about it (`warning`).

    `code` tells programs its kind, whatever its words are: docs/diagnostics.md lists them.
    """

    code: Code
    message: str
    place: Place | None = None
    key: str = ""
    hint: str | None = None
    level: Literal["error", "warning"] = "error"

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

    all: list[Diagnostic] = field(default_factory=list, init=False)
    _said: set[Diagnostic] = field(default_factory=set, init=False, repr=False, compare=False)

    def add(self, diagnostic: Diagnostic) -> None:
        """Note `diagnostic`, once: a file that two readers or two groups share is wrong once."""
        if diagnostic not in self._said:
            self._said.add(diagnostic)
            self.all.append(diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Note each of `diagnostics`, once."""
        for each in diagnostics:
            self.add(each)

    def error(
        self,
        code: Code,
        message: str,
        place: Place | None = None,
        *,
        key: str = "",
        hint: str | None = None,
    ) -> None:
        """Note that the input is wrong."""
        self.add(Diagnostic(code, message, place, key, hint, "error"))

    def warn(
        self,
        code: Code,
        message: str,
        place: Place | None = None,
        *,
        key: str = "",
        hint: str | None = None,
    ) -> None:
        """Note something worth knowing that does not stop a build by itself."""
        self.add(Diagnostic(code, message, place, key, hint, "warning"))

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

    def raise_warnings(self) -> None:
        """Raise `InvalidInput` with all there is, if there is anything."""
        if self.all:
            raise InvalidInput(self.all)

    def refuse_failing(self) -> None:
        """Make errors of the warnings about functions that can't serve (`FAILING`)."""
        self.all = [
            replace(diagnostic, level="error", hint=_or_allow(diagnostic.hint))
            if diagnostic.code in FAILING
            else diagnostic
            for diagnostic in self.all
        ]

    def refuse_broken(self) -> None:
        """Make errors of those that no configuration of values mends (`BROKEN`)."""
        self.all = [
            replace(diagnostic, level="error") if diagnostic.code in BROKEN else diagnostic
            for diagnostic in self.all
        ]


def _or_allow(hint: str | None) -> str:
    return f"{hint + '; ' if hint else ''}--allow-failing builds all the same"
