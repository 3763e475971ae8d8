"""`adapter`: bundles that serve the same application through Mangum or aws-wsgi."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.examples import NEKO, Build, Command

LIBRARIES = {"native": set(), "mangum": {"mangum", "a2wsgi"}, "aws-wsgi": {"awsgi"}}


def with_adapter(folder: Path, adapter: str) -> Path:
    """Neko, its configuration with an adapter."""
    plugin = Path(shutil.copytree(NEKO, folder / "neko"))
    configuration = plugin / "packager.toml"
    configuration.write_text(f'adapter = "{adapter}"\n{configuration.read_text()}')
    return plugin


# With an adapter it is the same bundle twice, beside neko's of either entry: once more in a soak.
@pytest.mark.parametrize(
    "entry", ["fast", pytest.param("stock", marks=pytest.mark.soak)], indirect=True, scope="session"
)
@pytest.mark.parametrize(("adapter", "payload"), [("mangum", "2.0"), ("aws-wsgi", "1.0")])
def test_a_bundle_with_an_adapter(
    tmp_path: Path,
    command: Command,
    build: Build,
    neko: Path,
    adapter: str,
    payload: str,
) -> None:
    bundle = build(with_adapter(tmp_path, adapter)) / "NekoFunction"

    for request in ("GET /duck/42", "GET /qr?text=x", "PUT /duck/42", "GET /none"):
        options = ("-i", "--payload", payload, "--request", request)
        theirs = command("invoke", bundle, *options)
        ours = command("invoke", neko, *options)

        assert (theirs.returncode, ours.returncode) == (0, 0), theirs.stderr.decode()
        assert answer(theirs.stdout) == answer(ours.stdout)
        log = [line for line in theirs.stderr.decode().splitlines() if line.startswith("[INFO]")]
        assert len(log) == 1 and f"\t{request.split()[0]} " in log[0]

    names = {path.name for path in bundle.iterdir()}
    assert names & {"mangum", "a2wsgi", "awsgi"} == LIBRARIES[adapter]
    assert {path.name for path in neko.iterdir()} & {"mangum", "a2wsgi", "awsgi"} == set()


def answer(written: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Status line, headers whatever their case and order, and the body."""
    head, _, body = written.partition(b"\n\n")
    status, *headers = head.splitlines()
    fields = [header.partition(b":") for header in headers]
    return status, sorted(name.lower() + b":" + value for name, _, value in fields), body


def test_a_payload_that_aws_wsgi_cannot_read(
    tmp_path: Path, command: Command, build: Build
) -> None:
    bundle = build(with_adapter(tmp_path, "aws-wsgi")) / "NekoFunction"

    done = command("invoke", bundle, "--payload", "2.0", "--request", "GET /duck/42")

    assert done.returncode == 1
    assert (
        'NotAnHttpEvent: the adapter aws-wsgi reads no payload 2.0: invoke it through api = "rest" '
        "or an HTTP API with payload 1.0"
    ) in done.stderr.decode()
