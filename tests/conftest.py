"""What all tests share: the flag that refreshes generated files, and the runtime on the path."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.commands.forked import forked
from tests.support.examples import ROOT, Command
from tests.support.template_tools import TemplateTool, without_account

if TYPE_CHECKING:
    from tests.support.aws.moto_server import Authority, MotoServer, MotoServers

# Times are measured in benchmarks: a busy machine must not fail a test.
settings.register_profile("packager", deadline=None)
settings.load_profile("packager")

# The runtime is an image of a bundle's root, so its packages are imported by their own names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "handler_template"))

# Ignored, as `nohup make test &` begins it, it would be ignored by what tests start and interrupt.
# A handler, even one that does nothing, is not handed on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda number, frame: None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh",
        action="store_true",
        help="write generated pages and golden files again instead of comparing with them",
    )


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what functions that run here store out of the user's own state folder."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    if before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = before


@pytest.fixture(scope="session")
def refresh(request: pytest.FixtureRequest) -> bool:
    """Whether generated files are to be written again."""
    return bool(request.config.getoption("--refresh"))


@pytest.fixture(scope="session")
def command() -> Iterator[Command]:
    """Run `packager` in a process of its own, forked from one that imported it before."""
    with forked("packager.cli.main:main", "packager", "packager.*", "boto3") as packager:

        def run(
            *arguments: object, cwd: Path = ROOT, stdin: bytes = b"", **environment: str
        ) -> subprocess.CompletedProcess[bytes]:
            return packager.run(
                [str(each) for each in arguments],
                folder=cwd,
                environment=os.environ | environment,
                stdin=stdin,
            )

        yield run


@pytest.fixture(scope="session")
def fresh_command() -> Command:
    """Run `packager` in an interpreter of its own, as a shell does."""

    def run(
        *arguments: object, cwd: Path = ROOT, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "packager", *map(str, arguments)],
            cwd=cwd,
            env=os.environ | environment,
            input=stdin,
            capture_output=True,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def template_tool() -> Iterator[TemplateTool]:
    """Run `sam` or `cfn-lint` in a process of its own, without an account."""
    module = "tests.support.commands.template_tools"
    with forked(f"{module}:main", "template_tools", module, PYTHONPATH=str(ROOT)) as tools:

        def run(
            *arguments: str | Path, cwd: Path, **environment: str
        ) -> subprocess.CompletedProcess[str]:
            done = tools.run(
                [str(each) for each in arguments],
                folder=cwd,
                environment=without_account(cwd) | environment,
            )
            return subprocess.CompletedProcess(
                done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
            )

        yield run


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    from tests.support.aws.moto_server import make_authority

    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def moto_servers(authority: Authority) -> Iterator[MotoServers]:
    from tests.support.aws.moto_server import moto_servers

    with moto_servers(authority) as servers:
        yield servers


@pytest.fixture(scope="module")
def moto_account(moto_servers: MotoServers) -> MotoServers:
    """An AWS account in which there is nothing when a module's tests begin."""
    moto_servers.reset()
    return moto_servers


@pytest.fixture(scope="module")
def moto_plain(moto_account: MotoServers) -> MotoServer:
    return moto_account.plain


@pytest.fixture(scope="module")
def moto_tls(moto_account: MotoServers) -> MotoServer:
    return moto_account.tls
