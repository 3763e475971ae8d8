"""Runs uv so that what a package brings along to build itself runs as was allowed, or not at all.

Three modes, which docs/security.md describes: `refuse` builds nothing, `isolated` shuts builds in
(`_in_build/hook.py` is the Python that uv builds with), `trusted` lets them do what the user may.
What `trusted` built, in uv's ordinary cache, is never taken by the others: they have their own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from packager.dataclass import dataclass
from packager.dependencies.sandbox import Sandbox, find_sandbox
from packager.dependencies.target import Target
from packager.errors import Diagnostics
from packager.host.cache import cache_folder
from packager.host.cache_use import hold
from packager.host.uv import UvRun, find_uv, run_uv
from packager.model.permissions import SourcePolicy
from packager.requirements.requirements import Requirements

BUILD_SECONDS = 900
HOOK = Path(__file__).parents[1] / "_in_build" / "hook.py"
NO_SANDBOX = (
    "nothing on this machine can shut a build in (namespaces, bubblewrap): what is built from "
    "source has neither your environment variables nor your home folder's name, but it can reach "
    "the network and read your files"
)
# Which compilers there are and what they are told; nothing else of the environment.
OF_COMPILERS = (
    *("AR", "AS", "CC", "CXX", "FC", "LD", "NM", "RANLIB", "STRIP", "PKG_CONFIG"),
    *("CFLAGS", "CPPFLAGS", "CXXFLAGS", "FFLAGS", "LDFLAGS", "ARCHFLAGS", "MAKEFLAGS"),
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH"),
    *("PKG_CONFIG_PATH", "SOURCE_DATE_EPOCH", "MACOSX_DEPLOYMENT_TARGET", "SDKROOT"),
    *("LANG", "LC_ALL", "LC_CTYPE", "TZ"),
)
# What uv needs of its environment, and git, and the compilers of builds.
_KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG(UAGE)?|LC_\w+|TZ|TERM|TMPDIR|TEMP|TMP|XDG_\w+|NETRC|"
    r"UV_(?!PUBLISH_)\w+|SSL_CERT_(FILE|DIR)|(\w+_)?(PROXY|proxy)|GIT_\w+|SSH_AUTH_SOCK|"
    r"DBUS_SESSION_BUS_ADDRESS|" + "|".join(OF_COMPILERS)
)
# Where uv is told from outside which Python builds, or with what: here it is decided.
_DECIDED = ("UV_BUILD_CONSTRAINT", "UV_NO_BUILD_ISOLATION", "UV_ISOLATED")


@dataclass(slots=True)
class Builds:
    """uv for one function: chooses and installs packages, and builds them as `policy` says.

    `options` are index options, `cwd` is where uv looks for its configuration, `work` is a folder
    for what builds need, `progress` is told of each package that is built.
    """

    policy: SourcePolicy
    root: Path
    target: Target
    options: Sequence[str]
    cwd: Path
    work: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)  # variables that were put in
    configuration: str | None = None  # what of the plugin's configuration of uv holds
    progress: Callable[[str], None] = lambda message: None
    _python: Path | None = None
    _cache: Path | None = None
    _told: set[str] = field(default_factory=set)

    def run(
        self,
        arguments: Sequence[str],
        *,
        wheels: bool | Iterable[str],
        target: Target | None = None,
        unset: Iterable[str] = (),
    ) -> UvRun:
        """Run uv for `target`; `wheels`: only wheels, for all packages or for those named.

        The variables `unset` are taken out of its environment.
        """
        target = target or self.target
        variables = dict(self.environment) | dict.fromkeys(unset)
        builds = wheels is not True and self.policy.mode != "refuse"
        arguments = [*arguments, *self.options]
        for package in sorted(wheels) if builds and not isinstance(wheels, bool) else ():
            arguments += ["--only-binary", package]
        if not builds:
            arguments += ["--only-binary", ":all:"]
        if self.policy.mode == "isolated" and (builds or self._python):
            variables |= {"UV_CACHE_DIR": str(self.cache)}
        if builds and self.policy.mode == "isolated":
            target = replace(target, interpreter=self._shut_in())
            variables |= dict.fromkeys(_DECIDED) | {"UV_CONCURRENT_BUILDS": "1"}
            arguments = [*arguments, "--no-build-isolation"]
        run = run_uv(
            [*arguments, *target.arguments],
            cwd=self.cwd,
            environment=variables,
            hidden=self.hidden,
        )
        self._tell()
        return run

    def hints(self, problem: str) -> list[str]:
        """Return what may help where source can't be had built, and uv's words are `problem`."""
        if self.policy.mode == "refuse":
            return ["--source-builds=isolated builds what is there as source only"]
        if self.policy.mode == "isolated" and "build backend" in problem:
            return [
                "its build was isolated: if it needs the network or more of your machine and you "
                "trust it, --source-builds=trusted"
            ]
        return []

    @property
    def sandbox(self) -> Sandbox:
        """What shuts builds in here."""
        return find_sandbox(self.target.interpreter)

    @property
    def cache(self) -> Path:
        """uv's cache of builds that were shut in like those of this one."""
        if self._cache is None:
            kept = cache_folder()
            # Without a sandbox a build may write to it: what is in there proves nothing later.
            if kept is None or self.sandbox.kind is None:
                self._cache = self._scratch() / "uv"
            else:
                self._cache = (kept / f"uv-{self.sandbox.name}").resolve()
            self._cache.mkdir(parents=True, exist_ok=True)
            hold(self._cache)
            os.utime(self._cache)
        return self._cache

    @property
    def _log(self) -> Path:
        return self._scratch() / "built.jsonl"

    def _scratch(self) -> Path:
        folder = self.work / "builds"
        folder.mkdir(parents=True, exist_ok=True)
        return folder.resolve()

    def _shut_in(self) -> Path:
        """Return the Python that uv is to build with: a script in an empty virtual environment."""
        if self._python is not None:
            return self._python
        scratch = self._scratch()
        (scratch / "environments").mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="python-", dir=scratch))
        python = folder / "bin" / "python"
        python.parent.mkdir()
        home = self.target.interpreter.parent
        (folder / "pyvenv.cfg").write_text(
            f"home = {home}\ninclude-system-site-packages = false\n", "utf-8"
        )
        config = folder / "config.json"
        described = {
            "python": str(self.target.interpreter),
            "uv": find_uv(),
            "cache": str(self.cache),
            "scratch": str(scratch),
            "options": list(self.options),
            "cwd": str(self.cwd),
            "sandbox": self.sandbox.kind,
            "read": self.sandbox.read,
            "variables": OF_COMPILERS,
            "seconds": BUILD_SECONDS,
            "roots": [str(self.root.resolve())] if self.policy.inside else None,
            "log": str(self._log),
        }
        config.write_text(json.dumps(described), "utf-8")
        command = shlex.join([sys.executable, "-I", "-S", str(HOOK), str(config)])
        python.write_text(f'#!/bin/sh\nexec {command} "$0" "$@"\n', "utf-8")
        python.chmod(0o755)
        self._python = python
        return python

    def _tell(self) -> None:
        """Say what was built, whatever came of it: once, in however many steps uv has it done."""
        log = self.work / "builds" / "built.jsonl"
        for line in log.read_text("utf-8").splitlines() if log.exists() else ():
            entry = json.loads(line)
            title = f"{entry['name']} {entry['version']}".strip()
            if title not in self._told:
                self._told.add(title)
                self.progress(f"ran the build of {title}, isolated")


def builds_for(
    requirements: Requirements, target: Target, work: Path, progress: Callable[[str], None]
) -> Builds:
    """Return uv for a plugin's `requirements`, as they allow; `work` is for working files."""
    uv = requirements.uv
    if requirements.workspace_above:
        cwd = requirements.where  # uv takes the configuration of a workspace from its root
    elif uv.text is None:
        cwd = requirements.root.resolve().parent  # what lies around the plugin is its user's
    else:
        cwd = work / "uv"
        cwd.mkdir()
        (cwd / "uv.toml").write_text(uv.text, "utf-8")
    return Builds(
        requirements.policy,
        requirements.root,
        target,
        requirements.options,
        cwd,
        work,
        _environment(requirements),
        requirements.expanded,
        uv.text,
        progress,
    )


def _environment(requirements: Requirements) -> Mapping[str, str | None]:
    """Return what changes in uv's environment: it keeps what it needs.

    uv puts variables into addresses that it finds in any package's metadata, as pip does in
    requirements; and it sends UV_INDEX_<NAME>_PASSWORD to whichever index a plugin calls so.
    """
    if requirements.policy.mode == "trusted":
        return {}
    sent = requirements.uv.password_variables
    return {
        name: None
        for name in os.environ
        if name not in requirements.allowed and (not _KEPT.fullmatch(name) or name in sent)
    }


def warn_of_builds(
    built: Sequence[str], sandbox: str | None, requirements: Requirements, diagnostics: Diagnostics
) -> None:
    """Note which packages were built from source, and how: their code ran here."""
    mode = requirements.policy.mode
    how = "trusted, with all that you may do" if mode == "trusted" else "isolated"
    for name in built:
        diagnostics.warn(
            "built-from-source",
            f"{name} was built from source ({how})",
            requirements.place_of(name),
        )
    if built and mode == "isolated" and sandbox is None:
        diagnostics.warn("no-sandbox", NO_SANDBOX, hint="docs/security.md says what that means")
