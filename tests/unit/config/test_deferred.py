"""`deferred` and `worker` of the configuration: what they take, and every fault at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.config.read import read_configuration
from packager.errors import Diagnostic, Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.model.deferred import DeferredRoute, InlineRule, RequestValue, WorkerOptions
from packager.model.options import Options
from packager.model.plugin import EndpointGroup
from tests.support.template_builders import PLACE, make_endpoint


def group(name: str, *endpoints: str) -> EndpointGroup:
    return EndpointGroup(
        name, f"group/{name}.yaml", (), tuple(map(make_endpoint, endpoints)), PLACE
    )


HOOKS = group("hooks", "POST /hook", "GET /hook", "GET /page", "POST /other", "PUT /other")
ADMIN = group("admin", "POST /hook", "POST /admin")


def read(
    folder: Path, text: str, *groups: EndpointGroup
) -> tuple[dict[str, Options], list[Diagnostic]]:
    (folder / "packager.toml").write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    options = read_configuration(PluginFolder(folder, "p"), groups or (HOOKS,), diagnostics)
    return dict(options), diagnostics.all


def test_a_path_alone_has_defaults(tmp_path: Path) -> None:
    options, said = read(tmp_path, 'deferred = ["/hook"]\n')
    assert said == []
    assert options["hooks"].deferred == (DeferredRoute(path="/hook"),)
    assert options["hooks"].worker == WorkerOptions()


def test_every_key(tmp_path: Path) -> None:
    text = """\
[[deferred]]
path = "/hook"
status = 202
body = '{"ok": true}'
content_type = "application/json"
verify = "signature:check"
dedupe = {header = "X-Delivery"}
dedupe_for = 3600
order_by = {pointer = "/chat/id"}
inline_when = [
  {pointer = "/type", equals = "url_verification"},
  {method = "GET"},
  {header = "X-Event", equals = ["ping", "pong"]},
]

[worker]
timeout = 60
memory = 1024
batch_size = 5
max_concurrency = 10
tries = 4
first_wait = 10
longest_wait = 100
alarm_topic = "arn:aws:sns:eu-west-1:123456789012:alarms"
received_clock = ["slack_sdk.signature"]
"""
    options, said = read(tmp_path, text)
    assert said == []
    [route] = options["hooks"].deferred
    assert route == DeferredRoute(
        path="/hook",
        status=202,
        body='{"ok": true}',
        content_type="application/json",
        verify="signature:check",
        dedupe=RequestValue(header="X-Delivery"),
        dedupe_for=3600,
        order_by=RequestValue(pointer="/chat/id"),
        inline_when=(
            InlineRule(value=RequestValue(pointer="/type"), equals=("url_verification",)),
            InlineRule(method="GET"),
            InlineRule(value=RequestValue(header="X-Event"), equals=("ping", "pong")),
        ),
    )
    assert str(route.place("verify")) == "p/packager.toml:6:1"
    assert options["hooks"].worker == WorkerOptions(
        timeout=60,
        memory=1024,
        batch_size=5,
        max_concurrency=10,
        tries=4,
        first_wait=10,
        longest_wait=100,
        alarm_topic="arn:aws:sns:eu-west-1:123456789012:alarms",
        received_clock=("slack_sdk.signature",),
    )


def test_each_route_is_its_groups(tmp_path: Path) -> None:
    options, said = read(tmp_path, 'deferred = ["/other", "/admin"]\n', HOOKS, ADMIN)
    assert said == []
    assert [route.path for route in options["hooks"].deferred] == ["/other"]
    assert [route.path for route in options["admin"].deferred] == ["/admin"]


RULE = '[[deferred]]\npath = "/hook"\ninline_when = [{}]\n'


def rule(text: str) -> str:
    return RULE.replace("{}", text)


@pytest.mark.parametrize(
    ("text", "code", "place", "message"),
    [
        (
            'deferred = ["/hok"]\n',
            "no-endpoint",
            "1:13",
            "no endpoint declares the path /hok",
        ),
        (
            'deferred = ["/page"]\n',
            "no-endpoint",
            "1:13",
            "/page takes GET, which is always answered at once",
        ),
        ('deferred = ["/hook", "/hook"]\n', "duplicate", "1:22", "/hook is deferred twice"),
        ("deferred = [1]\n", "wrong-type", "1:13", "expected a path or a table, not 1"),
        (
            "[[deferred]]\nstatus = 202\n",
            "missing-key",
            "1:3",
            "missing; expected a path as an endpoint declares it",
        ),
        (
            '[[deferred]]\npath = "/hook"\nverfy = "a:b"\n',
            "unknown-key",
            "3:1",
            "there is no such key",
        ),
        (
            '[[deferred]]\npath = "/hook"\nverify = "a.b"\n',
            "invalid-value",
            "3:1",
            "expected \"module:function\" of the plugin, not 'a.b'",
        ),
        (
            '[[deferred]]\npath = "/hook"\nstatus = 500\n',
            "invalid-value",
            "3:1",
            "expected a whole number of HTTP, a success from 200 to 299, not 500",
        ),
        (
            '[[deferred]]\npath = "/hook"\ndedupe = {pointer = "id"}\n',
            "invalid-value",
            "3:1",
            'expected {header = "X-Name"} or {pointer = "/a/b"}, not pointer = \'id\'; '
            'expected a JSON pointer (RFC 6901) such as "/event/type"',
        ),
        (
            rule('{pointer = "type"}'),
            "invalid-value",
            "3:17",
            "expected a JSON pointer (RFC 6901) such as \"/event/type\", not 'type'",
        ),
        (
            rule('{pointer = "/a~2"}'),
            "invalid-value",
            "3:17",
            "expected a JSON pointer (RFC 6901) such as \"/event/type\", not '/a~2'",
        ),
        (
            rule("{}"),
            "dead-rule",
            "3:16",
            "says nothing, so it would hold for every request",
        ),
        (
            rule('{method = "PUT"}'),
            "dead-rule",
            "3:17",
            "no endpoint of the path takes PUT, so it holds for no request",
        ),
        (
            rule('{method = "POST"}'),
            "dead-rule",
            "3:17",
            "POST is all that would be deferred, so nothing would be",
        ),
        (
            rule('{method = "GET", pointer = "/a"}'),
            "dead-rule",
            "3:33",
            "a GET has no body, so the rule holds for no request",
        ),
        (
            rule('{header = "X-A", equals = 1}'),
            "dead-rule",
            "3:33",
            "a header is a text, so the rule holds for no request",
        ),
        (
            rule('{header = "X_A"}'),
            "invalid-value",
            "3:17",
            "expected the name of a header, not 'X_A'",
        ),
        (
            rule('{header = "X-A", pointer = "/a"}'),
            "conflicting-keys",
            "3:33",
            "header and pointer are two rules, and this is one",
        ),
        (rule('{equals = "a"}'), "missing-key", "3:16", "missing; what equals it?"),
        (
            'stream = true\napi = "url"\ndeferred = ["/hook"]\n',
            "conflicting-keys",
            "3:1",
            "nothing is streamed to whoever has been answered: a function streams or defers",
        ),
        (
            'adapter = "mangum"\ndeferred = ["/hook"]\n',
            "conflicting-keys",
            "1:1",
            'adapter = "mangum" does not hand on events, which is what is deferred',
        ),
        ("worker = {tries = 2}\n", "ignored-key", "1:1", "says nothing without deferred"),
        (
            'deferred = ["/hook"]\nworker = {trees = 2}\n',
            "unknown-key",
            "2:11",
            "there is no such key",
        ),
        (
            'deferred = ["/hook"]\nworker = {tries = 0}\n',
            "invalid-value",
            "2:11",
            "expected a whole number of tries from 1 to 1000, not 0",
        ),
        (
            'deferred = ["/hook"]\nworker = {first_wait = 9, longest_wait = 3}\n',
            "invalid-value",
            "2:27",
            "less than first_wait",
        ),
    ],
)
def test_a_fault_is_at_its_line(
    tmp_path: Path, text: str, code: str, place: str, message: str
) -> None:
    _, said = read(tmp_path, text)
    assert [(each.code, str(each.place), each.message) for each in said] == [
        (code, f"p/packager.toml:{place}", message)
    ]


def test_a_path_of_two_groups_is_ambiguous(tmp_path: Path) -> None:
    _, [said] = read(tmp_path, 'deferred = ["/hook"]\n', HOOKS, ADMIN)
    assert (said.code, said.message) == (
        "ambiguous-endpoint",
        "the groups hooks and admin both declare /hook",
    )


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    text = '[[deferred]]\npath = "/hook"\nstatus = 1\nbody = 2\n[[deferred]]\npath = "/nowhere"\n'
    _, said = read(tmp_path, text)
    assert [each.code for each in said] == ["invalid-value", "invalid-value", "no-endpoint"]
    worker = "[worker]\ntrees = 2\ntries = 0\nfirst_wait = 9\nlongest_wait = 3\n"
    _, said = read(tmp_path, f'deferred = ["/hook"]\n{worker}')
    assert [str(each.place) for each in said] == [f"p/packager.toml:{line}:1" for line in (3, 4, 6)]
