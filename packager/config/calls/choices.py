"""Which apps, models and tools settings may choose: those that a configuration has answers for."""

from __future__ import annotations

from collections.abc import Iterable

from packager.config.dify import ANY_APP
from packager.dataclass import dataclass
from packager.model.calls import ANY_MODEL
from packager.model.options import Options


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen: names of apps, models and tools; None where any will do, or none is
    configured at all, which other warnings are of."""

    apps: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    tools: tuple[str, ...] | None = None


def choices_of(
    options: Options, own_tools: Iterable[str] = (), apps_here: Iterable[str] = ()
) -> Choices:
    """Return what a function's settings may choose, as it is configured.

    `apps_here` are those that have keys on this machine alone.
    """
    if options.dify_inner is not None:
        return Choices()
    named = tuple(dict.fromkeys((*options.apps, *apps_here)))
    apps = named if named and ANY_APP not in named else None
    models, tools = options.models, (*options.tools, *own_tools)
    limited = models is not None and models.provider == "bedrock" and ANY_MODEL not in models.names
    return Choices(apps, tuple(models.names) if models and limited else None, tools or None)
