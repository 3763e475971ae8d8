"""OUT/template.yaml of real builds: what it deploys, `sam` takes as it is."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.examples import Command
from tests.support.plugin_writer import MANIFEST, write_plugin
from tests.support.template_tools import TemplateTool

CAT = {"manifest.yaml": MANIFEST.replace("name: tiny", "name: cat")}


@pytest.fixture(scope="module")
def out(
    tmp_path_factory: pytest.TempPathFactory, command: Command, target: tuple[str, ...]
) -> Path:
    """The folder of two plugins, one of them built a second time alone."""
    folder = tmp_path_factory.mktemp("two")
    plugins = [write_plugin(folder / "tiny"), write_plugin(folder / "cat", CAT)]
    for more in ((), ("--function", "CatTinyFunction")):
        done = command("build", *plugins, "-o", folder / "out", "--allow-failing", *target, *more)
        assert done.returncode == 0, done.stderr.decode()
    return folder / "out"


def functions_in(template: Path) -> list[str]:
    return re.findall(
        r"^  (\w+):\n    Type: AWS::Serverless::Function$", template.read_text(), re.M
    )


def test_building_one_function_again_keeps_the_others_in_the_template(out: Path) -> None:
    assert functions_in(out / "template.yaml") == ["TinyFunction", "CatTinyFunction"]


def test_a_function_built_alone_is_alone_in_the_template(
    tmp_path: Path, command: Command, target: tuple[str, ...]
) -> None:
    plugins = [write_plugin(tmp_path / "tiny"), write_plugin(tmp_path / "cat", CAT)]

    done = command(
        *("build", *plugins, "-o", tmp_path / "out", "--function", "CatTinyFunction"),
        *("--allow-failing", *target),
    )

    assert done.returncode == 0, done.stderr.decode()
    assert functions_in(tmp_path / "out" / "template.yaml") == ["CatTinyFunction"]


def test_sam_build_passes_the_zips_through(
    template_tool: TemplateTool, out: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(out, tmp_path / "out")

    result = template_tool("sam", "build", cwd=folder)

    assert result.returncode == 0, result.stderr
    template = (folder / ".aws-sam" / "build" / "template.yaml").read_text()
    assert re.findall(r"CodeUri: (.*)", template) == [
        "../../TinyFunction.zip",
        "../../CatTinyFunction.zip",
    ]


class _Bucket(BaseHTTPRequestHandler):
    """As much of S3 as uploads take."""

    objects: dict[str, bytes]

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.objects[self.path.removeprefix("/bucket/")] = body
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def bucket() -> Iterator[tuple[str, dict[str, bytes]]]:
    """The address of a bucket, and what was put into it."""
    objects: dict[str, bytes] = {}
    handler = type("Bucket", (_Bucket,), {"objects": objects})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", objects
        server.shutdown()
        thread.join()


def test_sam_uploads_the_very_zips(
    template_tool: TemplateTool,
    out: Path,
    tmp_path: Path,
    bucket: tuple[str, dict[str, bytes]],
) -> None:
    address, objects = bucket
    packaged = tmp_path / "packaged.yaml"

    result = template_tool(
        *("sam", "package", "--template-file", out / "template.yaml"),
        *("--s3-bucket", "bucket", "--output-template-file", packaged),
        cwd=tmp_path,
        AWS_ENDPOINT_URL=address,
        AWS_REQUEST_CHECKSUM_CALCULATION="when_required",
    )

    assert result.returncode == 0, result.stderr
    uploaded = re.findall(r"CodeUri: s3://bucket/(\S+)", packaged.read_text())
    assert [objects[name] for name in uploaded] == [
        (out / f"{name}.zip").read_bytes() for name in functions_in(out / "template.yaml")
    ]
