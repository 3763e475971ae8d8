"""What `packager build` and `sam build` make, under `sam local`: it answers as `invoke` does."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.config
import pytest

from packager.bundle.code_archive import archived
from packager.contract import CODE_ARCHIVE
from packager.host.interpreter import need_interpreter
from packager.local.invoke import invoke_bundle
from packager.local.request_event import PAYLOADS, Arrival, Payload, make_event
from tests.sam_local.exchanges import BYTES, OCTETS, REQUESTS, VARIABLES, Request
from tests.sam_local.sam import Sam

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
PROBE = Path(__file__).with_name("probe")
PYTHON = "3.13"  # the runtime of the committed template, and the default
UNCHECKED_HASH = 0b01  # PEP 552: the flags of bytecode that is never held against its source


def packager(packager_program: Path, *arguments: str | Path) -> None:
    """Run the command; its output is in the error when it fails."""
    done = subprocess.run(
        [packager_program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


EXAMPLES_AND_PROBE = (ROOT / "plugins/neko", ROOT / "plugins/github_webhook", PROBE)


@pytest.fixture(scope="module")
def built(packager_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `packager build` makes of the examples and the probe: folders, zips and a template."""
    out = tmp_path_factory.mktemp("built")
    packager(packager_program, "build", *EXAMPLES_AND_PROBE, "-o", out)
    return out


@pytest.fixture(scope="module")
def built_stock(packager_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with `entry = "stock"`."""
    folder = tmp_path_factory.mktemp("stock")
    plugins = []
    for plugin in EXAMPLES_AND_PROBE:
        plugins.append(Path(shutil.copytree(plugin, folder / plugin.name)))
        configuration = plugins[-1] / "packager.toml"
        configuration.write_text(f'entry = "stock"\n{configuration.read_text()}')
    packager(packager_program, "build", *plugins, "-o", folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def sam_built(sam: Sam) -> Iterator[Path]:
    """What plain `sam build` makes of the committed template."""
    work = ROOT / ".aws-sam"
    existed = work.exists()
    sam.run("build", cwd=ROOT)
    yield work / "build"
    if not existed:
        shutil.rmtree(work)


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of environment variables that `sam local` is given."""
    file = tmp_path_factory.mktemp("variables") / "env.json"
    file.write_text(json.dumps(VARIABLES))
    return file


Invoke = Callable[[str, dict[str, Any]], Any]


@contextlib.contextmanager
def start_lambda(sam: Sam, template: Path, variables: Path, folder: Path) -> Iterator[Invoke]:
    """Run `sam local start-lambda`; return a function that invokes through boto3."""
    arguments = ("--template", template, "--env-vars", variables)
    with sam.serve("start-lambda", *arguments, cwd=folder) as url:
        client = boto3.client(
            "lambda",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=60),
        )

        def invoke(function: str, event: dict[str, Any]) -> Any:
            reply = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
            return json.loads(reply["Payload"].read())

        yield invoke
        client.close()


@pytest.fixture(scope="module")
def invoke_built(
    sam: Sam,
    built: Path,
    variables: Path,
    lambda_image: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Invoke]:
    lambda_image(PYTHON)
    folder = tmp_path_factory.mktemp("start-lambda-built")
    with start_lambda(sam, built / "template.yaml", variables, folder) as invoke:
        yield invoke


@pytest.fixture(scope="module")
def invoke_stock(
    sam: Sam,
    built_stock: Path,
    variables: Path,
    lambda_image: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Invoke]:
    lambda_image(PYTHON)
    folder = tmp_path_factory.mktemp("start-lambda-stock")
    with start_lambda(sam, built_stock / "template.yaml", variables, folder) as invoke:
        yield invoke


@pytest.fixture(scope="module")
def invoke_sam_built(
    sam: Sam,
    sam_built: Path,
    variables: Path,
    lambda_image: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Invoke]:
    lambda_image(PYTHON)
    folder = tmp_path_factory.mktemp("start-lambda-sam-built")
    with start_lambda(sam, sam_built / "template.yaml", variables, folder) as invoke:
        yield invoke


def event_of(request: Request, payload: Payload) -> dict[str, Any]:
    headers = [
        # A container stays for all three payloads, and acts on a delivery once.
        (name, f"{value}-{payload}" if name == "X-GitHub-Delivery" else value)
        for name, value in request.headers
    ]
    return make_event(
        request.method,
        request.target,
        headers,
        request.body,
        payload,
        Arrival(1_796_000_000, f"00000000-0000-4000-8000-{payload:>012}"),
    )


def assert_same_answer(invoke: Invoke, bundle: Path, request: Request, payload: Payload) -> None:
    event = event_of(request, payload)

    answer = invoke(bundle.name, event)

    expected = invoke_bundle(bundle, event, env=VARIABLES[bundle.name])
    assert (answer, answer["statusCode"]) == (expected.reply, request.status)


CASES = [(function, request) for function, requests in REQUESTS.items() for request in requests]
EXAMPLES = [(function, request) for function, request in CASES if function != "ProbeFunction"]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(("function", "request_"), CASES, ids=str)
def test_a_zip_answers_as_invoke_does(
    invoke_built: Invoke, built: Path, function: str, request_: Request, payload: Payload
) -> None:
    assert_same_answer(invoke_built, built / function, request_, payload)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(("function", "request_"), CASES, ids=str)
def test_the_stock_entry_answers_as_the_fast_one_does(
    invoke_stock: Invoke, built_stock: Path, function: str, request_: Request, payload: Payload
) -> None:
    assert_same_answer(invoke_stock, built_stock / function, request_, payload)


@pytest.mark.parametrize("entry", ["fast", "stock"])
def test_the_entry_is_the_one_that_was_chosen(request: pytest.FixtureRequest, entry: str) -> None:
    invoke = request.getfixturevalue("invoke_stock" if entry == "stock" else "invoke_built")

    answer = invoke("ProbeFunction", make_event("GET", "/"))

    assert json.loads(answer["body"])["entry"] == entry


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(("function", "request_"), EXAMPLES, ids=str)
def test_sam_build_of_the_committed_template_answers_as_invoke_does(
    invoke_sam_built: Invoke, built: Path, function: str, request_: Request, payload: Payload
) -> None:
    assert_same_answer(invoke_sam_built, built / function, request_, payload)


@pytest.mark.parametrize("function", ["GithubWebhookFunction", "NekoFunction"])
def test_sam_build_gives_the_files_of_packager_build(
    sam_built: Path, built: Path, function: str
) -> None:
    assert digests(sam_built / function) == digests(built / function)


@pytest.mark.parametrize("function", ["GithubWebhookFunction", "NekoFunction"])
def test_valid_bytecode_survives_sam_build(sam_built: Path, function: str) -> None:
    magic = bytes.fromhex(need_interpreter(PYTHON, why="for its bytecode's magic").magic)
    folder = sam_built / function
    sources = sorted(path for path in folder.rglob("*.py"))

    # The runtime's and werkzeug's is in the archive, every other source has a file of its own.
    of_archive = {folder / name for name in archived(folder)}
    alone = [source for source in sources if source not in of_archive]
    headers = {source: bytecode_of(source).read_bytes()[:8] for source in alone}

    wanted = magic + UNCHECKED_HASH.to_bytes(4, "little")
    assert len(of_archive) > 50  # werkzeug's alone are more
    assert alone
    assert (folder / CODE_ARCHIVE).read_bytes()[:4] == magic
    assert headers == dict.fromkeys(alone, wanted)


@pytest.mark.parametrize("function", sorted(REQUESTS))
def test_sam_local_invoke_answers_as_invoke_does(
    sam: Sam,
    built: Path,
    variables: Path,
    lambda_image: Callable[[str], str],
    tmp_path: Path,
    function: str,
) -> None:
    lambda_image(PYTHON)
    event = event_of(REQUESTS[function][0], "2.0")
    (tmp_path / "event.json").write_text(json.dumps(event))
    arguments = ("--template", built / "template.yaml", "--env-vars", variables)

    done = sam.run(
        *("local", "invoke", function, "-e", "event.json", "--skip-pull-image", *arguments),
        cwd=tmp_path,
    )

    expected = invoke_bundle(built / function, event, env=VARIABLES[function])
    assert json.loads(done.stdout) == expected.reply


@contextlib.contextmanager
def start_api(
    packager_program: Path, sam: Sam, variables: Path, api: str, folder: Path
) -> Iterator[http.client.HTTPConnection]:
    """Run `sam local start-api` on the probe alone: it merges the APIs of several functions."""
    plugin = folder / "probe"
    shutil.copytree(PROBE, plugin)
    configuration = plugin / "packager.toml"
    configuration.write_text(f'api = "{api}"\n{configuration.read_text()}')
    packager(packager_program, "build", plugin, "-o", folder / "out")
    arguments = ("--template", folder / "out/template.yaml", "--env-vars", variables)
    with sam.serve("start-api", *arguments, cwd=folder) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        yield connection
        connection.close()


@pytest.fixture(scope="module", params=["http", "rest"])
def api(
    request: pytest.FixtureRequest,
    packager_program: Path,
    sam: Sam,
    variables: Path,
    lambda_image: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[http.client.HTTPConnection]:
    lambda_image(PYTHON)
    folder = tmp_path_factory.mktemp(f"start-api-{request.param}")
    with start_api(packager_program, sam, variables, request.param, folder) as connection:
        yield connection


@pytest.fixture(scope="module")
def rest_api(
    packager_program: Path,
    sam: Sam,
    variables: Path,
    lambda_image: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[http.client.HTTPConnection]:
    """For bytes: of an HTTP API, `sam local` hands on only text, unlike AWS."""
    lambda_image(PYTHON)
    folder = tmp_path_factory.mktemp("start-api-bytes")
    with start_api(packager_program, sam, variables, "rest", folder) as connection:
        yield connection


def exchange(
    api: http.client.HTTPConnection, request: Request
) -> tuple[int, http.client.HTTPMessage, bytes]:
    api.request(request.method, request.target, request.body, dict(request.headers))
    response = api.getresponse()
    return response.status, response.headers, response.read()


TEXTS = [request for request in REQUESTS["ProbeFunction"] if request.body != BYTES]


@pytest.mark.parametrize("request_", TEXTS, ids=str)
def test_sam_local_start_api_answers_every_path_and_method(
    api: http.client.HTTPConnection, request_: Request
) -> None:
    status, _, _ = exchange(api, request_)

    assert status == request_.status


def test_sam_local_start_api_keeps_bytes_both_ways(rest_api: http.client.HTTPConnection) -> None:
    # A REST API gives bytes to a client that says it accepts them, as all but the barest do.
    request = Request(201, "POST", "/bytes", (OCTETS, ("Accept", "*/*")), BYTES)

    status, headers, body = exchange(rest_api, request)

    assert (status, headers["Content-Type"], body) == (201, OCTETS[1], BYTES[::-1])


def test_sam_local_start_api_keeps_the_query_and_cookies(api: http.client.HTTPConnection) -> None:
    request = Request(200, "GET", "/?a=1&a=2&b=%20x", (("Cookie", "one=1; two=2"),))

    status, headers, body = exchange(api, request)

    seen = json.loads(body)
    query = seen["url"].partition("?")[2]
    assert query in ("a=1&a=2&b=%20x", "a=1&a=2&b=+x")  # a REST API hands it on decoded
    assert (status, headers.get_all("Set-Cookie"), seen) == (
        200,
        ["first=1; HttpOnly; Path=/", 'second="2\\073 with\\054 punctuation"; Path=/'],
        {
            "method": "GET",
            "url": f"http://{api.host}:{api.port}/?{query}",
            "values": {},
            "args": [["a", "1"], ["a", "2"], ["b", " x"]],
            "cookies": [["one", "1"], ["two", "2"]],
            "hook": "ProbeFunction",
            "entry": "fast",
            "token": VARIABLES["ProbeFunction"]["PROBE_TOKEN"],
        },
    )


def test_sam_local_start_api_answers_head_405_and_308_with_their_headers(
    api: http.client.HTTPConnection,
) -> None:
    head = exchange(api, Request(200, "HEAD", "/seen/x"))
    denied = exchange(api, Request(405, "GET", "/bytes"))
    moved = exchange(api, Request(308, "GET", "/slash?x=1"))

    assert (head[0], head[1]["Content-Type"], head[2]) == (200, "application/json", b"")
    assert (denied[0], denied[1]["Allow"]) == (405, "POST")
    assert (moved[0], urlsplit(moved[1]["Location"])[2:4]) == (308, ("/slash/", "x=1"))


def bytecode_of(source: Path) -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.cpython-{PYTHON.replace('.', '')}.pyc"


def digests(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file below `folder`: whether it is executable, and its hash."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mode & 0o100,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in folder.rglob("*")
        if path.is_file()
    }
