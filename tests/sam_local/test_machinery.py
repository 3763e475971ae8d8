"""The stand-in image and `sam` themselves, with an application made here, without packager."""

from __future__ import annotations

import json
import textwrap
import urllib.request
from collections.abc import Callable
from pathlib import Path

import boto3
import botocore.config
import pytest

from tests.sam_local.sam import Sam

pytestmark = pytest.mark.docker

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  HelloFunction:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: makefile
      ContextPath: .
    Properties:
      CodeUri: source
      Handler: app.handler
      Runtime: python3.13
      Architectures: [x86_64]
      Timeout: 10
      MemorySize: 256
      Events:
        Everything:
          Type: HttpApi
          Properties: {}
"""
MAKEFILE = """
build-HelloFunction:
\tcp app.py "$(ARTIFACTS_DIR)/"
"""
APPLICATION = """
import json, os, platform

def handler(event, context):
    body = {"python": platform.python_version_tuple()[:2], "event": event.get("rawPath", event),
            "task": os.environ["LAMBDA_TASK_ROOT"]}
    return {"statusCode": 201, "headers": {"content-type": "application/json"},
            "body": json.dumps(body)}
"""


@pytest.fixture(scope="module")
def application(
    sam: Sam, lambda_image: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    lambda_image("3.13")
    folder = tmp_path_factory.mktemp("hello")
    (folder / "source").mkdir()
    (folder / "source/app.py").write_text(textwrap.dedent(APPLICATION))
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "Makefile").write_text(MAKEFILE)
    sam.run("build", cwd=folder)
    return folder


def answer(event: object) -> dict[str, object]:
    return {"python": ["3", "13"], "event": event, "task": "/var/task"}


def test_sam_local_invoke_runs_a_makefile_built_function(sam: Sam, application: Path) -> None:
    (application / "event.json").write_text('{"a": 1}')

    done = sam.run(
        "local", "invoke", "HelloFunction", "-e", "event.json", "--skip-pull-image", cwd=application
    )

    reply = json.loads(done.stdout)
    assert (reply["statusCode"], json.loads(reply["body"])) == (201, answer({"a": 1}))


def test_sam_local_start_api_answers_http(sam: Sam, application: Path) -> None:
    with (
        sam.serve("start-api", cwd=application) as url,
        urllib.request.urlopen(f"{url}/some/where", timeout=60) as reply,
    ):
        got = (reply.status, json.load(reply))

    assert got == (201, answer("/some/where"))


def test_sam_local_start_lambda_answers_boto3(sam: Sam, application: Path) -> None:
    with sam.serve("start-lambda", cwd=application) as url:
        client = boto3.client(
            "lambda",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=60),
        )
        reply = client.invoke(FunctionName="HelloFunction", Payload=b'{"b": 2}')
        got = json.loads(reply["Payload"].read())
        client.close()

    assert (got["statusCode"], json.loads(got["body"])) == (201, answer({"b": 2}))
