"""What a profile says, as data."""

from __future__ import annotations

from collections.abc import Mapping

from packager.dataclass import dataclass

# Lambda gives CPU in proportion to memory: a whole one at 1,769 MB ("Configure Lambda function
# memory").
WHOLE_CPU_MIB = 1769


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One start, from spawn to reply, in ms; `init` to the first request for work, `cpu` user and
    system time of the process."""

    wall: float
    init: float
    cpu: float
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class ImportedModule:
    """One import, in the order that imports began. `depth` counts from 0; `ms` is with what it
    imported in turn, `own` without; `part` is whom it is put down to."""

    name: str
    file: str
    depth: int
    start: float
    ms: float
    own: float
    part: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the cold start: `ms`, and how many modules that part brought."""

    name: str
    ms: float
    modules: int


@dataclass(frozen=True, slots=True)
class Deferrable:
    """An import at a plugin file's top that only functions use; `ms` is what it cost here."""

    file: str
    line: int
    module: str
    ms: float
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deferred:
    """What the import diet put off: how many names, and which modules no import needed."""

    names: int
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageImports:
    """A package in the bundle: how the import diet has it, and what is imported of it.

    `diet` is the release as the bundle says it, "" for none; `listed`, whether the diet knows the
    package at all. `waiting` of its `modules` have imports that wait; `ms` is what it took, with
    what it brought first. `costs` are modules, their ms and what imports them.
    """

    name: str
    diet: str
    listed: bool
    modules: int
    waiting: int
    imported: int
    ms: float
    costs: tuple[tuple[str, float, str], ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Cold starts at the CPU share of a memory size (MiB): ms, those of the init phase in them.

    The init phase has the whole machine, as on Lambda, where it could be let have it.
    """

    memory: int
    wall: float
    init: float

    @property
    def request(self) -> float:
        """What the first request took, in ms."""
        return self.wall - self.init

    @property
    def cpu(self) -> float:
        """How much of one CPU that is."""
        return self.memory / WHOLE_CPU_MIB


@dataclass(frozen=True, slots=True)
class Profile:
    """One bundle's profile. Times are ms; `wall` and `cpu` medians of `starts`."""

    function: str
    entry: str
    python: str
    request: str
    status: int | None
    starts: tuple[ColdStart, ...]
    wall: float
    cpu: float
    parts: tuple[Part, ...]
    imports: tuple[ImportedModule, ...]
    opened: tuple[str, ...]
    listed: tuple[str, ...]
    sizes: Mapping[str, int]  # bytes by package
    deferred: Deferred | None
    deferrable: tuple[Deferrable, ...]
    packages: tuple[PackageImports, ...] = ()
    shares: tuple[Share, ...] = ()
    no_shares: str = ""  # why there are none

    @property
    def bytes(self) -> int:
        """The bundle's size, unzipped."""
        return sum(self.sizes.values())
