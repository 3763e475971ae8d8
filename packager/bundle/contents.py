"""Reads what a bundle is to be made of: the plugin's files, its packages, parts of the runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from packager.bundle.function_code import shipped_code
from packager.bundle.layout import Contents, runtime_layer
from packager.bundle.packages import PackagesJob, install_packages
from packager.bundle.runtime.bytecode import compiling_runtime
from packager.bundle.runtime.files import runtime_files, shipped_runtime
from packager.bundle.runtime.parts import left_out
from packager.config.calls.operations import with_operations
from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.host.deflated import deflating
from packager.host.interpreter import Interpreter
from packager.model.progress import Progress
from packager.model.steps import step
from packager.plugin.functions import FunctionPlan


@dataclass(frozen=True, slots=True)
class Tools:
    """The interpreter that runs uv, what makes bytecode, if anything does, and a folder for what
    is not cached; whether bundles are `zipped`."""

    interpreter: Interpreter
    compiler: Interpreter | None
    work: Path
    zipped: bool = False


def read_contents(
    plan: FunctionPlan, out: Path, tools: Tools, diagnostics: Diagnostics, progress: Progress
) -> tuple[Contents, tuple[str, ...]]:
    """Return what a bundle that is built into the folder `out` is made of, packages installed.

    Also the paths of the plugin's whole folders that are left out by default. Raises
    `InvalidInput` for files that can't be shipped, and `PackagerError`.
    """
    with step("choosing the plugins' files"):
        progress.briefly(f"reading the sources of {plan.plugin.display}")
        code = shipped_code(plan, out, diagnostics)
    diagnostics.raise_errors()
    runtime = [name for _, name in runtime_files(plan.options.sdk)]
    absent = left_out(plan, code.reached.facts, runtime)
    others = () if "other_tools" in absent else plan.tool_plugins
    if others:  # they make calls, too
        facts = dict(code.reached.facts)
        for each in others:
            facts |= each.placed_facts(plan.options.python)
        absent = left_out(plan, facts, runtime)
    if "tool_openapi" not in absent:
        progress.briefly(f"reading the tools of {plan.plugin.display}")
        options = with_operations(plan.options, diagnostics, here=plan.host)
        plan = replace(plan, options=options)
        diagnostics.raise_errors()
    files = tuple(file for each in others for file in each.files(diagnostics))
    job = PackagesJob(plan, code, tools.interpreter, tools.compiler, tools.work, others)
    with _preparing_runtime(plan.options.sdk, absent, tools, diagnostics):
        dependencies = install_packages(job, diagnostics, progress)
    return Contents(plan, dependencies, code.files, absent, files), code.left


@contextmanager
def _preparing_runtime(
    sdk: str, absent: tuple[str, ...], tools: Tools, diagnostics: Diagnostics
) -> Iterator[None]:
    """Have the runtime compiled and deflated, where the cache lacks that, while the context lasts:
    packages are resolved and fetched, and much of that is waiting."""
    files = shipped_runtime(sdk, absent)
    sources = {name: path for path, name in files if name.endswith(".py")}
    note = partial(diagnostics.warn, "cache-damaged")
    with ExitStack() as meanwhile:
        meanwhile.enter_context(compiling_runtime(tools.compiler, sources, note))
        if tools.zipped:
            meanwhile.enter_context(deflating(runtime_layer(files)))
        yield
