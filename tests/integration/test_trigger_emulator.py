"""A provider's bundle under AWS's emulator, by both entries: as the function, and as its worker."""

from __future__ import annotations

from pathlib import Path

from packager.local.fake_dify.server import FakeDify
from tests.support.aws.deferred_queues import make_queues
from tests.support.aws.moto_server import MotoServer
from tests.support.examples import Build
from tests.support.managed_endpoints import FileEndpoints
from tests.support.rie import emulator
from tests.support.trigger_plugin import write_trigger_plugin
from tests.support.trigger_runtime import SUBSCRIPTION, ring, webhook

CONFIGURATION = """\
entry = "{entry}"
endpoints_store = "file"

[trigger]
dedupe = {{pointer = "/id"}}

[worker]
first_wait = 0

[apps]
"*" = {{env = "APP_KEY"}}
"""


def test_a_webhook_is_dispatched_by_one_and_starts_workflows_in_the_other(
    tmp_path: Path, build: Build, entry: str, moto_plain: MotoServer
) -> None:
    changes = {"packager.toml": CONFIGURATION.format(entry=entry)}
    bundle = build(write_trigger_plugin(tmp_path / "bell", changes)) / "BellFunction"
    queues = make_queues(moto_plain)
    subscriptions = FileEndpoints(tmp_path / "subscriptions.sqlite", "bell/bell")
    hook_id = subscriptions.put("cats", SUBSCRIPTION)
    with FakeDify() as dify:
        variables = {**moto_plain.environment, **subscriptions.environment, "APP_KEY": "k"}
        variables |= {"PACKAGER_DIFY": dify.url}

        with emulator(bundle, tmp_path / "front", variables | queues.front) as front:
            assert front.invoke(webhook(hook_id, ring(), secret="forged"))["statusCode"] == 403
            for _ in range(2):
                reply = front.invoke(webhook(hook_id, ring(kind="rung opened")))
                assert (reply["statusCode"], reply["body"]) == (202, "ding")
        assert (dify.seen, queues.count()) == ([], (4, 0))
        with emulator(bundle, tmp_path / "worker", variables | queues.worker) as worker:
            while (event := queues.receive()) is not None:
                queues.delete(event, worker.invoke(event))
            log = worker.log

    runs = [each.body["inputs"] for each in dify.seen if each.path.endswith("/workflows/run")]
    assert sorted(map(len, runs)) == [2, 2]
    assert {"which": "front", "n": 3} in runs
    assert log.count("is a delivery that was done before") == 2
    assert (queues.count(), queues.dead()) == ((0, 0), [])
