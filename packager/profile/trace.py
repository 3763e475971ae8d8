"""Reads what an instrumented start wrote down: imports as a tree, opened files, times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from packager.dataclass import dataclass
from packager.host.target_script import IN_TARGET

SCRIPT = IN_TARGET / "trace_start.py"


@dataclass(slots=True)
class Node:
    """An import and those it caused; times in ns of the monotonic clock."""

    name: str
    file: str
    start: int
    end: int
    children: list[Node] = field(default_factory=list)

    @property
    def total(self) -> int:
        """From start to end, in ns."""
        return self.end - self.start

    @property
    def own(self) -> int:
        """Without what it imported, in ns."""
        return max(self.total - sum(child.total for child in self.children), 0)

    def walk(self, depth: int = 0) -> Iterator[tuple[Node, int]]:
        """Yield this and everything below with its depth, in the order the imports began."""
        yield self, depth
        for child in self.children:
            yield from child.walk(depth + 1)


@dataclass(frozen=True, slots=True)
class Trace:
    """An instrumented start: when it was spawned, ran its first line, asked for work, answered."""

    spawned: int
    began: int
    asked: int
    answered: int
    roots: tuple[Node, ...]
    opened: tuple[str, ...]
    listed: tuple[str, ...]
    loaded: int = 0  # modules that the interpreter brought


def read_trace(text: str, *, spawned: int, asked: int, answered: int) -> Trace:
    """Read what `_in_target/trace_start.py` wrote; what came after the answer is left out.

    `spawned`, `asked` and `answered` are in ns of the monotonic clock. A record that was cut off
    by the process's end is not there.
    """
    began = spawned
    nodes: dict[int, Node] = {}
    parents: dict[int, int] = {}
    paths: dict[str, list[str]] = {"open": [], "list": []}
    loaded = 0
    for line in text.split("\n")[:-1]:
        kind, *fields = line.split("\0")
        if kind == "start":
            began = int(fields[0])
        elif kind == "loaded":
            loaded = len(fields)
        elif kind in paths and fields:
            paths[kind].append(fields[0])
        elif kind == "import" and len(fields) == 6 and int(fields[2]) <= answered:
            number, parent, start, end = map(int, fields[:4])
            nodes[number] = Node(fields[4], fields[5], start, min(end, answered))
            parents[number] = parent
    roots: list[Node] = []
    for number in sorted(nodes):
        above = nodes.get(parents[number])
        (above.children if above else roots).append(nodes[number])
    opened, listed = (tuple(found) for found in paths.values())
    return Trace(spawned, began, asked, answered, tuple(roots), opened, listed, loaded)
