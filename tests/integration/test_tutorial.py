"""docs/tutorial.md is run: each command of its `console` boxes, in a folder of its own.

Of a command's output stdout counts, and of `check` and `serve` what they say on stderr; `…` stands
for anything in a line, and alone for any lines. moto stands in for AWS: it knows parameters, but
makes nothing of SAM's own resources, so that of `sam deploy` the upload, the changes and the stack
are real, and no function is there. SAM has its bucket, as in an account it was used in before.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.aws.moto_server import MotoServer
from tests.support.terminal import converse

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
BOX = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE = 120.0  # seconds, on a machine that does much else
PORTS = ("3000", "3001")  # those of the page
# What is typed: name, region, confirm?, roles?, no rollback?, no authentication?, save?, where to
GUIDED = "hooks\n\nn\ny\nn\ny\ny\n\n\n"
# The stack in which SAM keeps what it uploads.
SAM_S_OWN = {
    "Resources": {"SamCliSourceBucket": {"Type": "AWS::S3::Bucket"}},
    "Outputs": {"SourceBucket": {"Value": {"Ref": "SamCliSourceBucket"}}},
}


def steps() -> Iterator[tuple[str, str]]:
    """Commands, and what they print."""
    for box in BOX.findall(PAGE.read_text("utf-8")):
        for step in re.split(r"^\$ ", box, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            yield command, output


def agrees(output: str, expected: str) -> bool:
    """Whether a command printed what the page says; the last line of a body may have no end."""
    lines = expected.splitlines(keepends=True)
    several = r"(?:.*\n)*?"
    pattern = "".join(
        several if line == "…\n" else re.escape(line).replace("…", r"[^\n]*?") for line in lines
    )
    return re.fullmatch(pattern, output.rstrip("\n") + "\n" * bool(output)) is not None


@dataclass
class Server:
    """`packager serve`, and what it said so far."""

    process: subprocess.Popen[str]
    said: str = ""
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    @property
    def ports(self) -> list[str]:
        return re.findall(r"http://localhost:([0-9]+)/", self.said)[:2]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        self.reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


@dataclass
class Shell:
    """Where the page's commands are run."""

    here: Path
    environment: dict[str, str]
    server: Server | None = None

    def run(self, command: str, expected: str) -> None:
        """Run a command of the page, and hold what it prints to what the page says."""
        if command.startswith("cd "):
            self.here /= command.removeprefix("cd ")
        elif command.startswith("packager serve"):
            self.serve(command, expected)
        elif command.startswith("curl"):
            self.until(lambda: self.output(command)[0] == expected.rstrip("\n"), command)
        elif command == "packager settings prompt":
            seen = self.prompt(command)
            assert agrees(seen.replace(": \n", ":\n"), expected), seen
        else:
            output, problem, code = self.outcome(command)
            if command.startswith("packager check"):
                output = problem + output
            assert agrees(output, expected), (command, output, problem)
            assert code == (2 if "1 warning" in expected else 0), (command, problem)

    def outcome(self, command: str) -> tuple[str, str, int]:
        answers, more = "", {}
        if command.startswith("sam"):
            more = {"HOME": str(self.here), "SAM_CLI_TELEMETRY": "0"}
        if command.startswith("sam deploy"):
            answers = GUIDED
        ports = self.server.ports if self.server else []
        for shown, port in zip(PORTS, ports, strict=False):
            command = command.replace(f"localhost:{shown}/", f"localhost:{port}/")
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.here,
            env=self.environment | more,
            input=answers,
            capture_output=True,
            text=True,
        )
        return done.stdout, done.stderr, done.returncode

    def output(self, command: str) -> tuple[str, str]:
        return self.outcome(command)[:2]

    def prompt(self, command: str) -> str:
        before = Path.cwd()
        os.chdir(self.here)
        try:
            answers = ["a long random text"]
            seen, code = converse(command.split()[1:], answers, self.environment)
        finally:
            os.chdir(before)
        assert code == 0, seen
        return seen

    def serve(self, command: str, expected: str) -> None:
        process = subprocess.Popen(
            [*command.split(), "--port", "0"],
            cwd=self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.server = server = Server(process)
        self.until(lambda: server.said.endswith("Ctrl-C ends it\n"), command)
        said = server.said
        for port, shown in zip(server.ports, PORTS, strict=True):
            said = said.replace(f":{port}/", f":{shown}/")
        assert agrees(said, expected), said

    def until(self, wanted: object, command: str) -> None:
        end = time.monotonic() + PATIENCE
        assert callable(wanted)
        while not wanted():
            said = self.server.said if self.server else ""
            assert time.monotonic() < end, (command, said)
            time.sleep(0.1)


@pytest.fixture
def shell(tmp_path: Path, moto_plain: MotoServer) -> Iterator[Shell]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    aws = dict(moto_plain.environment)
    # moto finds a bucket in a URL of this name.
    aws["AWS_ENDPOINT_URL"] = aws["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost")
    nothing = str(tmp_path / "nothing")  # no credentials of whoever runs the tests
    aws |= {"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing}
    more = {"PATH": path, "COLUMNS": "100", "AWS_DEFAULT_REGION": aws["AWS_REGION"]}
    moto_plain.boto("cloudformation").create_stack(
        StackName="aws-sam-cli-managed-default",
        TemplateBody=json.dumps(SAM_S_OWN),
        Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
    )
    made = Shell(tmp_path, os.environ | aws | more)
    yield made
    if made.server:
        made.server.stop()


def test_every_command_prints_what_the_page_says(shell: Shell, moto_plain: MotoServer) -> None:
    done = list(steps())
    assert len(done) > 15
    for command, expected in done:
        shell.run(command, expected)
    secret = moto_plain.boto("ssm").get_parameter(Name="/hooks/webhook_secret", WithDecryption=True)
    assert secret["Parameter"]["Value"] == "a long random text"
    [stack] = moto_plain.boto("cloudformation").describe_stacks(StackName="hooks")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
