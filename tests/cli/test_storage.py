"""`packager storage`: what is stored on this machine, and what a deployed plugin has stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from packager.contract import template_folder
from tests.cli.conftest import Run
from tests.support.aws.moto_server import MotoServer
from tests.support.plugin_writer import write_plugin

SOURCE = """\
from dify_plugin import Endpoint

class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        self.session.storage.set("a", b"b")
"""
# Writes as a function does: argv has the kind, its options, and the values as a file's JSON.
WRITE = """\
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
storage = importlib.import_module(f"endpoint_runtime.storage.{sys.argv[2]}")
options = json.loads(sys.argv[3])
store = storage.open_storage(options, *sys.argv[5:])
for key, text in json.loads(sys.argv[4]).items():
    store.set(key, text.encode() * (500_000 if key == "large" else 1))
"""
VALUES = {"a": "one", "folder/b": "zwei é", "large": "xy"}


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return write_plugin(tmp_path / "tiny", {"endpoints/duck.py": SOURCE})


def write(kind: str, options: dict[str, object], *more: str, **environment: str) -> None:
    arguments = (str(template_folder()), kind, json.dumps(options), json.dumps(VALUES), *more)
    subprocess.run(
        [sys.executable, "-c", WRITE, *arguments], env=os.environ | environment, check=True
    )


def check_commands(run: Run, *where: object) -> None:
    """Look at `VALUES`, and delete them."""
    listed = json.loads(run("storage", "list", *where, "--format", "json").stdout)
    assert listed == {
        "values": [
            {"key": "a", "bytes": 3},
            {"key": "folder/b", "bytes": 7},
            {"key": "large", "bytes": 1_000_000},
        ]
    }
    assert "folder/b  7 B" in run("storage", "list", *where).stdout
    assert run("storage", "show", where[0], "folder/b", *where[1:]).stdout == "zwei é"
    assert run("storage", "show", where[0], "large", *where[1:]).stdout == "xy" * 500_000
    missing = run("storage", "show", where[0], "c", *where[1:])
    assert (missing.code, "has no value of c" in missing.stderr) == (2, True)
    assert run("storage", "delete", where[0], "a", *where[1:], stdin=b"n\n").code == 130
    assert run("storage", "delete", where[0], "a", "c", *where[1:], "--yes").code == 2
    done = run("storage", "delete", where[0], "large", *where[1:], stdin=b"y\n")
    assert (done.code, "1 value deleted" in done.stderr) == (0, True)
    done = run("storage", "delete", where[0], "--all", "--yes", *where[1:])
    assert (done.code, "2 values deleted" in done.stderr) == (0, True)
    assert json.loads(run("storage", "list", *where, "--format", "json").stdout) == {"values": []}


def test_on_this_machine(run: Run, plugin: Path, tmp_path: Path) -> None:
    file = tmp_path / "storage.sqlite"
    write("file", {"path": str(file)}, "tiny")
    write("file", {"path": str(file)}, "another plugin")
    check_commands(run, plugin, "--storage", file)
    other = write_plugin(tmp_path / "other", {"endpoints/duck.py": SOURCE})
    manifest = other / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("name: tiny", "name: another plugin"))
    assert not (tmp_path / "nothing").exists()
    assert run("storage", "list", plugin, "--storage", tmp_path / "nothing").code == 0
    assert not (tmp_path / "nothing").exists()
    file.write_text("no database, but a text that is long enough to be taken for something")
    assert run("storage", "list", plugin, "--storage", file).code == 1


TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}


def deploy(moto_plain: MotoServer, name: str, resources: dict[str, object]) -> str:
    """Make a stack; return the physical id of its first resource."""
    client = moto_plain.boto("cloudformation")
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    client.create_stack(StackName=name, TemplateBody=json.dumps(template))
    [first, *_] = client.describe_stack_resources(StackName=name)["StackResources"]
    return str(first["PhysicalResourceId"])


@pytest.mark.parametrize("limit", [None, 2_000_000])
def test_in_dynamodb(run: Run, plugin: Path, moto: MotoServer, limit: int | None) -> None:
    if limit is not None:
        (plugin / "packager.toml").write_text(f"storage_limit = {limit}\n")
    stack = f"bots-{limit}"
    table = deploy(moto, stack, {"TinyStorageTable": TABLE})
    options: dict[str, object] = {} if limit is None else {"limit": limit}
    write("dynamodb", options, PACKAGER_STORAGE_TABLE=table)
    check_commands(run, plugin, "--stack", stack)
    left = moto.boto("dynamodb").scan(TableName=table)["Items"]
    assert [item["id"]["S"] for item in left] == ([] if limit is None else ["t"])
    missing = run("storage", "list", plugin, "--stack", "no-such")
    assert (missing.code, "no TinyStorageTable in a stack no-such" in missing.stderr) == (2, True)


def test_in_s3(run: Run, plugin: Path, moto: MotoServer) -> None:
    (plugin / "packager.toml").write_text('storage = "s3"\nstorage_prefix = "mine/"\n')
    bucket = deploy(moto, "buckets", {"TinyStorageBucket": {"Type": "AWS::S3::Bucket"}})
    moto.boto("s3").put_object(Bucket=bucket, Key="another/a", Body=b"")
    write("s3", {"prefix": "mine/"}, PACKAGER_STORAGE_BUCKET=bucket)
    check_commands(run, plugin, "--stack", "buckets")
    left = moto.boto("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [each["Key"] for each in left] == ["another/a"]


def test_options_that_say_nothing(run: Run, plugin: Path) -> None:
    assert run("storage", "list", plugin, "--region", "x").code == 2
    assert run("storage", "list", plugin, "--stack", "a", "--storage", "b").code == 2
    assert run("storage", "delete", plugin).code == 2
    (plugin / "packager.toml").write_text('storage = "memory"\n')
    nothing = run("storage", "list", plugin, "--stack", "a")
    assert (nothing.code, "tiny keeps nothing in AWS" in nothing.stderr) == (2, True)
