"""Ten thousand webhooks through queues, with workers that are killed, and duplicates.

Each worker is a process over a bundle, which receives from moto and deletes what is done, as Lambda
does. All write what happens into one file, a line at a time, which keeps the order.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from packager.bundle.deferred_literal import deferred_literal
from packager.contract import DEAD_QUEUE_VARIABLE, ORDERED_DEAD_QUEUE_VARIABLE
from packager.model.deferred import DeferredRoute, RequestValue, WorkerOptions
from packager.model.options import Options
from tests.soak.conftest import Soak
from tests.support.aws.deferred_queues import Queues, make_queues
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import Bundle, endpoint, make_bundle

WEBHOOKS = 10_000
TRIES = 6
WORKERS = 4
RATE = 20  # webhooks a second that a busy machine does
SLICE = 400  # webhooks that are sent at a time
# Notes when it starts and ends; what is poison fails.
HOOK = endpoint("""
import os, time
word = r.get_json()["id"]
log = os.open(os.environ["SOAK_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(log, f"start {word}\\n".encode())
time.sleep(0.002)
if word.startswith("poison"):
    os.close(log)
    return Response(status=500)
os.write(log, f"end {word}\\n".encode())
os.close(log)
return Response()
""")
SEND = """
import json, os, sys
from endpoint_runtime.lambda_handler import handler
for line in sys.stdin:
    path, word, chat = line.split()
    body = json.dumps({"id": word, "chat": chat})
    event = {"version": "2.0", "rawPath": path, "rawQueryString": "",
             "headers": {"host": "a", "content-type": "application/json"},
             "requestContext": {"http": {"method": "POST", "path": path}}, "body": body}
    assert handler(event, None)["statusCode"] == 200
"""
WORK = """
import json, os, sys, time
from endpoint_runtime.lambda_handler import application, handler
from endpoint_runtime.aws import client
from endpoint_runtime.deferred.claims import Claims

finish = Claims.finish
current = []
def noted(self, key, *more):
    finish(self, key, *more)
    log = os.open(os.environ["SOAK_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"done {current[0]}\\n".encode())
    os.close(log)
Claims.finish = noted

class Context:
    aws_request_id = str(os.getpid())
    def get_remaining_time_in_millis(self):
        return 1000

sqs = client("sqs")
queues = [os.environ[name] for name in ("PACKAGER_DEFERRED_QUEUE", "PACKAGER_ORDERED_QUEUE")]
while True:
    idle = True
    for url in queues:
        found = sqs.call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 1,
                                            "AttributeNames": ["All"]})
        for each in found.get("Messages", ()):
            idle = False
            message = json.loads(each["Body"])
            current[:] = [json.loads(message["event"]["body"])["id"]]
            record = {"messageId": each["MessageId"], "receiptHandle": each["ReceiptHandle"],
                      "body": each["Body"], "attributes": each["Attributes"],
                      "eventSource": "aws:sqs",
                      "eventSourceARN": "arn:aws:sqs:x:1:" + url.rpartition("/")[2]}
            if not handler({"Records": [record]}, Context())["batchItemFailures"]:
                sqs.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": each["ReceiptHandle"]})
    if idle:
        time.sleep(0.2)
"""


def make(folder: Path, moto: MotoServer) -> tuple[Bundle, Queues]:
    options = Options(
        deferred=(
            DeferredRoute(path="/once", dedupe=RequestValue(pointer="/id")),
            DeferredRoute(path="/often"),
            DeferredRoute(path="/chat", order_by=RequestValue(pointer="/chat")),
        ),
        worker=WorkerOptions(tries=TRIES, first_wait=0, longest_wait=0),
    )
    routes = tuple((f"/{each}", "POST", "hook.py") for each in ("once", "often", "chat"))
    values = {"ROUTES": routes, "DEFERRED": deferred_literal(options)}
    return make_bundle(folder, {"hook.py": HOOK}, values), make_queues(
        moto, tries=TRIES + 4, visibility=4
    )


def webhooks(count: int, random: Random) -> list[str]:
    """Lines for the sender: one in a hundred is poison, one of ten comes twice, in any order."""
    lines = []
    for number in range(count):
        kind = random.choice(("once", "once", "often", "chat"))
        word = f"{'poison' if number % 100 == 0 else kind}-{kind}-{number}"
        lines += [f"/{kind} {word} {number % 53}"] * (
            2 if kind != "chat" and number % 10 == 1 else 1
        )
    random.shuffle(lines)
    return lines


def dead_words(queues: Queues) -> Counter[str]:
    found: Counter[str] = Counter()
    for variable in (DEAD_QUEUE_VARIABLE, ORDERED_DEAD_QUEUE_VARIABLE):
        while True:
            answer = queues.moto.boto("sqs").receive_message(
                QueueUrl=queues.urls[variable], MaxNumberOfMessages=10, VisibilityTimeout=600
            )
            for each in answer.get("Messages", ()):
                # Of a group the next ones are seen once these are gone.
                queues.moto.boto("sqs").delete_message(
                    QueueUrl=queues.urls[variable], ReceiptHandle=each["ReceiptHandle"]
                )
                event = json.loads(each["Body"])["event"]
                found[json.loads(event["body"])["id"]] += 1
            if not answer.get("Messages"):
                break
    return found


def test_none_of_ten_thousand_webhooks_is_lost(
    moto_plain: MotoServer, tmp_path: Path, soak: Soak
) -> None:
    count = WEBHOOKS if soak.seconds is None else min(int(soak.seconds * RATE) + 200, WEBHOOKS)
    bundle, queues = make(tmp_path, moto_plain)
    log = tmp_path / "log.txt"
    log.touch()
    common = {
        **{name: os.environ[name] for name in ("PATH", "HOME")},
        **moto_plain.environment,
        "PYTHONPATH": str(bundle.folder),
        "SOAK_LOG": str(log),
        "AWS_LAMBDA_LOG_LEVEL": "FATAL",
    }

    def start(code: str, more: dict[str, str], stdin: int | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", code]
        return subprocess.Popen(command, env=common | more, cwd=tmp_path, stdin=stdin)

    lines = webhooks(count, soak.random)
    words = {line.split()[1] for line in lines}
    sender = start(SEND, queues.front, stdin=subprocess.PIPE)
    workers = [start(WORK, queues.worker) for _ in range(WORKERS)]
    kills = 0
    try:
        assert sender.stdin is not None
        end = time.monotonic() + 1500
        while time.monotonic() < end:
            time.sleep(0.7)
            victim = soak.random.randrange(WORKERS)
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            kills += 1
            workers[victim] = start(WORK, queues.worker)
            waiting = sum(sum(queues.count(each)) for each in queues.urls if "DEAD" not in each)
            # moto looks through all of a queue for each message that it hands out.
            if lines and waiting < SLICE:
                sender.stdin.write("".join(f"{each}\n" for each in lines[:SLICE]).encode())
                sender.stdin.flush()
                del lines[:SLICE]
            elif not lines and not waiting:
                break
        sender.stdin.close()
        sender.wait()
        assert sender.returncode == 0
    finally:
        for process in (sender, *workers):
            process.kill()
            process.wait()
    soak.note(check(log.read_text().splitlines(), words, dead_words(queues), kills))


def check(lines: list[str], words: set[str], dead: Counter[str], kills: int) -> str:
    ended, done = set(), set()
    starts: Counter[str] = Counter()
    for line in lines:
        what, _, word = line.partition(" ")
        if what == "start":
            assert word not in done, f"{word} was done, and started again"
            starts[word] += 1
        elif what == "end":
            ended.add(word)
        else:
            done.add(word)
    poison = {word for word in words if word.startswith("poison")}
    assert words - ended - dead.keys() == set(), "lost"
    assert poison <= dead.keys()
    # What is no poison is a dead letter only where its worker was killed again and again.
    assert len(dead.keys() - poison) <= kills / TRIES
    assert all(starts[word] <= 2 * TRIES for word in poison)
    once = {word for word in words if word.startswith("once")}
    again = sum(starts[word] - 1 for word in once if starts[word])
    assert again <= kills, f"{again} started again, {kills} kills"
    return f"{len(words)} webhooks, {kills} kills, {len(dead)} dead letters, {again} again"
