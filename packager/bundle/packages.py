"""The third-party packages of one function, and what its code imports that they don't bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packager.analysis.facts import SourceFacts
from packager.analysis.missing_imports import warn_of_foreign
from packager.analysis.sdk_distributions import SDK, imported_distributions
from packager.bundle.function_code import ShippedCode, keep_rules
from packager.bundle.preload import check_preload
from packager.contract import DISTRIBUTIONS, template_folder
from packager.dataclass import dataclass
from packager.dependencies.gaps import GapSearch, install_without_gaps, warn_of_gaps
from packager.dependencies.install import install_dependencies
from packager.dependencies.installed import Dependencies, Treatment
from packager.dependencies.resolve import Wanted
from packager.dependencies.source_builds import warn_of_builds
from packager.dependencies.target import Target
from packager.errors import Diagnostics
from packager.host.interpreter import Interpreter
from packager.model.progress import Progress
from packager.plugin.functions import FunctionPlan
from packager.plugin.tools.other_plugins import ToolPlugin
from packager.plugin.walk import PluginFile
from packager.requirements.joined import joined
from packager.requirements.requirements import Requirements


@dataclass(frozen=True, slots=True)
class PackagesJob:
    """What packages are installed for: a function, its `code`, and the interpreter that runs uv.

    `compiler` makes their bytecode, if anything does; `work` is a folder for what is not cached.
    `others` are plugins whose tools run in it.
    """

    plan: FunctionPlan
    code: ShippedCode
    interpreter: Interpreter
    compiler: Interpreter | None
    work: Path
    others: tuple[ToolPlugin, ...] = ()

    @property
    def requirements(self) -> Requirements:
        """What the plugin requires, and the others."""
        return joined(self.plan.plugin.requirements, [each.requirements for each in self.others])

    @property
    def facts(self) -> tuple[Mapping[str, SourceFacts], ...]:
        """The facts of each plugin's Python files, by their paths in it."""
        python = self.plan.options.python
        return (self.code.reached.facts, *(each.facts(python) for each in self.others))

    @property
    def all_facts(self) -> Mapping[str, SourceFacts]:
        """The facts of all of them, the others' by their paths in the bundle."""
        found = dict(self.code.reached.facts)
        for each in self.others:
            found |= each.placed_facts(self.plan.options.python)
        return found

    @property
    def sources(self) -> tuple[PluginFile, ...]:
        """The files of all of them."""
        unsaid = Diagnostics()  # it was said of their files already
        return (*self.code.files, *(file for each in self.others for file in each.files(unsaid)))


def install_packages(
    job: PackagesJob, diagnostics: Diagnostics, progress: Progress
) -> Dependencies:
    """Install what the function needs, and warn of imports that nothing in its bundle answers."""
    options, interpreter = job.plan.options, job.interpreter
    requirements = job.requirements
    reached = job.code.reached
    target = Target(
        options.python,
        interpreter.architecture if job.plan.host else options.architecture,
        interpreter.path,
        job.plan.host,
    )
    search = GapSearch(job.all_facts, interpreter, target.python)
    kept = keep_rules(job.sources, options.keep)
    treatment = Treatment(job.compiler, options.diets, kept, search.ahead)
    used = {*DISTRIBUTIONS[options.adapter]}.union(*map(imported_distributions, job.facts))

    def install(wanted: Wanted) -> Dependencies:
        work = job.work / str(len(wanted.imported))  # each time with more
        return install_dependencies(wanted, target, work, treatment, progress)

    dependencies, gaps = install_without_gaps(
        install,
        Wanted(requirements, tuple(sorted(used)), options.sdk == "real"),
        search,
        progress,
    )
    progress.briefly("checking what the plugin imports")
    for remark in dependencies.remarks:
        progress.step(remark)
    for note in dependencies.notes:
        diagnostics.warn("dependency-note", note, requirements.place_of(SDK))
    warn_of_builds(dependencies.built, dependencies.sandbox, requirements, diagnostics)
    warn_of_foreign(reached, dependencies.folder, interpreter, target.python, diagnostics)
    warn_of_gaps(reached, gaps, target.python, diagnostics)
    at_root = (dependencies.folder, template_folder())
    shipped = {file.path for file in job.code.files}
    check_preload(options, interpreter, shipped, at_root, diagnostics)
    return dependencies
