"""Which function a request is for, by its path, and where clients find each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from packager.contract import ENDPOINTS_PATH
from packager.dataclass import dataclass
from packager.errors import UsageError
from packager.plugin.functions import FunctionPlan
from packager.serve.state import ServedFunction

Owner = Callable[[str], str | None]  # of a hook id: the logical id of the function that has it


@dataclass(frozen=True, slots=True)
class Addressed:
    """Where a request goes, and what of its target the gateway hands on (after a stage)."""

    function: ServedFunction
    target: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Several functions share an address: each is below its own name there, one alone is the root.

    Managed endpoints are below /e/ at the root, whatever function has them.
    """

    origin: str  # http://localhost:3000
    stage: str | None = None

    def check(self, plans: Sequence[FunctionPlan], api: str | None = None) -> None:
        """Raise `UsageError` if a stage can't be told from functions' names, or can't be at all.

        `api` overrules what functions are configured for.
        """
        if self.stage is not None and len(plans) > 1:
            raise UsageError(
                "--stage is for one function: each API has a stage at its own root",
                hint="name the plugin of that function alone, or leave --stage out",
            )
        if self.stage is not None and "url" in [api or plan.options.api for plan in plans]:
            raise UsageError(
                "--stage: a function URL has no stages", hint="add --api http or --api rest"
            )

    def planned(self, plan: FunctionPlan, several: bool) -> FunctionPlan:
        """Return the plan with the base path that the function is found at here."""
        if not several:
            return plan
        base = f"/{plan.logical_id}{plan.options.base_path}"
        return replace(plan, options=replace(plan.options, base_path=base))

    def base(self, function: ServedFunction, several: bool) -> str:
        """Return the URL that a function's routes follow."""
        if function.plan.options.public_url:
            return function.plan.options.public_url
        if several:
            at_root = function.managed  # their ids say whose they are
            return self.origin if at_root else self.origin + function.plan.options.base_path
        return f"{self.origin}/{self.stage}" if self.stage else self.origin

    def resolve(
        self, target: str, functions: Sequence[ServedFunction], owner: Owner
    ) -> Addressed | None:
        """Return what a request's target means; None for nothing."""
        path, mark, query = target.partition("?")
        if self.stage is not None:
            before = f"/{self.stage}"
            if path != before and not path.startswith(before + "/"):
                return None
            target = (path[len(before) :] or "/") + mark + query
        if len(functions) == 1:
            return Addressed(functions[0], target)
        managed = [each for each in functions if each.managed]
        if managed and path.startswith(ENDPOINTS_PATH):
            hook_id = path[len(ENDPOINTS_PATH) :].partition("/")[0]
            name = owner(hook_id)
            return Addressed(next((e for e in managed if e.id == name), managed[0]), target)
        first = path[1:].partition("/")[0]
        found = next((each for each in functions if each.id == first), None)
        return None if found is None else Addressed(found, target)
