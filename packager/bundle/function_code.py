"""What one function ships of its plugin's files, and which interpreter reads and compiles them."""

from __future__ import annotations

from pathlib import Path

from packager.analysis.facts import reachable
from packager.analysis.reached_code import ReachedCode, reached_from
from packager.analysis.sdk_distributions import serves_requests
from packager.dataclass import dataclass
from packager.dependencies.development_parts import names_development_parts
from packager.dependencies.prune import KeepRules
from packager.dependencies.used_files import merge_uses, read_file_use
from packager.errors import Diagnostics
from packager.host.interpreter import (
    Interpreter,
    find_interpreter,
    host_architecture,
    need_interpreter,
    newest_supported,
)
from packager.plugin.file_choice import FileRules
from packager.plugin.files import check_endpoints, plugin_files
from packager.plugin.functions import FunctionPlan
from packager.plugin.verify_functions import verify_sources
from packager.plugin.walk import PluginFile


@dataclass(frozen=True, slots=True)
class ShippedCode:
    """A plugin's `files` in a function's bundle, what endpoints run of them, and the paths of
    whole folders that are left out by default."""

    files: tuple[PluginFile, ...]
    reached: ReachedCode
    left: tuple[str, ...]


def shipped_code(plan: FunctionPlan, out: Path, diagnostics: Diagnostics) -> ShippedCode:
    """Return what a function that is built into the folder `out` ships."""
    facts = plan.plugin.sources.facts(plan.options.python)
    start = {*plan.group.sources}
    start |= verify_sources(plan.options.deferred, facts)
    needed = start | reachable(facts, start)
    rules = FileRules(needed, plan.options.include, plan.options.exclude, out)
    chosen = plugin_files(plan.plugin.folder, diagnostics, rules)
    check_endpoints(chosen.files, plan.group, diagnostics)
    shipped = {file.path: facts[file.path] for file in chosen.files if file.path in facts}
    return ShippedCode(chosen.files, reached_from(start, plan.plugin.folder, shipped), chosen.left)


def interpreter_for(plan: FunctionPlan, *, bytecode: bool) -> Interpreter:
    """Return the interpreter to resolve and compile with: the target's where it must be."""
    python = plan.options.python
    if plan.host:
        host_architecture()
        return need_interpreter(python, why=f"to build {plan.logical_id} for this machine")
    if bytecode:
        return need_interpreter(
            python,
            why=f"to compile {plan.logical_id}'s bytecode",
            instead="build with --no-bytecode (slower cold starts)",
        )
    found = find_interpreter(python) or newest_supported()
    return found or need_interpreter(python, why=f"to read {plan.logical_id}'s sources")


def keep_rules(files: tuple[PluginFile, ...], globs: tuple[str, ...]) -> KeepRules:
    """Return what the plugin's code uses of its packages beside importing them, and its `keep`."""
    sources = {
        file.path: file.source.read_bytes()
        for file in files
        if file.path.endswith(".py") and serves_requests(file.path)
    }
    needs = merge_uses(read_file_use(path, source) for path, source in sources.items())
    development = any(map(names_development_parts, sources.values()))
    return KeepRules(needs.of_others(), globs, development)
