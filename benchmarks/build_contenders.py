"""The folders that `benchmarks.build` builds, and how each tool builds them.

All get the same third-party packages, pinned. `sam` is the tests' own; `pex` and the Serverless
Framework with serverless-python-requirements are installed below `.venv/build-bench`, from the
package index and, where there is npm, from its registry; without them they are left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packager.host.interpreter import Interpreter, host_architecture
from packager.host.uv import find_uv
from tests.support.plugin_writer import MANIFEST, SOURCE, write_plugin

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".venv" / "build-bench"
SMALL = ("slack_sdk==3.43.0", "werkzeug==3.1.3", "markupsafe==3.0.2")
LARGE = (*SMALL, "numpy==2.3.5")  # 60 MB and more, unzipped
NODE_PACKAGES = ("serverless@3", "serverless-python-requirements@6")
OURS, BASELINE = "packager build", "uv pip install"
COMPILED = f"{BASELINE} --compile-bytecode"

_HANDLER = "import slack_sdk\n\n\ndef handler(event, context):\n    return {}\n"
_ENDPOINT = "path: /{0}\nmethod: GET\nextra: {{python: {{source: endpoints/{0}.py}}}}\n"
_SAM = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Duck:
    Type: AWS::Serverless::Function
    {metadata}
    Properties:
      Runtime: python{python}
      Architectures: [{architecture}]
      Handler: app.handler
      CodeUri: src
"""
_SERVERLESS = """\
service: duck
frameworkVersion: "3"
configValidationMode: off
provider: {{name: aws, runtime: python{python}, region: us-east-1, architecture: {architecture}}}
plugins: [serverless-python-requirements]
package: {{patterns: ["!node_modules/**"]}}
custom: {{pythonRequirements: {{installer: uv, dockerizePip: false, pythonBin: "{path}"}}}}
functions: {{duck: {{handler: app.handler}}}}
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """One tool in a folder of its own: what it is run by, with which variables besides, and which
    folders its results are in, which a first build has not."""

    name: str
    folder: Path
    command: tuple[str, ...]
    results: tuple[str, ...]
    environment: Mapping[str, str]
    edited: str = "app.py"  # what is edited between two builds


def plugin(folder: Path, packages: tuple[str, ...], groups: int = 1) -> Path:
    """Write a plugin that requires `packages`, of so many groups of an endpoint each."""
    names = [f"group{number}" for number in range(groups)]
    changes: dict[str, str | bytes | None] = {
        "manifest.yaml": MANIFEST.replace(
            "    - group/tiny.yaml\n", "".join(f"    - group/{name}.yaml\n" for name in names)
        ),
        "requirements.txt": "".join(f"{each}\n" for each in packages),
        **dict.fromkeys(("group/tiny.yaml", "endpoints/duck.yaml", "endpoints/duck.py")),
    }
    for name in names:
        changes[f"group/{name}.yaml"] = f"endpoints:\n  - endpoints/{name}.yaml\n"
        changes[f"endpoints/{name}.yaml"] = _ENDPOINT.format(name)
        changes[f"endpoints/{name}.py"] = f"import slack_sdk\n{SOURCE}"
    return write_plugin(folder, changes)


def ours(
    folder: Path, target: Interpreter, packages: tuple[str, ...], groups: int = 1
) -> Contender:
    """Return the packager with a plugin of its own in `folder`."""
    plugin(folder / "plugin", packages, groups)
    command = [str(Path(sys.executable).with_name("packager")), "build", "plugin", "-o", "out"]
    command += ["--runtime", target.python, "--arch", host_architecture()]
    return Contender(OURS, folder, tuple(command), ("out",), {}, "plugin/endpoints/group0.py")


def others(folder: Path, target: Interpreter, packages: tuple[str, ...]) -> list[Contender]:
    """Return the other tools that are here, each in a folder of its own below `folder`."""
    python, architecture = target.python, host_architecture()
    uv = [find_uv(), "pip", "install", "-q", "--python", str(target.path), "--target", "out"]
    uv += ["-r", "src/requirements.txt"]
    found = [
        Contender(
            name,
            _source(folder / name.replace(" ", "-"), packages),
            (*uv, *more),
            ("out",),
            {},
            "src/app.py",
        )
        for name, more in ((BASELINE, ()), (COMPILED, ("--compile-bytecode",)))
    ]
    # Both of sam's look for python and uv on PATH.
    places = (
        str(target.path.parent),
        str(Path(find_uv()).parent),
        str(Path(sys.executable).parent),
    )
    path = {"PATH": os.pathsep.join([*places, os.environ["PATH"]])}
    sam = shutil.which("sam", path=path["PATH"])
    for name, metadata in (
        ("sam build", ""),
        ("sam build, uv", "Metadata: {BuildMethod: python-uv}"),
    ):
        if sam:
            place = _source(folder / name.replace(" ", "-"), packages)
            text = _SAM.format(metadata=metadata, python=python, architecture=architecture)
            (place / "template.yaml").write_text(text, "utf-8")
            command: tuple[str, ...] = (sam, "build", "--beta-features", "--cached")
            quiet = path | {"SAM_CLI_TELEMETRY": "0"}
            results = (".aws-sam",)
            found.append(Contender(name, place, command, results, quiet, "src/app.py"))
    place = _source(folder / "pex", packages)
    command = (_pex(target), "-r", "src/requirements.txt", "-D", "src", "-o", "out/app.pex")
    cache = {"PEX_ROOT": str(place / "cache" / "pex")}
    found.append(Contender("pex", place, command, ("out",), cache, "src/app.py"))
    serverless = _serverless()
    if serverless:
        place = _source(folder / "serverless", packages)
        text = _SERVERLESS.format(python=python, architecture=architecture, path=target.path)
        for source in ("app.py", "requirements.txt"):
            (place / "src" / source).rename(place / source)
        (place / "serverless.yml").write_text(text, "utf-8")
        (place / "node_modules").symlink_to(HOME / "node_modules")
        quiet = path | {"SLS_TELEMETRY_DISABLED": "1", "AWS_ACCESS_KEY_ID": "x"}
        quiet |= {"AWS_SECRET_ACCESS_KEY": "x"}  # it asks for some, and sends them nowhere
        name = "serverless-python-requirements, uv"
        found.append(Contender(name, place, (serverless, "package"), (".serverless",), quiet))
    return found


def _source(folder: Path, packages: tuple[str, ...]) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text(_HANDLER, "utf-8")
    (folder / "src" / "requirements.txt").write_text("\n".join(packages) + "\n", "utf-8")
    return folder


def _pex(target: Interpreter) -> str:
    venv = HOME / "pex"
    if not (venv / "bin" / "pex").exists():
        subprocess.run([find_uv(), "venv", "-q", "--python", target.path, venv], check=True)
        python = venv / "bin" / "python"
        install: list[str | Path] = [find_uv(), "pip", "install", "-q", "--python", python, "pex"]
        subprocess.run(install, check=True)
    return str(venv / "bin" / "pex")


def _serverless() -> str | None:
    """Return the Serverless Framework, None where it can't be had."""
    program = HOME / "node_modules" / ".bin" / "serverless"
    npm = shutil.which("npm")
    if not program.exists() and npm:
        HOME.mkdir(parents=True, exist_ok=True)
        (HOME / "package.json").write_text('{"private": true}', "utf-8")
        install = [npm, "install", "--no-audit", "--no-fund", "--silent", *NODE_PACKAGES]
        subprocess.run(install, cwd=HOME, check=False)
    return str(program) if program.exists() else None
