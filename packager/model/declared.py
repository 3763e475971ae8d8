"""What a plugin's manifest says of where it runs."""

from __future__ import annotations

from typing import get_args

from packager.dataclass import dataclass
from packager.errors import Place
from packager.model.options import PREVIEW, Architecture, Runtime


@dataclass(frozen=True, slots=True)
class Declared:
    """Of a manifest: `meta.runner.version` as a minor version (`3.12`), `resource.memory` in bytes,
    and those of `meta.arch` that Lambda has. None, or nothing, for what it does not say."""

    python: str | None = None
    python_place: Place | None = None
    memory: int | None = None
    architectures: tuple[Architecture, ...] = ()

    @property
    def runtime(self) -> str | None:
        """Lambda's runtime of that Python, None where it has none, or a preview alone."""
        runtime = f"python{self.python}"
        return runtime if runtime in get_args(Runtime) and runtime not in PREVIEW else None

    def hint_for(self, python: str, *, newer: bool) -> str | None:
        """Return how to get the declared Python, where that is another and `newer`, or older."""
        if self.runtime is None or self.python is None or self.python == python:
            return None
        if (_number(self.python) > _number(python)) != newer:
            return None
        return f'the manifest says Python {self.python}: set runtime = "{self.runtime}"'


def _number(python: str) -> tuple[int, ...]:
    return tuple(int(part) for part in python.split("."))
