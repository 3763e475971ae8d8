"""Names what a bundle's packages are chosen for: a Python and a platform, in uv's words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packaging.tags import Tag, compatible_tags, cpython_tags

from packager.dataclass import dataclass
from packager.model.options import Architecture

MACHINES: Mapping[Architecture, str] = {"arm64": "aarch64", "x86_64": "x86_64"}
# Of platforms: of manylinux_2_17, 2_12 and 2_5, and of any Linux.
_ALIASES = ("manylinux2014", "manylinux2010", "manylinux1", "linux")


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
    def wheel_tags(self) -> frozenset[Tag]:
        """The tags of wheels that can be installed for it."""
        version = tuple(map(int, self.python.split(".")))
        machine = MACHINES[self.architecture]
        newest = int(self.platform.rpartition("_")[2])
        platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, 4, -1)]
        platforms += [f"{alias}_{machine}" for alias in _ALIASES]
        abi = f"cp{self.python.replace('.', '')}"
        return frozenset(
            {
                *cpython_tags(version, abis=[abi], platforms=platforms),
                *compatible_tags(version, interpreter=abi, platforms=platforms),
            }
        )

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


@dataclass(frozen=True, slots=True)
class EveryTarget(Target):
    """All platforms and Pythons from `python` on at once."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The options that make uv work for all of them."""
        python = ("--python", str(self.interpreter), "--python-version", self.python)
        return (*python, "--universal")
