"""Parses requirements.txt files: pip's format, with every fault's line."""

from __future__ import annotations

import re
from dataclasses import field, replace
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.host.uv import mask_credentials
from packager.paths import expanded, real_path
from packager.requirements.hashes import stated_in
from packager.requirements.requirement_lines import (
    archive_name,
    decode,
    logical_lines,
    position,
    split_option,
)
from packager.requirements.rules import RequirementRules

_PER_REQUIREMENT = re.compile(
    r"\s--(hash|config-settings?|global-option|install-option)(?=[=\s]).*"
)
_URL = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+:")  # C:\\wheels is none
_ARCHIVE = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

_NESTED = {"-r": "requirements", "--requirement": "requirements"}
_NESTED |= {"-c": "constraints", "--constraint": "constraints"}
# pip's options on their own line, as uv's command line takes them.
_WITH_VALUE = {
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--pypi-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--trusted-host": "--allow-insecure-host",
}
_FLAGS = {"--no-index": ("--no-index",), "--pre": ("--prerelease", "allow")}
# Without a meaning here: what is built from source is decided by the target.
_IGNORED = {"--no-binary", "--only-binary", "--prefer-binary", "--use-feature"}


@dataclass(frozen=True, slots=True)
class Declared:
    """One requirement as uv takes it (paths absolute); `name` is normalised, "" if not said."""

    text: str
    name: str
    place: Place
    local: bool = False  # a path: what it holds may change while the text stays
    hashes: tuple[tuple[str, str], ...] = ()  # algorithms and values, of which one has to match
    index: str = ""  # the name of the only index to take it from
    written: str = field(default="", compare=False)  # a path as the file has it

    @property
    def title(self) -> str:
        """What messages call it."""
        return mask_credentials(self.written or self.name or self.text)

    @property
    def is_source(self) -> bool:
        """Whether it is a path or an address of anything but a wheel, which would be built."""
        _, found, address = self.text.partition(" @ ")
        if not found and not self.local:
            return False
        bare = re.split(r"\s;|[#\[?]", address if found else self.text)[0]
        return not bare.strip().endswith(".whl")


@dataclass(slots=True)
class RequirementsFile:
    """What a requirements file and the files it names say."""

    declared: list[Declared] = field(default_factory=list)
    constraints: list[Declared] = field(default_factory=list)
    options: list[str] = field(default_factory=list)  # for uv's command line
    require_hashes: Place | None = None


def read_requirements_file(
    path: Path, root: Path, display: str, diagnostics: Diagnostics, rules: RequirementRules
) -> RequirementsFile:
    """Read the requirements file `path` of the plugin in `root`, called `display` in messages.

    Files it names by -r and -c are read too. Whatever can't be read, or `rules` refuse, is an error
    in `diagnostics`.
    """
    result = RequirementsFile()
    _Reader(real_path(root), display, diagnostics, rules, result).read(path, result.declared)
    return result


def read_lines(
    text: str, place: Place, root: Path, diagnostics: Diagnostics, rules: RequirementRules
) -> list[Declared]:
    """Read the requirements in a text that a tool has written in pip's format, all at `place`.

    Its options are left to whoever knows the tool's own configuration.
    """
    found: list[Declared] = []
    real = real_path(root)
    reader = _Reader(real, "", diagnostics, rules, RequirementsFile())
    for _, line in logical_lines(text):
        option, value = split_option(line) if line.startswith("-") else ("", line)
        filled = rules.expand(value, place) if option in ("", "-e", "--editable") else None
        if filled is not None:
            reader.requirement(filled, place, real / "requirements.txt", found)
    return found


def parse_requirement(
    text: str, place: Place, diagnostics: Diagnostics, rules: RequirementRules
) -> Declared | None:
    """Read one requirement in the form of the dependency specifiers (PEP 508)."""
    try:
        parsed = Parsed(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0].strip()
        diagnostics.error(
            "invalid-requirement",
            f"unreadable requirement {mask_credentials(text)!r}: {reason[:1].lower()}{reason[1:]}",
            place,
            hint="expected a name with optional versions, such as requests>=2.31",
        )
        return None
    local: bool | None = False
    if parsed.url:
        local = rules.source(parsed.url, place)
    hashes = tuple(stated_in(text)[0]) if parsed.url else ()
    return Declared(text, canonicalize_name(parsed.name), place, bool(local), hashes)


@dataclass(slots=True)
class _Reader:
    root: Path
    display: str
    diagnostics: Diagnostics
    rules: RequirementRules
    result: RequirementsFile
    open_files: list[Path] = field(default_factory=list)

    def read(self, path: Path, into: list[Declared]) -> None:
        real = real_path(path)
        if real in self.open_files:
            return
        self.open_files.append(real)
        name = self.name_of(real)
        try:
            text = decode(real.read_bytes())
        except UnicodeDecodeError as error:
            before = error.object[: error.start].count(b"\n")
            self.diagnostics.error(
                "not-utf8", "the file is not UTF-8 text", Place(name, before + 1)
            )
            return
        except OSError as error:
            self.diagnostics.error(
                "unreadable-file", f"can't be read: {error.strerror}", Place(name)
            )
            return
        if "\0" in text:
            place = Place(name, *position(text, text.index("\0")))
            self.diagnostics.error("invalid-requirement", "a NUL character; expected text", place)
            return
        for number, line in logical_lines(text):
            place = Place(name, number)
            filled = self.rules.expand(line, place)
            if filled is not None:
                self.line(filled, place, real, into)

    def line(self, line: str, place: Place, file: Path, into: list[Declared]) -> None:
        if not line.startswith("-"):
            self.requirement(line, place, file, into)
            return
        option, value = split_option(line)
        if option in _NESTED:
            kept = self.result.constraints if _NESTED[option] == "constraints" else into
            self.nested(value, place, file, kept)
        elif option in ("-e", "--editable"):
            self.requirement(value, place, file, into)
        elif option in _WITH_VALUE and value:
            taken = _WITH_VALUE[option]
            if taken == "--allow-insecure-host":
                self.rules.address(value, place)
            elif _URL.match(value):
                self.rules.source(value, place)
            elif taken == "--find-links":
                path = real_path(file.parent / value)
                self.rules.path(path, value, place)
                value = str(path)
            else:
                self.rules.address(value, place)
            self.result.options += [taken, value]
        elif option in _FLAGS:
            self.result.options += _FLAGS[option]
        elif option == "--require-hashes":
            self.result.require_hashes = self.result.require_hashes or place
        elif option not in _IGNORED:
            self.diagnostics.error(
                "unknown-option",
                f"unknown option {option!r}",
                place,
                hint="expected a requirement, or one of pip's options for requirements files",
            )

    def nested(self, value: str, place: Place, file: Path, into: list[Declared]) -> None:
        path = real_path(file.parent / value)
        if not value or _URL.match(value):
            self.diagnostics.error(
                "invalid-requirement", "expected the path of a file of the plugin", place
            )
        elif self.rules.path(path, value, place, what="file"):
            self.read(path, into)

    def requirement(self, line: str, place: Place, file: Path, into: list[Declared]) -> None:
        hashes, unknown = stated_in(line)
        for each in unknown:
            self.diagnostics.error(
                "invalid-requirement",
                f"expected a hash such as sha256:0123abcd, not {each!r}",
                place,
                hint="`pip hash FILE` prints one",
            )
        read: list[Declared] = []
        self.unhashed(line, place, file, read)
        if hashes and read and not read[0].name:
            hint = "say it as `name @ address`"
            self.diagnostics.error(
                "invalid-requirement",
                "a hash for a package whose name is not known",
                place,
                hint=hint,
            )
        into += [replace(each, hashes=tuple(hashes)) for each in read]

    def unhashed(self, line: str, place: Place, file: Path, into: list[Declared]) -> None:
        text = _PER_REQUIREMENT.sub("", f"{line} ").strip()
        bare = text.split(";")[0].split(" ")[0]
        if _URL.match(bare):
            local = self.rules.source(bare, place)
            try:
                into += [_from_url(text, place, local=local)] if local is not None else []
            except ValueError as error:  # what is behind a blank
                self.diagnostics.error("invalid-requirement", f"unreadable address: {error}", place)
        elif (
            bare.startswith((".", "/", "~")) or bare.endswith(_ARCHIVE) or "/" in bare.split("@")[0]
        ):
            self.path(bare, place, file, into)
        else:
            declared = parse_requirement(text, place, self.diagnostics, self.rules)
            if declared:
                into.append(declared)

    def path(self, text: str, place: Place, file: Path, into: list[Declared]) -> None:
        bare, _, extras = text.partition("[")
        path = real_path(file.parent / expanded(bare))
        if path == self.root:
            self.diagnostics.warn(
                "ignored-requirement", "the plugin itself is not a dependency: left out", place
            )
        elif self.rules.path(
            path,
            bare,
            place,
            hint="expected a requirement such as requests>=2.31, a path or a URL",
        ):
            name = archive_name(path.name)
            absolute = f"{path}{'[' if extras else ''}{extras}"
            into.append(Declared(absolute, name, place, local=True, written=bare))

    def name_of(self, path: Path) -> str:
        if path.is_relative_to(self.root):
            return str(Path(self.display) / path.relative_to(self.root))
        return str(path)


def _from_url(text: str, place: Place, *, local: bool) -> Declared:
    """Read a bare URL; its name is in pip's old `#egg=`, or in the archive's file name."""
    url, _, marker = text.partition(" ;")
    parts = urlsplit(url.strip())
    egg = re.search(r"(?:^|&)egg=([\w.-]+)(\[[^\[\]]*\])?", parts.fragment)
    kept = "&".join(part for part in parts.fragment.split("&") if part and part[:4] != "egg=")
    bare = parts._replace(fragment=kept).geturl()
    name = egg[1] if egg else archive_name(parts.path.rpartition("/")[2])
    suffix = f" ;{marker}" if marker else ""
    if not name:
        return Declared(f"{bare}{suffix}", "", place, local)
    extras = (egg[2] or "") if egg else ""
    return Declared(f"{name}{extras} @ {bare}{suffix}", canonicalize_name(name), place, local)
