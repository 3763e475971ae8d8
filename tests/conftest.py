"""What all tests share: the flag that refreshes generated files, and the runtime on the path."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from packager.host.interpreter import SUPPORTED_PYTHONS, Interpreter
from tests.support.collection import compiled_by_one
from tests.support.commands.forked import forked
from tests.support.examples import ROOT, Command
from tests.support.memory import collect_nothing_yet, keep_out_of_collections, temporary_root
from tests.support.shared import run_folder
from tests.support.template_tools import TemplateTool, without_account

if TYPE_CHECKING:
    from tests.support.aws.moto_server import Authority, MotoServer, MotoServers

# Times are measured in benchmarks: a busy machine must not fail a test, by slow draws either.
settings.register_profile("packager", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("packager")

# The runtime is an image of a bundle's root, so its packages are imported by their own names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "handler_template"))

collect_nothing_yet()

if folder := temporary_root():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))

# What this run is asked for is not for those that tests start.
os.environ.pop("PYTEST_ADDOPTS", None)

# Ignored, as `nohup make test &` begins it, it would be ignored by what tests start and interrupt.
# A handler, even one that does nothing, is not handed on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda number, frame: None)

OWN_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
LONGEST_FIRST = (
    *("integration", "browser", "plugins", "cli", "unit/bundle", "unit/dependencies", "unit/sam"),
    *("runtime", "unit/test_hostile_inputs.py", "unit/test_hostile_paths.py", "unit/plugin"),
)

# SAM CLI and cfn-lint take five seconds to start.
TOGETHER = dict.fromkeys(
    (
        "tests/integration/test_template_",
        *(
            f"tests/unit/sam/test_{name}.py"
            for name in ("deferred", "endpoints", "event_sources", "renewal")
        ),
    ),
    "template tools",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh",
        action="store_true",
        help="write generated pages and golden files again instead of comparing with them",
    )
    parser.addoption(
        "--own-python",
        action="store_true",
        help="leave out what tests do with other Pythons than the one that they run on",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have one worker run all files that want the same thing which takes long to start."""
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return next((TOGETHER[start] for start in TOGETHER if file.startswith(start)), file)

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_configure(config: pytest.Config) -> None:
    """Have a worker say what the run shows: six messages a test are a millisecond of CPU time.

    That a test begins, was set up, taken down and has ended is not shown where all went well.
    """
    if config.option.durations is None and not config.option.xmlpath:
        for plugin in config.pluginmanager.get_plugins():
            if type(plugin).__name__ == "WorkerInteractor":
                plugin.sendevent = _shown(plugin.sendevent)


def _shown(send: Callable[..., None]) -> Callable[..., None]:
    def send_what_is_shown(name: str, **said: Any) -> None:
        data = said.get("data", {})
        is_quiet = data.get("outcome") == "passed" and data.get("when") in ("setup", "teardown")
        if not is_quiet and name not in ("logstart", "logfinish"):
            send(name, **said)

    return send_what_is_shown


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores, as many tests wait for a process or a clock."""
    return (os.cpu_count() or 1) + 2


def _is_of_another_python(item: pytest.Item) -> bool:
    values = getattr(getattr(item, "callspec", None), "params", {}).values()
    pythons = {
        getattr(value, "python", value) for value in values if isinstance(value, str | Interpreter)
    }
    return bool(pythons.intersection(SUPPORTED_PYTHONS) - {OWN_PYTHON})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the folders and files that take longest, so that no worker is left with them."""
    if config.getoption("--own-python"):
        config.hook.pytest_deselected(items=[each for each in items if _is_of_another_python(each)])
        items[:] = [each for each in items if not _is_of_another_python(each)]
    if "PYTEST_XDIST_WORKER" in os.environ:
        tests = Path(__file__).parent
        place = {tests / folder: number for number, folder in enumerate(LONGEST_FIRST)}
        items.sort(
            key=lambda item: min(place.get(each, 99) for each in (item.path, *item.path.parents))
        )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    with compiled_by_one(Path(__file__).parent):
        return (yield)


def pytest_collection_finish() -> None:
    if "botocore" in sys.modules:  # else no test uses it
        from tests.support.aws.models import share_models

        share_models()
    keep_out_of_collections()


@pytest.fixture(scope="module", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what functions that run here store out of the user's own state folder.

    It is a module's: endpoints that one makes of an example are not there for another.
    """
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
    late = (  # what a command of SAM CLI imports when it runs
        "samcli.commands.build.build_context",
        "samcli.commands.validate.validate",
        "samcli.lib.translate.sam_template_validator",
    )
    with forked(f"{module}:main", "template_tools", module, *late, PYTHONPATH=str(ROOT)) as tools:

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
def moto_servers(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MotoServers]:
    from tests.support.aws.moto_server import moto_servers

    with moto_servers(authority, run_folder(tmp_path_factory)) as servers:
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
