"""Warns, where nothing is built, of what a build refuses until it is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from packager.errors import Diagnostics
from packager.model.permissions import Permissions
from packager.plugin.functions import FunctionPlan
from packager.plugin.package_asks import check_asks
from packager.requirements.read import read_requirements


def warn_of_asks(
    plans: Iterable[FunctionPlan], permissions: Permissions, diagnostics: Diagnostics
) -> None:
    """Note, as warnings, what builds of the plugins of `plans` need besides `permissions`.

    Only the plugins' own files are read: what packages from an index ask for is not known.
    """
    plugins = {plan.plugin.root: plan.plugin for plan in plans}
    for plugin in plugins.values():
        refused = Diagnostics()
        read_requirements(
            plugin.root, plugin.display, refused, package=plugin.package, permissions=permissions
        )
        if plugin.package:
            check_asks(plugin.root, plugin.display, permissions, refused)
        for diagnostic in refused.errors:
            message = f"a build refuses this until it is allowed: {diagnostic.message}"
            diagnostics.add(replace(diagnostic, message=message, level="warning"))
