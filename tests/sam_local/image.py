"""A stand-in for public.ecr.aws/lambda/python: a local CPython and the official runtime client.

Laid out as AWS's image is (github.com/aws/aws-lambda-base-images): the interpreter under /var/lang,
the client's entry under /var/runtime, and /lambda-entrypoint.sh, which runs the Runtime Interface
Emulator unless a Runtime API is given. It is not that image: another glibc, no boto3.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

LIBRARIES = "lib/x86_64-linux-gnu"
LOADER = Path("/lib64/ld-linux-x86-64.so.2")
# A shell, what SAM's own Dockerfile step runs (mv, chmod), and what a wrapper script may use.
TOOLS = ("bash", "cat", "chmod", "cp", "env", "id", "ls", "mkdir", "mv", "rm", "sh", "sleep")
# Loaded by name at run time, so that no ldd shows them.
EXTRA_LIBRARIES = (
    "libnss_files.so.2",
    "libnss_dns.so.2",
    "libresolv.so.2",
    "libgcc_s.so.1",
    "libstdc++.so.6",
)
LEFT_OUT = {"test", "tests", "idlelib", "tkinter", "lib2to3", "turtledemo"}

LAYOUT = """\
import json, os, sys, sysconfig
executable = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
print(json.dumps({"executable": executable, "stdlib": sysconfig.get_path("stdlib")}))
"""
BOOTSTRAP_PY = """\
import os, sys
root = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
sys.path[0] = root
sys.path[1:1] = ["/opt/python/lib/python{python}/site-packages", "/opt/python"]
from awslambdaric.__main__ import main
main([sys.argv[0], os.environ["_HANDLER"]])
"""
BOOTSTRAP = """\
#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_python{python}
if [ -n "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
  exec "$AWS_LAMBDA_EXEC_WRAPPER" /var/lang/bin/python{python} /var/runtime/bootstrap.py
fi
exec /var/lang/bin/python{python} /var/runtime/bootstrap.py
"""
ENTRYPOINT = """\
#!/bin/sh
[ $# -eq 1 ] || { echo "the handler's name must be the first argument" >&2; exit 142; }
export _HANDLER="$1"
[ -n "$AWS_LAMBDA_RUNTIME_API" ] || exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap
exec /var/runtime/bootstrap
"""
PASSWD = "root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/home/sbx_user1051:/bin/sh\n"
CHANGES = (
    "WORKDIR /var/task",
    'ENTRYPOINT ["/lambda-entrypoint.sh"]',
    "ENV LANG=en_US.UTF-8",
    "ENV TZ=:/etc/localtime",
    "ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib"
    ":/var/task:/var/task/lib:/opt/lib",
    "ENV LAMBDA_TASK_ROOT=/var/task",
    "ENV LAMBDA_RUNTIME_DIR=/var/runtime",
)


def image_tag(python: str) -> str:
    """The tag under which SAM CLI looks for the base image of `python` ("3.13") on x86_64."""
    return f"public.ecr.aws/lambda/python:{python}-x86_64"


def write_image(interpreter: Path, python: str, uv: Path, folder: Path) -> Path:
    """Write the file system of the stand-in as a tar into `folder` and return its path.

    `interpreter` is a CPython of version `python` ("3.13"), of any installer or the system's own;
    `uv` installs the runtime interface client for it.
    """
    layout: dict[str, str] = json.loads(_output(interpreter, "-I", "-S", "-c", LAYOUT))
    executable, stdlib = Path(layout["executable"]), Path(layout["stdlib"])
    client = folder / f"client-{python}"
    _output(uv, "pip", "install", "-q", "--python", interpreter, "--target", client, "awslambdaric")
    result = folder / f"python-{python}.tar"
    with tarfile.open(result, "w") as tar:
        _add_folders(tar)
        _add_file(tar, executable, f"var/lang/bin/python{python}")
        tar.add(stdlib, f"var/lang/lib/python{python}", filter=_wanted_of_stdlib)
        tar.add(client, f"var/lang/lib/python{python}/site-packages", filter=_owned_by_root)
        _add_text(tar, "var/runtime/bootstrap.py", BOOTSTRAP_PY.format(python=python))
        _add_text(tar, "var/runtime/bootstrap", BOOTSTRAP.format(python=python), 0o755)
        _add_text(tar, "lambda-entrypoint.sh", ENTRYPOINT, 0o755)
        _add_text(tar, "etc/passwd", PASSWD)
        _add_text(tar, "etc/group", "root:x:0:\nsbx_user1051:x:990:\n")
        _add_text(tar, "etc/nsswitch.conf", "hosts: files dns\n")
        tools = [_which(tool) for tool in TOOLS]
        for tool, path in zip(TOOLS, tools, strict=True):
            _add_file(tar, path, f"bin/{tool}")
        _add_file(tar, _which("env"), "usr/bin/env")
        _add_file(tar, LOADER, "lib64/ld-linux-x86-64.so.2")
        binaries = [executable, *tools, *stdlib.rglob("*.so"), *client.rglob("*.so")]
        for name, path in sorted(_libraries(binaries).items()):
            _add_file(tar, path, f"{LIBRARIES}/{name}")
    return result


def _add_folders(tar: tarfile.TarFile) -> None:
    for name in ("dev", "proc", "sys", "opt", "root", "var/task", "usr/local/bin", "tmp"):
        entry = tarfile.TarInfo(name)
        entry.type = tarfile.DIRTYPE
        entry.mode = 0o1777 if name == "tmp" else 0o755
        tar.addfile(entry)


def _add_text(tar: tarfile.TarFile, name: str, text: str, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text.encode())
    entry.mode = mode
    tar.addfile(entry, io.BytesIO(text.encode()))


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _add_file(tar: tarfile.TarFile, path: Path, name: str) -> None:
    tar.add(path.resolve(), name, filter=_owned_by_root)


def _wanted_of_stdlib(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what no function needs, and what is installed beside the standard library."""
    inside = entry.name.split("/")[4:]  # below var/lang/lib/python3.x
    if set(inside) & LEFT_OUT or inside[:1] == ["site-packages"] or entry.name.endswith(".a"):
        return None
    return _owned_by_root(entry)


def _libraries(binaries: Iterable[Path]) -> dict[str, Path]:
    """The shared libraries that `binaries` are linked to, by the name that the loader looks for."""
    found: dict[str, Path] = {}
    listing = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    for line in listing.splitlines():
        name, arrow, rest = line.strip().partition(" => ")
        path = rest.split(" (")[0]
        if arrow and path.startswith("/"):
            found.setdefault(name, Path(path))
    system = found["libc.so.6"].parent
    for name in EXTRA_LIBRARIES:
        if (system / name).exists():
            found.setdefault(name, system / name)
    return found


def _which(tool: str) -> Path:
    for folder in ("/bin", "/usr/bin"):
        path = Path(folder, tool)
        if path.exists():
            return path
    raise FileNotFoundError(f"{tool}: needed in the stand-in image and not on this machine")


def _output(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shown = " ".join(str(part) for part in command)
        raise RuntimeError(f"{shown}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout
