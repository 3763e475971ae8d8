"""Names what a bundle's packages are chosen for: a Python and a platform, in uv's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packager.model.options import Architecture

MACHINES: Mapping[Architecture, str] = {"arm64": "aarch64", "x86_64": "x86_64"}


@dataclass(frozen=True, slots=True)
class Target:
    """A Python and an architecture of Lambda's, or with `host` this machine.

    `interpreter` is any working one for uv to run; with `host` it is the target itself.
    """

    python: str
    architecture: Architecture
    interpreter: Path
    host: bool = False

    @property
    def platform(self) -> str:
        """The platform as uv names it.

        Python 3.11 runs on Amazon Linux 2 (glibc 2.26; 2.17 is the closest below that uv knows),
        later ones on Amazon Linux 2023 (glibc 2.34): AWS Lambda's page "Lambda runtimes".
        """
        if self.host:
            return "this machine"
        glibc = "2_17" if self.python == "3.11" else "2_34"
        return f"{MACHINES[self.architecture]}-manylinux_{glibc}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The options that make uv work for this target."""
        python = ("--python", str(self.interpreter))
        if self.host:
            return python
        return (*python, "--python-version", self.python, "--python-platform", self.platform)

    def __str__(self) -> str:
        where = "this machine" if self.host else f"{self.architecture} ({self.platform})"
        return f"Python {self.python} on {where}"
