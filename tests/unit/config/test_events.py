"""`events` of the configuration: what each source takes, and every fault at its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.config.events import read_events
from packager.config.keys import KEYS
from packager.config.read import read_configuration
from packager.config.schedules import expression_problem
from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.toml_file import ConfigTable
from packager.model.events import (
    AnyEvent,
    EventMapping,
    PatternEvent,
    QueueEvent,
    ScheduleEvent,
    TopicEvent,
)
from packager.model.options import Options
from packager.model.plugin import EndpointGroup
from tests.support.template_builders import PLACE, make_endpoint

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:jobs"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0a1b"


def group(name: str, *endpoints: str) -> EndpointGroup:
    return EndpointGroup(
        name, f"group/{name}.yaml", (), tuple(map(make_endpoint, endpoints)), PLACE
    )


WORK = group("work", "POST /jobs", "GET /jobs/list", "POST /jobs/<kind>", "POST /slash/")
ADMIN = group("admin", "POST /admin", "GET /jobs")


def read(
    folder: Path, text: str, *groups: EndpointGroup, complete: bool = True, **overrides: object
) -> tuple[dict[str, Options], list[Diagnostic]]:
    (folder / "packager.toml").write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    options = read_configuration(
        PluginFolder(folder, "p"), groups or (WORK,), diagnostics, overrides, complete=complete
    )
    return dict(options), diagnostics.all


def plain(event: EventMapping) -> tuple[type[Any], dict[str, Any]]:
    """An event without where it was written."""
    slots = [name for base in type(event).__mro__ for name in getattr(base, "__slots__", ())]
    return type(event), {name: getattr(event, name) for name in slots if name != "places"}


def test_nothing_is_mapped(tmp_path: Path) -> None:
    assert read(tmp_path, "events = []\n")[0]["work"].events == ()


def test_every_key_of_every_source(tmp_path: Path) -> None:
    text = f"""\
[[events]]
source = "sqs"
path = "/jobs"

[[events]]
source = "sqs"
path = "/jobs/größe"
queue = "{QUEUE}"
batch_size = 10000
batch_window = 300
max_concurrency = 2
kms_key = "{KEY}"

[[events]]
source = "sqs"
path = "/jobs"
fifo = true
visibility_timeout = 43200
max_receives = 1

[[events]]
source = "sns"
path = "/jobs"
topic = "{TOPIC}"

[[events]]
source = "eventbridge"
path = "/jobs"
bus = "orders"
pattern = {{source = ["shop"], "detail-type" = [{{prefix = "Order"}}], detail.price = [1.5]}}
retries = 0
max_age = 60

[[events]]
source = "schedule"
path = "/jobs"
expression = "cron(0 3 ? * MON-FRI *)"
timezone = "Europe/Berlin"
input = {{kind = "nightly"}}
retries = 185
max_age = 86400
"""
    options, diagnostics = read(tmp_path, text)

    assert diagnostics == []
    events = options["work"].events
    pattern = {"source": ["shop"], "detail-type": [{"prefix": "Order"}], "detail": {"price": [1.5]}}
    assert [plain(event) for event in events] == [
        plain(event)
        for event in (
            QueueEvent(path="/jobs"),
            QueueEvent(
                path="/jobs/größe",
                queue=QUEUE,
                batch_size=10000,
                batch_window=300,
                max_concurrency=2,
                kms_key=KEY,
            ),
            QueueEvent(path="/jobs", fifo=True, visibility_timeout=43200, max_receives=1),
            TopicEvent(path="/jobs", topic=TOPIC),
            PatternEvent(path="/jobs", pattern=pattern, bus="orders", retries=0, max_age=60),
            ScheduleEvent(
                path="/jobs",
                expression="cron(0 3 ? * MON-FRI *)",
                timezone="Europe/Berlin",
                input={"kind": "nightly"},
            ),
        )
    ]
    first, second = events[:2]
    file = "p/packager.toml"
    assert first.places == {
        "": Place(file, 1, 3),
        "source": Place(file, 2, 1),
        "path": Place(file, 3, 1),
    }
    assert (second.place("queue"), second.place("fifo")) == (Place(file, 8, 1), Place(file, 5, 3))


def test_one_plugins_events_go_to_the_groups_that_take_them(tmp_path: Path) -> None:
    text = """\
[tool.packager]
events = [
  {source = "sns", path = "/admin"},
  {source = "sqs", path = "/jobs"},
]
"""
    (tmp_path / "pyproject.toml").write_text(text)
    diagnostics = Diagnostics()

    options = read_configuration(PluginFolder(tmp_path, "p"), (WORK, ADMIN), diagnostics, {})

    assert diagnostics.all == []
    assert {name: [e.path for e in each.events] for name, each in options.items()} == {
        "work": ["/jobs"],
        "admin": ["/admin"],
    }
    assert options["work"].events[0].place("path") == Place("p/pyproject.toml", 4, 20)


def test_a_groups_events_take_the_place_of_the_plugins(tmp_path: Path) -> None:
    text = """\
[[events]]
source = "sns"
path = "/jobs"
[[groups.work.events]]
source = "sqs"
path = "/jobs"
"""
    options, diagnostics = read(tmp_path, text, WORK, ADMIN)

    assert diagnostics == []
    assert [event.source for event in options["work"].events] == ["sqs"]
    assert options["admin"].events == ()


def entry(**values: str) -> str:
    return "[[events]]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())


SQS = {"source": '"sqs"', "path": '"/jobs"'}
POSTS = "endpoints with method POST: /jobs, /jobs/<kind>, /slash/"
SOURCES = "one of sqs, sns, eventbridge, schedule, any"
PATH = "a URL path that starts with /, without a query, with values in place of variables"
A_PATTERN = "expected an event pattern, whose fields are lists of values, not "
SCHEDULE = {"source": '"schedule"', "path": '"/jobs"'}
RULE = {"source": '"eventbridge"', "path": '"/jobs"'}


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"),
    [
        ("events = 1\n", 1, "events", "expected a list of tables, not 1", None),
        ("events = [1]\n", 1, "events.0", "expected a table, not 1", None),
        (
            "[[events]]\npath = '/jobs'\n",
            1,
            "events.0.source",
            f"missing; expected {SOURCES}",
            None,
        ),
        (
            entry(source='"sqss"', path='"/jobs"'),
            2,
            "events.0.source",
            f"expected {SOURCES}, not 'sqss'",
            "did you mean sqs?",
        ),
        (entry(source="7"), 2, "events.0.source", f"expected {SOURCES}, not 7", None),
        (entry(source='"sqs"'), 1, "events.0.path", f"missing; expected {PATH}", None),
        (entry(**RULE), 1, "events.0.pattern", f"missing; {A_PATTERN[:-6]}", None),
        (entry(**SCHEDULE), 1, "events.0.expression", "missing; expected a schedule", None),
        (
            entry(**SQS, batchsize="1"),
            4,
            "events.0.batchsize",
            "there is no such key",
            "did you mean batch_size?",
        ),
        (
            entry(source='"sns"', path='"/jobs"', zzz="1"),
            4,
            "events.0.zzz",
            "there is no such key",
            "the keys of 'sns' are source, path, endpoint, topic",
        ),
        (
            entry(**SQS, pattern="{}"),
            4,
            "events.0.pattern",
            "is a key of source = 'eventbridge'",
            None,
        ),
        (
            entry(**SQS, retries="1"),
            4,
            "events.0.retries",
            "is a key of source = 'eventbridge' and 'schedule'",
            None,
        ),
        # paths
        *(
            (
                entry(source='"sqs"', path=path),
                3,
                "events.0.path",
                f"expected {PATH}, not {said}",
                None,
            )
            for path, said in (
                ("1", "1"),
                ('"jobs"', "'jobs'"),
                ('"/jobs?a=b"', "'/jobs?a=b'"),
                ('"/jobs/<kind>"', "'/jobs/<kind>'"),
            )
        ),
        (
            entry(source='"sqs"', path='"/job"'),
            3,
            "events.0.path",
            "no endpoint takes POST /job",
            "did you mean /jobs?",
        ),
        (
            entry(source='"sqs"', path='"/x/y/z"'),
            3,
            "events.0.path",
            "no endpoint takes POST /x/y/z",
            POSTS,
        ),
        (
            entry(source='"sqs"', path='"/slash"'),
            3,
            "events.0.path",
            "POST /slash is redirected to /slash/, and a redirect is a failure",
            "did you mean /slash/?",
        ),
        # SQS
        (
            entry(**SQS, queue='"jobs"'),
            4,
            "events.0.queue",
            "expected the ARN of an SQS queue, not 'jobs'",
            None,
        ),
        (
            entry(**SQS, queue=f'"{TOPIC}"'),
            4,
            "events.0.queue",
            f"expected the ARN of an SQS queue, not '{TOPIC}'",
            None,
        ),
        (
            entry(**SQS, batch_size="0"),
            4,
            "events.0.batch_size",
            "expected a whole number of messages from 1 to 10000, not 0",
            None,
        ),
        (
            entry(**SQS, batch_size="11"),
            4,
            "events.0.batch_size",
            "more than 10 messages take a batch_window of 1 s or more",
            None,
        ),
        (
            entry(**SQS, batch_size="11", queue=f'"{QUEUE}.fifo"'),
            4,
            "events.0.batch_size",
            "a FIFO queue's batch has at most 10 messages",
            None,
        ),
        (
            entry(**SQS, fifo="true", batch_window="1"),
            5,
            "events.0.batch_window",
            "a FIFO queue has no batch window",
            None,
        ),
        (
            entry(**SQS, batch_window="301"),
            4,
            "events.0.batch_window",
            "expected a whole number of seconds from 0 to 300, not 301",
            None,
        ),
        (
            entry(**SQS, max_concurrency="1"),
            4,
            "events.0.max_concurrency",
            "expected a whole number of invocations from 2 to 1000, not 1",
            None,
        ),
        *(
            (
                entry(**SQS, queue=f'"{QUEUE}"', **{key: value}),
                5,
                f"events.0.{key}",
                "is for a queue that the template makes, and queue names one",
                "a queue that is there already has its own; leave out this key or queue",
            )
            for key, value in (
                ("fifo", "false"),
                ("visibility_timeout", "30"),
                ("max_receives", "3"),
            )
        ),
        (
            entry(**SQS, kms_key='"alias/x"'),
            4,
            "events.0.kms_key",
            "expected the ARN of a KMS key, not 'alias/x'",
            None,
        ),
        # SNS
        (
            entry(source='"sns"', path='"/jobs"', topic=f'"{TOPIC}.fifo"'),
            4,
            "events.0.topic",
            f"expected the ARN of an SNS topic, not a FIFO one, not '{TOPIC}.fifo'",
            None,
        ),
        # EventBridge
        (entry(**RULE, pattern="{}"), 4, "events.0.pattern", f"{A_PATTERN}an empty one", None),
        (entry(**RULE, pattern='"x"'), 4, "events.0.pattern", f"{A_PATTERN}'x'", None),
        (
            entry(**RULE, pattern='{detail.a = "x"}'),
            4,
            "events.0.pattern",
            f"{A_PATTERN}one whose detail.a is 'x'",
            None,
        ),
        (
            entry(**RULE, pattern="{source = []}"),
            4,
            "events.0.pattern",
            f"{A_PATTERN}one whose source is empty",
            None,
        ),
        (
            entry(**RULE, pattern="{source = [nan]}"),
            4,
            "events.0.pattern",
            f"{A_PATTERN}one with dates, nan or inf",
            None,
        ),
        (
            entry(**RULE, pattern='{source = ["a"]}', bus='""'),
            5,
            "events.0.bus",
            "expected the name or ARN of an event bus, not ''",
            None,
        ),
        # schedules
        (
            entry(**SCHEDULE, expression='"hourly"'),
            4,
            "events.0.expression",
            "expected a schedule, not 'hourly': expected rate(...), cron(...) or at(...)",
            None,
        ),
        (
            entry(**SCHEDULE, expression='"rate(1 hour)"', timezone='"Europe/Berlln"'),
            5,
            "events.0.timezone",
            "expected a time zone such as Europe/Berlin, not 'Europe/Berlln': "
            "did you mean Europe/Berlin?",
            None,
        ),
        (
            entry(**SCHEDULE, expression='"rate(1 hour)"', input="[]"),
            5,
            "events.0.input",
            "expected a table of whatever JSON can hold, not a list",
            None,
        ),
        (
            entry(**SCHEDULE, expression='"rate(1 hour)"', max_age="59"),
            5,
            "events.0.max_age",
            "expected a whole number of seconds from 60 to 86400, not 59",
            None,
        ),
        # two entries
        (
            entry(**SQS, queue=f'"{QUEUE}"') + entry(**SQS, queue=f'"{QUEUE}"'),
            8,
            "events.1.queue",
            f"{QUEUE} is mapped twice",
            "one entry has one path",
        ),
    ],
)
def test_faults(
    tmp_path: Path, text: str, line: int, key: str, message: str, hint: str | None
) -> None:
    _, diagnostics = read(tmp_path, text)

    assert [(f.message, f.key, f.hint, f.level) for f in diagnostics] == [
        (message, key, hint, "error")
    ]
    assert (diagnostics[0].place or PLACE).line == line


def test_a_method_that_the_path_does_not_take(tmp_path: Path) -> None:
    text = '[[groups.work.events]]\nsource = "sns"\npath = "/x"\n'
    _, diagnostics = read(tmp_path, text, group("work", "GET /x", "PUT /x"))

    assert diagnostics == [
        Diagnostic(
            "no-endpoint",
            "/x takes GET, HEAD, PUT, not POST",
            Place("p/packager.toml", 3, 1),
            "groups.work.events.0.path",
            "add one with method POST",
        )
    ]


def test_several_groups_that_take_the_path(tmp_path: Path) -> None:
    _, diagnostics = read(tmp_path, entry(**SQS), WORK, group("b", "POST /<x>"))

    assert [(diagnostic.message, diagnostic.hint) for diagnostic in diagnostics] == [
        (
            "the groups work and b both take POST /jobs",
            "say it in [[groups.work.events]] or the other's",
        )
    ]


def test_all_faults_at_once(tmp_path: Path) -> None:
    text = entry(**SQS, fifo="1", zzz="1") + entry(source='"x"') + entry(source='"sqs"', path='"/"')
    _, diagnostics = read(tmp_path, text)

    assert [diagnostic.key for diagnostic in diagnostics] == [
        *("events.0.fifo", "events.0.zzz", "events.1.source", "events.2.path"),
    ]


def test_no_second_fault_where_endpoints_may_be_missing(tmp_path: Path) -> None:
    broken = group("work", "POST jobs<", "POST /<nope:x>")

    assert read(tmp_path, entry(**SQS), broken, complete=False)[1] == []


def test_the_key_is_known() -> None:
    assert KEYS["events"].expected == "a list of tables"


@pytest.mark.parametrize(
    "expression",
    [
        *("rate(1 minute)", "rate(5 minutes)", "rate(12 hours)", "rate(1 days)"),
        *("cron(0 3 * * ? *)", "cron(0/15 8-18 ? * MON-FRI *)", "cron(0 8 ? * 2#1 2030)"),
        *("cron(0,30 3 L * ? *)", "cron(0 3 15W JAN,feb ? 2026-2030)", "cron(* * ? * 6L *)"),
        "at(2030-01-31T08:00:00)",
    ],
)
def test_expressions(expression: str) -> None:
    assert expression_problem(expression) is None


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("rate(5)", "expected a rate such as rate(1 hour) or rate(5 minutes)"),
        ("rate(0 hours)", "expected a rate such as rate(1 hour) or rate(5 minutes)"),
        ("rate(2 hour)", "expected a rate such as rate(1 hour) or rate(5 minutes)"),
        ("at(2030-02-31T08:00:00)", "expected a time such as at(2030-01-31T08:00:00)"),
        ("at(2030-01-31)", "expected a time such as at(2030-01-31T08:00:00)"),
        (
            "cron(0 3 * * *)",
            "expected six fields in cron(...), minutes, hours, day-of-month, month, "
            "day-of-week, year, not 5",
        ),
        (
            "cron(0 3 * * * *)",
            "expected ? for exactly one of day-of-month and day-of-week in cron(...)",
        ),
        (
            "cron(0 3 ? * ? *)",
            "expected ? for exactly one of day-of-month and day-of-week in cron(...)",
        ),
        ("cron(60 3 * * ? *)", "'60' is not valid as minutes of a cron expression"),
        ("cron(0 3 * * XYZ *)", "'XYZ' is not valid as day-of-week of a cron expression"),
        ("cron(0 3 * * ? *)x", "expected rate(...), cron(...) or at(...)"),
    ],
)
def test_expressions_that_aws_refuses(expression: str, problem: str) -> None:
    assert expression_problem(expression) == problem


NAMES = [
    *("source", "path", "queue", "batch_size", "batch_window", "fifo", "topic", "pattern", "bus"),
    *("expression", "timezone", "input", "retries", "visibility_timeout", "kms_key"),
]
VALUES = st.recursive(
    st.sampled_from(
        ["sqs", "sns", "eventbridge", "schedule", "/jobs", QUEUE, TOPIC, "rate(1 hour)"]
    )
    | st.integers()
    | st.booleans()
    | st.floats()
    | st.text(max_size=5)
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(entries=st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES) | VALUES, max_size=3))
def test_whatever_is_written_is_read_or_faulted(entries: list[Any]) -> None:
    diagnostics: list[str] = []
    events = read_events(
        entries,
        ConfigTable({}, "p.toml"),
        ("events",),
        (WORK, ADMIN),
        lambda code, message, path, hint, place: diagnostics.append(message),
    )

    assert diagnostics or sum(map(len, events.values())) == len(entries)


def test_any_event_filters_and_pollers(tmp_path: Path) -> None:
    text = """\
[[events]]
source = "any"
path = "/jobs"
reply = "value"

[[events]]
source = "sqs"
path = "/jobs"
filters = [{body = {kind = ["order"]}}]
pollers = {min = 2, max = 20}
"""
    options, said = read(tmp_path, text)
    assert said == []
    assert [plain(each) for each in options["work"].events] == [
        plain(AnyEvent(path="/jobs", reply="value")),
        plain(QueueEvent(path="/jobs", filters=({"body": {"kind": ["order"]}},), pollers=(2, 20))),
    ]


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        ('source = "any"\npath = "/jobs"\nreply = "all"', "invalid-value", "reply"),
        ('source = "sqs"\npath = "/jobs"\nfilters = []', "invalid-value", "filters"),
        ('source = "sqs"\npath = "/jobs"\nfilters = [{body = 1}]', "invalid-value", "filters"),
        (
            'source = "sqs"\npath = "/jobs"\npollers = {min = 1, max = 2}',
            "invalid-value",
            "pollers",
        ),
        (
            'source = "sqs"\npath = "/jobs"\nmax_concurrency = 5\npollers = {min = 2, max = 2}',
            "conflicting-keys",
            "max_concurrency",
        ),
    ],
)
def test_faults_of_these(tmp_path: Path, text: str, code: str, key: str) -> None:
    _, [said] = read(tmp_path, f"[[events]]\n{text}\n")
    assert (said.code, said.key) == (code, f"events.0.{key}")


def test_what_nothing_else_maps_has_one_path(tmp_path: Path) -> None:
    entry = '[[events]]\nsource = "any"\npath = "/jobs"\n'
    _, [said] = read(tmp_path, entry * 2)
    assert (said.code, str(said.place)) == ("duplicate", "p/packager.toml:5:1")
