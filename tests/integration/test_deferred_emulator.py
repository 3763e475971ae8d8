"""A bundle with a deferred route under AWS's emulator: once as the function, once as its worker."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.aws.deferred_queues import make_queues
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import http_2
from tests.support.deferred_plugin import FILES
from tests.support.examples import Build
from tests.support.plugin_writer import write_plugin
from tests.support.rie import emulator


def test_a_webhook_is_acknowledged_by_one_and_done_by_the_other(
    tmp_path: Path, build: Build, entry: str, moto_plain: MotoServer
) -> None:
    configuration = f'entry = "{entry}"\n{FILES["packager.toml"]}'
    plugin = write_plugin(tmp_path / "tiny", {**FILES, "packager.toml": configuration})
    bundle = build(plugin) / "TinyFunction"
    queues = make_queues(moto_plain)
    settings = {**moto_plain.environment, "TINY_KEY": "k"}

    def sent(document: object, token: str = "k") -> dict[str, object]:
        headers = {"content-type": "application/json", "x-token": token}
        return http_2(method="POST", path="/hook", headers=headers, body=json.dumps(document))

    with emulator(bundle, tmp_path / "front", settings | queues.front) as front:
        assert front.invoke(sent({"id": "a"}, token="forged"))["statusCode"] == 403
        assert front.invoke(sent({"id": "a", "type": "challenge"}))["body"] == "inline"
        for _ in range(2):
            assert front.invoke(sent({"id": "b"}))["statusCode"] == 202
        assert front.invoke(sent({"id": "c", "kill": True}))["statusCode"] == 202
        assert "works on b" not in front.log
    with emulator(bundle, tmp_path / "worker", settings | queues.worker) as worker:
        failed = []
        while (event := queues.receive()) is not None:
            answer = worker.invoke(event)
            queues.delete(event, answer)
            failed += answer["batchItemFailures"]
        log = worker.log
    assert log.count("works on b try 1") == 1
    assert "is a delivery that was done before" in log
    assert (log.count("works on c try 1"), log.count("works on c try 2")) == (1, 1)
    assert len(failed) == 1
    assert queues.count() == (0, 0)
