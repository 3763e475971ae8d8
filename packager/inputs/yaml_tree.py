"""Reads YAML into a tree in which every value and key knows its file, line and column."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import ReaderError

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.bounded_file import MAX_FILE, read_bounded

MOST_ALIASED = 20_000  # values that aliases may make, beyond one for each character of the file
MAX_BITS = 1024  # of a whole number; YAML and JSON promise 64

Kind = Literal["a mapping", "a list", "text", "a number", "true or false", "nothing"]

_TAG = "tag:yaml.org,2002:"
_SCALARS = {_TAG + name for name in ("null", "bool", "int", "float", "binary", "timestamp", "str")}
# `<<` and `=` where they aren't keys: PyYAML resolves them to tags it can't construct.
_TEXTS = {_TAG + "merge", _TAG + "value"}
_QUICK = getattr(yaml, "CSafeLoader", None)  # where PyYAML was built with libyaml
_LISTS = {_TAG + name for name in ("seq", "omap", "pairs")}
_MAPPINGS = {_TAG + name for name in ("map", "set")}


@dataclass(frozen=True, slots=True)
class YamlValue:
    """One value of a YAML file: a scalar, a tuple of values, or a mapping of them.

    `text` is a scalar as it was written, less its quotes: readers that want text take it, so that
    an unquoted `yes` or `1.0` stays what its author meant. `key` is the path from the file's top.
    """

    value: object
    text: str
    place: Place
    key: str = ""
    key_place: Place | None = None

    @property
    def kind(self) -> Kind:
        """What the value is, in the words of a message."""
        match self.value:
            case Mapping():
                return "a mapping"
            case tuple():
                return "a list"
            case bool():
                return "true or false"
            case int() | float():
                return "a number"
            case None:
                return "nothing"
            case _:
                return "text"

    @property
    def entries(self) -> Mapping[str, YamlValue]:
        """The entries of a mapping; nothing else has any."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[YamlValue, ...]:
        """The items of a list; nothing else has any."""
        return self.value if isinstance(self.value, tuple) else ()

    def key_of(self, name: str) -> str:
        """Return the path of the entry `name`, whether or not it is there."""
        return f"{self.key}.{name}" if self.key else name

    def plain(self) -> Any:
        """Return the value as data of the types JSON knows; a date is the text it was written
        as."""
        match self.value:
            case Mapping():
                return {name: entry.plain() for name, entry in self.entries.items()}
            case tuple():
                return [item.plain() for item in self.items]
            case float() if not math.isfinite(self.value):
                return self.text
            case None | bool() | int() | float() | str():
                return self.value
            case _:
                return self.text


def read_yaml(
    path: Path, display: str, diagnostics: Diagnostics, most: int = MAX_FILE
) -> YamlValue | None:
    """Read the YAML file at `path`, which messages call `display`; None after a fault.

    `most` is in bytes.
    """
    content = read_bounded(path, display, diagnostics, most)
    if content is None:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        diagnostics.error(
            "not-utf8",
            f"byte 0x{content[error.start]:02x} is not UTF-8",
            Place(display, before.count(b"\n") + 1, column),
            hint="save the file as UTF-8",
        )
        return None
    return parse_yaml(text, display, diagnostics)


def parse_yaml(text: str, display: str, diagnostics: Diagnostics) -> YamlValue | None:
    """Read YAML as PyYAML's SafeLoader does, which is what the SDK uses; None after a fault.

    An empty file is a null. A key given twice counts as it was given last, with a warning.
    """
    try:
        node = _compose(text)
        if node is None:
            return YamlValue(None, "", Place(display, 1, 1))
        return _Tree(display, diagnostics, MOST_ALIASED + len(text)).value(node, "", None)
    except ReaderError as error:
        before = text[: error.position]
        diagnostics.error(
            "invalid-character",
            f"the character U+{ord(text[error.position]):04X} can't be in YAML",
            Place(display, before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1),
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        parts = [part for part in (error.context, error.problem) if part]
        diagnostics.error(
            "invalid-yaml",
            "not valid YAML: " + ", ".join(parts),
            Place(display, mark.line + 1, mark.column + 1) if mark else Place(display),
            hint=_syntax_hint(error.problem or ""),
        )
    except RecursionError:
        diagnostics.error("too-large", "nested too deeply to be read", Place(display))
    return None


def _compose(text: str) -> yaml.Node | None:
    """Return the nodes of a document as PyYAML's own parser does, but sooner where it can be.

    libyaml takes a tenth of the time, and gives the same nodes at the same places (in braces, a
    value that is missing has that of what follows it); but it takes tabs and byte order marks where
    PyYAML doesn't, refuses an anchor given twice, and has other
    messages: hence what it refuses is read again.
    """
    if _QUICK is not None and "\t" not in text and "\ufeff" not in text:
        try:
            return _nodes(_QUICK(text))
        except yaml.YAMLError as error:
            if "maximum nesting depth" in str(error):  # PyYAML would take 2 s to say the same
                raise RecursionError from None
        except RecursionError:
            pass
    return _nodes(yaml.SafeLoader(text))


def _nodes(loader: Any) -> yaml.Node | None:
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _syntax_hint(problem: str) -> str | None:
    if "'\\t'" in problem:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return "put a value that holds ': ' into quotes"
    if "found '<scalar>'" in problem:
        return "put the whole value into quotes, or align it with its neighbours"
    return None


class _Tree:
    """Turns composed nodes into marked values: bounded, and never caught in a loop of aliases."""

    def __init__(self, display: str, diagnostics: Diagnostics, most: int) -> None:
        self.display = display
        self.most = most  # values
        self.diagnostics = diagnostics
        self.constructor = SafeConstructor()
        self.count = 0
        self.open: set[int] = set()  # ids of the nodes being read, or merged, right now
        self.pairs_of: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}

    def place(self, node: yaml.Node) -> Place:
        return Place(self.display, node.start_mark.line + 1, node.start_mark.column + 1)

    def refuse(self, node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
        return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)

    def value(self, node: yaml.Node, key: str, key_place: Place | None) -> YamlValue:
        self.count += 1
        if self.count > self.most:
            raise self.refuse(node, f"aliases make more than {self.most} values of this file")
        place = self.place(node)
        if isinstance(node, yaml.ScalarNode):
            return YamlValue(self.scalar(node), node.value, place, key, key_place)
        if id(node) in self.open:
            raise self.refuse(node, "an alias stands inside of what it refers to")
        self.open.add(id(node))
        try:
            content: tuple[YamlValue, ...] | dict[str, YamlValue]
            if isinstance(node, yaml.SequenceNode) and node.tag in _LISTS:
                content = tuple(
                    self.value(item, f"{key}[{index}]", None)
                    for index, item in enumerate(node.value)
                )
            elif isinstance(node, yaml.MappingNode) and node.tag in _MAPPINGS:
                content = {
                    name: self.value(entry, f"{key}.{name}" if key else name, self.place(key_node))
                    for name, (key_node, entry) in self.pairs(node).items()
                }
            else:
                raise self.refuse(node, f"the tag {node.tag} is not known")
        finally:
            self.open.discard(id(node))
        return YamlValue(content, "", place, key, key_place)

    def scalar(self, node: yaml.ScalarNode) -> object:
        half = next((each for each in node.value if "\ud800" <= each <= "\udfff"), None)
        if half is not None:
            raise self.refuse(
                node,
                f"\\u{ord(half):04X} is half of a character; "
                "write the character itself, or \\U and its eight digits",
            )
        if node.tag in _TEXTS:
            return node.value
        if node.tag not in _SCALARS:
            raise self.refuse(node, f"the tag {node.tag} is not known")
        if node.tag == _TAG + "int" and len(node.value) > MAX_BITS:
            return node.value  # to read it takes long, and nothing could write it again
        try:
            value = SafeConstructor.yaml_constructors[node.tag](self.constructor, node)
        except (ValueError, LookupError, ArithmeticError):
            return node.value  # such as 2024-13-45, which looks like a date and is none
        too_large = isinstance(value, int) and value.bit_length() > MAX_BITS
        return node.value if too_large else value

    def pairs(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Return the entries of a mapping with its merge keys (`<<`) followed, each mapping once.

        PyYAML's own flattening copies merged entries, and doubles them for each level that merges
        one mapping twice.
        """
        if id(node) in self.pairs_of:
            return self.pairs_of[id(node)]
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        twice: set[str] = set()
        for key_node, entry in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.refuse(key_node, "a key must be text")
            self.scalar(key_node)
            if key_node.tag == _TAG + "merge":
                for source in reversed(self.merge_sources(entry)):
                    merged.update(self.merged_pairs(source))
                continue
            if key_node.value in own and key_node.value not in twice:
                twice.add(key_node.value)
                first = own[key_node.value][0].start_mark.line + 1
                self.diagnostics.warn(
                    "duplicate",
                    f"the key {key_node.value!r} is given twice (first on line {first}); "
                    "the last one counts",
                    self.place(key_node),
                )
            own[key_node.value] = (key_node, entry)
        self.pairs_of[id(node)] = {**merged, **own}
        return self.pairs_of[id(node)]

    def merge_sources(self, node: yaml.Node) -> list[yaml.MappingNode]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise self.refuse(source, "a merge (<<) takes a mapping or a list of mappings")
        return list(sources)

    def merged_pairs(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        if id(node) in self.open:
            raise self.refuse(node, "an alias stands inside of what it refers to")
        self.open.add(id(node))
        try:
            return self.pairs(node)
        finally:
            self.open.discard(id(node))
