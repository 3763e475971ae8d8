"""Names the resources, parameters and outputs of a template, so that no two agree."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from packager.model import EnvSource, FunctionPlan
from packager.plan import pascal_case


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """The logical ids of one function's resources, all derived from the function's own."""

    function: str

    @property
    def base(self) -> str:
        """What the other names start with: `Neko` of `NekoFunction`."""
        return self.function.removesuffix("Function") or self.function

    @property
    def api(self) -> str:
        """The API in front of the function (none for a function URL)."""
        return f"{self.base}Api"

    @property
    def role(self) -> str:
        """The function's role."""
        return f"{self.base}Role"

    @property
    def log_group(self) -> str:
        """The function's log group."""
        return f"{self.base}LogGroup"

    @property
    def url(self) -> str:
        """The function URL, as SAM names it (FunctionUrlConfig)."""
        return f"{self.function}Url"


def unique_name(wanted: str, taken: Collection[str]) -> str:
    """Give `wanted`, with the first number that makes it differ from all of `taken`."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name


def parameter_names(plans: Sequence[FunctionPlan]) -> dict[str, str]:
    """Give the template parameter of each environment variable that a setting comes from."""
    # Parameters and resources share one name space (CloudFormation, "Parameters").
    taken: set[str] = set()
    for plan in plans:
        names = ResourceNames(plan.logical_id)
        taken |= {names.function, names.api, names.role, names.log_group, names.url}
    variables = {
        source.name
        for plan in plans
        for source in plan.options.settings.values()
        if isinstance(source, EnvSource)
    }
    found = {}
    for variable in sorted(variables):
        found[variable] = unique_name(_parameter_name(variable), taken)
        taken.add(found[variable])
    return found


def route_name(method: str, path: str) -> str:
    """Give a method and a path as one name: `GetDuckAppId`, `PostRoot`."""
    return method.capitalize() + (pascal_case(path) or "Root")


def _parameter_name(variable: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", variable)
    return pascal_case(" ".join(word.lower() if word.isupper() else word for word in words))
