"""What is started cold, and how each is packaged: a folder of its own with all it needs, compiled.

Everything gets what it would have at best: one folder with nothing else on `sys.path`, bytecode of
the same interpreter that is never checked against its source, no hooks of `.pth` files. AWS's
client comes from a folder of its own, as the managed runtime has it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packager.host.bytecode import compile_files
from packager.host.interpreter import Interpreter, host_architecture

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RUN_HANDLER = ROOT / "packager" / "_in_target" / "run_handler.py"
BASELINE = "bare handler, stock client"
OURS_FAST = "packager, fast entry"
OURS_STOCK = "packager, stock entry"
APIG_WSGI = "werkzeug + apig-wsgi"
NEKO = "endpoint_runtime.lambda_handler.handler"
UNUSED = ("test", "idlelib", "ensurepip", "site-packages", "turtledemo", "__phello__")

SECONDS = 60  # that any one process may take

WERKZEUG = ("werkzeug>=3.1,<4",)


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to answer `GET /duck/42`: `handler` out of `folder`, made of `requirements`.

    `payload` is the event's version, `entry` `stock` or `fast`, `diet` that of our own bundles.
    `alone` leaves out what the requirements need besides: deployment tools.
    """

    name: str
    folder: str
    handler: str
    requirements: tuple[str, ...] = ()
    entry: str = "stock"
    payload: str = "2.0"
    diet: bool | None = None
    alone: bool = False


def _peer(
    name: str, module: str, *requirements: str, payload: str = "2.0", werkzeug: bool = False
) -> Contender:
    wanted = (*(WERKZEUG if werkzeug else ()), *requirements)
    return Contender(name, module, f"contenders.{module}.handler", wanted, payload=payload)


CONTENDERS = (
    Contender(BASELINE, "bare", "contenders.bare.handler"),
    Contender("bare handler, our loop", "bare_loop", "contenders.bare.handler", entry="fast"),
    Contender(OURS_FAST, "neko_diet", NEKO, entry="fast", diet=True),
    Contender(OURS_STOCK, "neko_diet", NEKO, diet=True),
    Contender("packager, fast entry, no diet", "neko_full", NEKO, entry="fast", diet=False),
    Contender("packager, stock entry, no diet", "neko_full", NEKO, diet=False),
    Contender(
        "Chalice (no werkzeug request)",
        "with_chalice",
        "contenders.with_chalice.handler",
        ("chalice",),
        payload="1.0",
        alone=True,
    ),
    _peer("Powertools (no werkzeug request)", "with_powertools", "aws-lambda-powertools"),
    _peer("werkzeug + aws-wsgi", "with_aws_wsgi", "aws-wsgi", payload="1.0", werkzeug=True),
    _peer(APIG_WSGI, "with_apig_wsgi", "apig-wsgi", werkzeug=True),
    _peer("werkzeug + serverless-wsgi", "with_serverless_wsgi", "serverless-wsgi", werkzeug=True),
    _peer("Starlette + Mangum", "with_mangum_starlette", "mangum", "starlette"),
    _peer("Flask + apig-wsgi", "with_flask", "flask", "apig-wsgi"),
    _peer("the real dify_plugin SDK", "with_dify_sdk", "dify_plugin"),
)


def clean_interpreter(interpreter: Interpreter, folder: Path) -> Path:
    """Copy an interpreter's files without its site-packages; return the copy's `python`.

    Hooks that an installation has there (`.pth` files) would run at every start.
    """
    version = f"python{interpreter.python}"
    script = (
        "import sys, sysconfig; print(sys.base_prefix, sysconfig.get_path('stdlib'), sep='\\n')"
    )
    said = subprocess.run(
        [interpreter.path, "-I", "-S", "-c", script], capture_output=True, text=True, check=True
    )
    prefix, library = (Path(line) for line in said.stdout.splitlines())
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    shutil.copy2((prefix / "bin" / version).resolve(), folder / "bin" / version)
    skip = shutil.ignore_patterns(*UNUSED, "config-*", "*.opt-*.pyc")
    shutil.copytree(
        library,
        folder / "lib" / version,
        ignore=skip,
        copy_function=shutil.copy2,
        ignore_dangling_symlinks=True,  # Debian's sitecustomize.py, only unpacked
    )
    return folder / "bin" / version


def package(contender: Contender, folder: Path, interpreter: Interpreter) -> None:
    """Fill `folder` with all that a contender needs besides the interpreter and AWS's client."""
    if contender.diet is not None:
        _build_neko(folder, interpreter, diet=contender.diet)
        return
    folder.mkdir(parents=True)
    if contender.requirements:
        install(contender.requirements, folder, interpreter, alone=contender.alone)
    module = contender.handler.split(".")[1]
    _copy_module(module, folder)
    if any(each in WERKZEUG for each in contender.requirements):
        _copy_module("werkzeug_app", folder)
    if contender.entry == "fast":
        skip = shutil.ignore_patterns("__pycache__", "dify_plugin")
        shutil.copytree(ROOT / "handler_template", folder, ignore=skip, dirs_exist_ok=True)
    compile_all(folder, interpreter)


def install(
    requirements: Iterable[str], folder: Path, interpreter: Interpreter, *, alone: bool = False
) -> None:
    """Install the newest releases that fit, wheels only, with what they need."""
    subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(folder)),
            *("--python", str(interpreter.path), "--only-binary", ":all:", "--link-mode", "copy"),
            *(["--no-deps"] if alone else []),
            *requirements,
        ],
        check=True,
        cwd=folder,
    )


def compile_all(folder: Path, interpreter: Interpreter) -> None:
    """Compile everything, as a bundle of ours is."""
    for cache in [*folder.rglob("__pycache__")]:
        shutil.rmtree(cache)
    sources = (path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))
    compile_files(interpreter, folder, sources)


def versions(folder: Path) -> dict[str, str]:
    """Return the distributions in a folder and their versions."""
    found = {}
    for info in sorted(folder.glob("*.dist-info")):
        name, _, version = info.name.removesuffix(".dist-info").partition("-")
        found[name.replace("_", "-").lower()] = version
    return found


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def command(contender: Contender, folder: Path, python: Path, client: Path) -> list[str]:
    """What starts it: the managed runtime's own call, or the exec wrapper around that."""
    if contender.entry == "fast":
        return [str(folder / "start_fast"), str(python), "/var/runtime/bootstrap.py"]
    return [str(python), str(RUN_HANDLER), str(client)]


def environment(contender: Contender, folder: Path, address: str) -> dict[str, str]:
    """What Lambda sets; nothing of this process but the search path for programs."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_REGION": "eu-west-1",
        "LAMBDA_TASK_ROOT": str(folder),
        "_HANDLER": contender.handler,
    }


def _copy_module(module: str, folder: Path) -> None:
    package_folder = folder / "contenders"
    package_folder.mkdir(exist_ok=True)
    for name in ("__init__", module):
        shutil.copy2(HERE / "contenders" / f"{name}.py", package_folder / f"{name}.py")


def _build_neko(folder: Path, interpreter: Interpreter, *, diet: bool) -> None:
    """Build the example with the real command."""
    work = folder.parent / f"{folder.name}_build"
    shutil.copytree(ROOT / "plugins" / "neko", work / "neko")
    configuration = work / "neko" / "packager.toml"
    said = str(diet).lower()
    before = configuration.read_text("utf-8")
    configuration.write_text(f"diet = {said}\ndiet_plugin = {said}\n{before}")
    subprocess.run(
        [
            *(sys.executable, "-m", "packager", "build", str(work / "neko"), "-o", str(work)),
            *("--runtime", interpreter.python, "--arch", host_architecture()),
        ],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    shutil.move(work / "NekoFunction", folder)
    shutil.rmtree(work)
