"""axe-core's rules for accessible pages, from npm, kept below the project's cache."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from packager.host.cache import cache_folder
from tests.support.browser import NoBrowser

PACKAGE = "axe-core@4.14.1"
_FILE = "package/axe.min.js"
SERIOUS = ("serious", "critical")


def axe_script() -> str:
    """Return axe-core's script; raise `NoBrowser` where it can't be had."""
    cache = cache_folder()
    if cache is None:
        raise NoBrowser("there is no folder to keep axe-core in")
    kept = cache.parent / "test-browser" / f"{PACKAGE}.js"
    if not kept.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise NoBrowser("there is no npm to fetch axe-core with")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            done = subprocess.run(
                [npm, "pack", "--silent", PACKAGE],
                cwd=scratch,
                capture_output=True,
                text=True,
                timeout=300,
            )
            if done.returncode:
                raise NoBrowser(f"npm pack {PACKAGE}: {done.stderr.strip()[-300:]}")
            with tarfile.open(Path(scratch) / done.stdout.split()[-1]) as archive:
                member = archive.extractfile(_FILE)
                assert member is not None
                part = Path(scratch) / "axe.js"
                part.write_bytes(member.read())
            part.rename(kept)
    return kept.read_text("utf-8")


def violations(page: Page, script: str, *rules: str) -> list[str]:
    """Return what axe-core finds seriously wrong with a page: the rule, and where.

    `rules` are those to look at; without them all are.
    """
    page.wait_for_load_state()  # a page that a button leads to is seen before it has a style
    # As the browser's tools do it: the page's own policy lets no foreign script in.
    page.evaluate(script)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
