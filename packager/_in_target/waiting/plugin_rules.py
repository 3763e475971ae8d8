"""Makes the rules for a plugin's modules, from all of them and from what else its bundle has."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Mapping

from packager._in_target.waiting.plugin_facts import PluginFacts, untouched
from packager._in_target.waiting.rules import Rules

_PLUGIN = "plugin"  # its folder in a bundle


def plugin_rules(
    rules: Rules, root: str, sources: Mapping[str, bytes]
) -> tuple[Rules | None, set[str]]:
    """Return the rules for a plugin's `sources`, by path, and the paths that are left as they are.

    None stands for rules by which nothing waits. `rules` are those for any plugin, `root` is the
    bundle's folder, with the packages that it has.
    """
    trees = {}
    for path, source in sources.items():
        try:
            trees[os.path.relpath(path, root)] = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
    facts = PluginFacts()
    for tree in trees.values():
        facts.read(tree)
    if facts.unsafe:
        return None, set()
    left = {os.path.join(root, path) for path in untouched(trees, facts.guarded)}  # noqa: PTH118
    made = rules.changed(
        modules=_that_may_wait(rules.modules, root, trees, facts),
        values=frozenset(facts.values),
        assigned=frozenset(facts.assigned),
        plain_classes=facts.plain_classes(),
        annotations_read=facts.reads_annotations,
        root=root,
    )
    return made, left


def _that_may_wait(
    modules: frozenset[str], root: str, paths: Iterable[str], facts: PluginFacts
) -> frozenset[str]:
    """Return those of `modules` that the library or a package has, and the plugin has not.

    What nothing has fails where its import stands. Packages read the environment when they are
    imported, so they don't wait where the plugin changes it.
    """
    library = sys.stdlib_module_names
    packages = {each.partition(".")[0] for each in os.listdir(root)}  # noqa: PTH208
    known = library if facts.sets_environment else library | packages
    below = [[each for each in path.split("/") if each != _PLUGIN] for path in paths]
    own = {part for parts in below for part in (parts if facts.changes_path else parts[:1])}
    own = {part.removesuffix(".py") for part in own}
    return (modules & known) - own - ({"logging"} if facts.lists_loggers else set())


def submodules_used(tree: ast.Module, root: str) -> dict[str, str]:
    """Return which submodules of a package in `root` a module uses as attributes: `import a` and
    then `a.b`, which works where somebody else has imported `a.b`; that import may wait now."""
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if not alias.asname
    }
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package = node.value.id
            if package in imported - sys.stdlib_module_names and _is_there(
                os.path.join(root, package, node.attr)  # noqa: PTH118
            ):
                found.setdefault(package, set()).add(node.attr)
    return {package: " ".join(sorted(names)) for package, names in found.items()}


def _is_there(module: str) -> bool:
    return os.path.isfile(module + ".py") or os.path.isfile(  # noqa: PTH113
        os.path.join(module, "__init__.py")  # noqa: PTH118
    )
