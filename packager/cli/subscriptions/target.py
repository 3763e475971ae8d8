"""Where subscriptions are, and the constructor that makes them: options of every command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from packager.cli.console import write_log
from packager.cli.endpoints.target import chosen_functions, one_function, target_decorator
from packager.cli.plans import planned
from packager.cli.running.bundle import Run, unpacked
from packager.contract import BUCKET_VARIABLE, TABLE_VARIABLE
from packager.dataclass import dataclass
from packager.endpoints.function import ManagedFunction
from packager.endpoints.local import local_function
from packager.endpoints.stack import stack_functions
from packager.errors import Diagnostics, UsageError
from packager.local.environment import aws_variables, local_variables, storage_variables
from packager.model.permissions import Permissions
from packager.paths import is_file
from packager.plugin.functions import FunctionPlan
from packager.plugin.manifest import MANIFEST
from packager.sam.names import makes_storage, storage_name
from packager.settings.aws import Aws
from packager.storage.deployed import place_in_stack
from packager.subscriptions.constructor import Constructor
from packager.subscriptions.job import Job


@dataclass(frozen=True, slots=True)
class Target:
    """What the command line says of where subscriptions are: in a stack, or on this machine.

    `plugin` has the constructor in either case; `url` is where services reach this machine.
    """

    plugin: Path | None
    stack: str | None
    group: str | None
    profile: str | None
    region: str | None
    url: str | None = None

    def functions(self) -> list[ManagedFunction]:
        """Return the providers that are meant: all, where no group is said; raise `UsageError`."""
        return chosen_functions(self._all(), self.group, "trigger provider {}")

    @contextmanager
    def job(self) -> Iterator[Job]:
        """Yield the one provider that is meant; its bundle is built when it is needed, once."""
        function = one_function(self.functions(), "trigger providers")
        with ExitStack() as stack:
            opened: list[Constructor] = []

            def open_constructor() -> Constructor:
                if not opened:
                    opened.append(self._open(function, stack))
                return opened[0]

            base = function.base if self.url is None else self.url.rstrip("/")
            yield Job(function, open_constructor, base, self._aws)

    def _aws(self) -> Aws:
        return Aws(self.profile, self.region)

    def _all(self) -> list[ManagedFunction]:
        if self.stack is not None:
            found = stack_functions(self.stack, self._aws())
        else:
            with self._planned() as plans:
                found = [local_function(plan) for plan in plans if plan.group.provider is not None]
        providers = [each for each in found if each.declaration.provider is not None]
        if not providers:
            where = found[0].where if found else "this plugin"
            raise UsageError(
                f"{where} has no trigger provider",
                hint="`packager endpoints` is for endpoint groups",
            )
        return providers

    def _folder(self) -> Path:
        if self.plugin is None and not is_file(Path(MANIFEST)):
            raise UsageError(
                "there is no plugin in the folder you are in",
                hint="name the plugin, which has the provider's code",
            )
        return self.plugin or Path()

    @contextmanager
    def _planned(self) -> Iterator[list[FunctionPlan]]:
        diagnostics = Diagnostics()
        with planned([self._folder()], diagnostics, {}, host=True) as plans:
            diagnostics.raise_errors()
            yield list(plans)

    def _open(self, function: ManagedFunction, stack: ExitStack) -> Constructor:
        path = self._folder()
        deployed = self._deployed_storage(function) if self.stack is not None else {}
        # Calls of Dify are not a constructor's: nothing is said of keys that they lack.
        run = Run(Permissions(), None, deployed, fake_dify=True)
        name = function.declaration.function
        bundle = stack.enter_context(unpacked(path, name, None, run))
        local = local_variables(path, bundle) | deployed
        return Constructor(bundle, storage_variables(bundle, None, local) | local, write_log)

    def _deployed_storage(self, function: ManagedFunction) -> dict[str, str]:
        """Return the variables by which a constructor has the storage of the deployed function."""
        with self._planned() as plans:
            name = function.declaration.function
            plan = next((each for each in plans if each.logical_id == name), None)
            if plan is None or plan.storage not in ("dynamodb", "s3") or self.stack is None:
                return {}
            logical_id = storage_name(plan) if makes_storage(plan) else None
            aws = self._aws()
            place = place_in_stack(plan, self.stack, logical_id, aws)
        variable = TABLE_VARIABLE if place.kind == "dynamodb" else BUCKET_VARIABLE
        region = {"AWS_REGION": aws.region, "AWS_DEFAULT_REGION": aws.region}
        return aws_variables(True, self.profile) | region | {variable: place.name}


target_options = target_decorator(Target, "trigger providers", "the subscriptions of this machine")
url_option = click.option(
    "--url",
    metavar="URL",
    help="Where the service reaches the function, if that is not the stack's or public_url: a "
    "tunnel's address.",
)
name_option = click.option("--name", metavar="NAME", help="The subscription's name.")
id_option = click.option(
    "--id", "hook_id", metavar="ID", help="The subscription's hook id, in place of its name."
)
