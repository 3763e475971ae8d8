"""What a plugin declares: its groups, their endpoints and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from packager.errors import Place

Method = Literal["HEAD", "GET", "POST", "PUT", "DELETE", "OPTIONS"]
METHODS: tuple[str, ...] = get_args(Method)


@dataclass(frozen=True, slots=True)
class Setting:
    """One ProviderConfig of a group's `settings`. `has_default` tells a null from no default."""

    name: str
    type: str
    required: bool
    place: Place
    default: Any = None
    has_default: bool = False
    options: tuple[str, ...] = ()
    multiple: bool = False
    label: Mapping[str, str] = field(default_factory=dict)
    help: Mapping[str, str] = field(default_factory=dict)
    placeholder: Mapping[str, str] = field(default_factory=dict)
    scope: str | None = None
    url: Mapping[str, str] = field(default_factory=dict)  # of where to get a value
    option_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by option
    default_place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One HTTP interface: a werkzeug rule, one method, and the source file that answers it."""

    path: str
    method: str
    source: str  # posix path, relative to the plugin's root
    hidden: bool
    place: Place  # of the endpoint's file, or of the inline mapping
    path_place: Place
    source_place: Place


@dataclass(frozen=True, slots=True)
class EndpointGroup:
    """Endpoints that share settings. `name` is the file's stem, or its path where two agree."""

    name: str
    file: str  # posix path, relative to the plugin's root
    settings: tuple[Setting, ...]
    endpoints: tuple[Endpoint, ...]
    place: Place  # of the group's entry in the manifest
