"""What ends an environment is said in one line, and what does not is answered: no tracebacks of
the runtime's own, whatever is used up, lost or raised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from endpoint_runtime.lambda_api.answers import RuntimeApiError
from endpoint_runtime.lambda_api.runtime_api import RuntimeApi
from tests.support import fast_bundle
from tests.support.fast_bundle import PYTHON, invocation, request
from tests.support.hostile_api import RuntimeServer
from tests.support.loop_process import environment, fast_command, start, write_bundle
from tests.support.runtime.entries import body_of, serve
from tests.support.runtime.raised import RAISED

ECHO = "def handler(event, context):\n    return event\n"
TEXT = "return Response('hello')"

ADDRESSES = [
    *("127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1:-1", "127.0.0.1:", ":9001", "9001", "[]:9001"),
    *("127.0.0.1:٩٠٠١", "127.0.0.1:9001:", "a b:9001", "a\nb:9001", "é:9001", "127.0.0.1:9001/"),
    "127.0.0.1:000000080",
]
UNREACHABLE = [
    "127.0.0.1:1",
    "a..b:9001",
    "x" * 300 + ":9001",
    "[::zz]:9001",
    "::1:9001",
    "no.invalid:80",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(RuntimeApiError) as caught:
        RuntimeApi(address)

    assert str(caught.value) == f"AWS_LAMBDA_RUNTIME_API is {address!r}, expected host:port"


@pytest.mark.parametrize("address", UNREACHABLE)
def test_an_address_that_leads_nowhere(address: str) -> None:
    api = RuntimeApi(address)
    with pytest.raises(RuntimeApiError, match=r"^GET invocation/next at .* failed: "):
        api.next()


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "127.0.0.1:1", "a..b:80", "\udcff:80"])
def test_a_start_without_an_api_ends_in_one_line(tmp_path: Path, address: str) -> None:
    bundle = write_bundle(tmp_path / "bundle", ECHO)
    process = start(fast_command(bundle, PYTHON), bundle, environment(address))
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err.count(b"\n")) == (1, b"", 1)
    assert err.startswith(b"endpoint_runtime: ") and err.endswith(b"; exiting\n")


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_streams_that_are_closed_before_the_start(tmp_path: Path, closed: str) -> None:
    source = "import sys\n---\nprint('a')\nprint('b', file=sys.stderr)\nif r.args: 1 / 0\n" + TEXT
    folder = fast_bundle.write(tmp_path, {"text": source}, STREAM=False)
    steps = [request("text", "1"), request("text", "2", query="a=1"), request("text", "3")]

    with RuntimeServer(steps) as server:
        command = ["sh", "-c", f'exec "$@" {closed}', "sh", *fast_command(folder, PYTHON)]
        process = start(command, folder, environment(server.address))
        out, err = process.communicate(timeout=30)

    assert server.violations == []
    assert (body_of(server, "1"), body_of(server, "3")) == ("hello", "hello")
    (failed,) = [r for r in server.requests if r.call == "POST invocation/2/response"]
    assert json.loads(failed.body)["statusCode"] == 500
    assert process.returncode == 1
    if "1" not in closed:
        assert out.count(b"a\n") == 3
    if "2" not in closed:
        assert err.endswith(b"'not today'; exiting\n")


# What takes away every descriptor there is, for as long as HELD holds them.
TAKE = """
import os, resource
HELD = []
def take():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    try:
        while True:
            HELD.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
def give():
    while HELD:
        os.close(HELD.pop())
"""
USED_UP = {
    "answers": "take()\nreturn Response('ok')",
    "fails": "take()\nraise ValueError('a reason')",
    "fails for want of one": "take()\nreturn Response(open('/dev/null').read())",
    "streams": (
        "def body():\n    yield 'o'\n    take()\n    yield 'k'\n---\nreturn Response(body())"
    ),
    "fails in a body": (
        "def body():\n    yield 'o'\n    take()\n    raise ValueError\n---\nreturn Response(body())"
    ),
    "at its end": ("---\nresponse = Response('ok')\nresponse.call_on_close(take)\nreturn response"),
    "in a thread": (
        "---\nthread = threading.Thread(target=take)\nthread.start()\nthread.join()\n"
        "return Response('ok')"
    ),
}


@pytest.mark.parametrize("kind", ["buffered", "streamed", "stock"])
@pytest.mark.parametrize("name", USED_UP)
def test_descriptors_that_are_used_up(tmp_path: Path, name: str, kind: str) -> None:
    source = USED_UP[name]
    source = TAKE + (source if "---" in source else f"---\n{source}")
    endpoints = {"take": source, "text": TEXT}
    folder = fast_bundle.write(tmp_path, endpoints, STREAM=kind == "streamed")

    with RuntimeServer(
        [request("text", "0"), request("take", "1"), request("text", "2")]
    ) as server:
        if kind == "stock":
            log = serve(folder, server, kind)
        else:
            process = start(fast_command(folder, PYTHON), folder, environment(server.address))
            out, err = process.communicate(timeout=30)
            assert process.returncode == 1
            log = (out + err).decode()

    answered = [r.call for r in server.requests if r.method == "POST"]
    assert answered[:2] == ["POST invocation/0/response", "POST invocation/1/response"]
    if "2" in "".join(answered[2:]):
        assert body_of(server, "2") == "hello"
    if kind == "streamed" and name == "at its end":  # the stream's connection has ended before
        assert "Too many open files; exiting" in log.splitlines()[-1]
    elif kind != "stock":
        assert "'not today'; exiting" in log.splitlines()[-1]
        assert len(answered) == 3
    if kind != "stock":  # of the plugin's own failures there may be tracebacks
        assert 'File "/usr' not in log and "endpoint_runtime/loop.py" not in log
    if name == "fails":
        assert "endpoints/take.py failed" in log and "ValueError" in log


@pytest.mark.parametrize("kind", ["buffered", "streamed", "stock"])
@pytest.mark.parametrize("errors", ["opaque", "dify"])
def test_whatever_is_raised_is_an_answer(tmp_path: Path, kind: str, errors: str) -> None:
    endpoints = {"text": TEXT}
    for number, source in enumerate(RAISED.values()):
        endpoints[f"call{number}"] = source
        inner = "\n".join(f"    {line}" for line in ["yield ''", *source.splitlines()])
        endpoints[f"body{number}"] = f"def body():\n{inner}\n---\nreturn Response(body())"
        close = "\n".join(f"    {line}" for line in source.splitlines())
        endpoints[f"close{number}"] = (
            f"def close():\n{close}\n---\nresponse = Response('x')\n"
            "response.call_on_close(close)\nreturn response"
        )
        endpoints[f"import{number}"] = f"{source}\n---\n{TEXT}"
    folder = fast_bundle.write(tmp_path, endpoints, STREAM=kind == "streamed", ERRORS=errors)
    ids = []
    for name in endpoints:
        ids += [f"{name}-1", f"text-{name}"]

    with RuntimeServer([request(i.partition("-")[0], i) for i in ids]) as server:
        log = serve(folder, server, kind)

    assert server.violations == []
    posts = [r.call for r in server.requests if r.method == "POST"]
    assert posts == [f"POST invocation/{each}/response" for each in ids]
    for each in ids:
        status = 200 if each.startswith(("text", "close")) else 500
        assert f"{each}\tGET /{each.partition('-')[0]} {status} " in log


def test_a_reply_that_memory_or_depth_does_not_allow(tmp_path: Path) -> None:
    """By a handler of one's own: the application's replies hold no objects of the plugin's."""
    bundle = write_bundle(
        tmp_path / "bundle",
        "import resource\n"
        "def deep(n):\n"
        "    made = []\n"
        "    for _ in range(n):\n"
        "        made = [made]\n"
        "    return made\n"
        "class Fails(dict):\n"
        "    def items(self):\n"
        "        raise MemoryError\n"
        "def handler(event, context):\n"
        "    if event == 'deep':\n"
        "        return deep(200_000)\n"
        "    if event == 'memory':\n"
        "        return Fails(a=1)\n"
        "    return event\n",
    )
    with RuntimeServer([invocation(each, each) for each in ("deep", "memory", "well")]) as server:
        process = start(fast_command(bundle, PYTHON), bundle, environment(server.address))
        process.communicate(timeout=60)

    assert [r.call for r in server.requests if r.method == "POST"] == [
        "POST invocation/deep/error",
        "POST invocation/memory/error",
        "POST invocation/well/response",
    ]


def test_the_user_at_the_keyboard_ends_it_quietly(tmp_path: Path) -> None:
    import signal

    bundle = write_bundle(tmp_path / "bundle", ECHO)
    with RuntimeServer([invocation("x", "1")], end=None) as server:
        process = start(fast_command(bundle, PYTHON), bundle, environment(server.address))
        assert server.used_up.wait(20)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert (process.returncode, out, err) == (130, b"", b"")
