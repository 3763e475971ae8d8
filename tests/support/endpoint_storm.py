"""Managed endpoints that are made, edited, switched and deleted at random while requests come.

What was written when is kept, and so is what each request was answered: `problems` says which
answers none of the states that a request may have seen could have given.

`python -m tests.support.endpoint_storm FOLDER IDS OVER SEED` is one environment in a process of
its own: it asks for the hook ids in the file IDS until there is a file OVER, and prints each answer
as a line of JSON. Stdin has the bundle's literals, the environment says where the endpoints are.
"""

from __future__ import annotations

import ast
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE, DATA_KEY = "Endpoints", "d" * 64
SETTINGS = (
    {"name": "who", "type": "text-input", "required": True},
    {"name": "token", "type": "secret-input", "required": True},
)
ROUTES = (("/look", "GET", "look.py"),)
LOOK = """
return Response("|".join((self.session.endpoint_id, settings["who"], settings["token"])))
"""
OFF = None
PATIENCE = 60.0  # s that a busy store is waited for: what was read does not stay in use for that
_SLACK = 0.05  # s that clocks and threads may be apart


class Answer(NamedTuple):
    """How a request for an endpoint was answered: a token, None for 404, "!..." for all else."""

    hook_id: str
    token: str | None
    start: float
    end: float


class Written(NamedTuple):
    """A state of an endpoint, and while what it was written; it holds until the next one does."""

    start: float
    end: float
    token: str | None


class Storm:
    """The one who writes: `history` are the states of each endpoint, by hook id, the first one OFF.

    `ids` is a file that gets each hook id once it may be asked for.
    """

    def __init__(self, boto: Any, ids: Path, seed: int) -> None:
        self.history: dict[str, list[Written]] = {}
        self.writes = 0
        self._boto = boto
        self._ids = ids
        self._random = random.Random(seed)
        ids.touch()

    def make_table(self) -> None:
        """Make the table that functions read."""
        self._boto.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )

    def run(self, writes: int, most: int, pause: float) -> None:
        """Write `writes` times, with pauses (s); at most `most` endpoints are made."""
        for _ in range(writes):
            self.write(most)
            time.sleep(pause)

    def write(self, most: int) -> None:
        """Change one endpoint, or make a new one."""
        from tests.support.managed_endpoints import item, make_hook_id, seal

        new = not self.history or (len(self.history) < most and self._random.random() < 0.3)
        hook_id = make_hook_id() if new else self._random.choice([*self.history])
        self.writes += 1
        token: str | None = f"{hook_id[:6]}-{self.writes}"
        kind = "edit" if new else self._random.choice(("edit", "edit", "disable", "delete"))
        start = time.time()
        if kind == "delete":
            token = OFF
            self._boto.delete_item(TableName=TABLE, Key={"id": {"S": hook_id}})
        else:
            sealed = seal({"token": token}, hook_id, DATA_KEY)
            enabled = kind == "edit"
            made = item(f"n{self.writes}", {"who": hook_id}, sealed=sealed, enabled=enabled)
            token = token if enabled else OFF
            self._boto.put_item(TableName=TABLE, Item={"id": {"S": hook_id}, **made})
        states = self.history.setdefault(hook_id, [Written(0, 0, OFF)])
        states.append(Written(start, time.time(), token))
        if new:
            with self._ids.open("a") as file:
                file.write(f"{hook_id}\n")


def ask(application: Any, hook_id: str) -> Answer:
    """Ask an application for an endpoint."""
    from endpoint_runtime.app.invocation import answer_event

    start = time.time()
    reply = answer_event(application, _event(hook_id), None)
    end = time.time()
    status, body = reply["statusCode"], reply["body"]
    if status == 404:
        return Answer(hook_id, OFF, start, end)
    endpoint_id, who, token = body.split("|") if status == 200 else ("", "", f"!{status}")
    if status == 200 and (endpoint_id, who) != (hook_id, hook_id):
        token = f"!{body}"
    return Answer(hook_id, token, start, end)


def problems(
    answers: Iterable[Answer], history: Mapping[str, list[Written]], ttl: float
) -> list[str]:
    """Return what is wrong with answers of a function whose `settings_ttl` is `ttl`, in seconds.

    A request may see every state that was there at a time from `ttl` before it began until its end.
    """
    found = []
    for answer in answers:
        states = history[answer.hook_id]
        first, last = answer.start - ttl - _SLACK, answer.end + _SLACK
        ends = [each.end for each in states[1:]] + [float("inf")]
        seen = {
            state.token
            for state, end in zip(states, ends, strict=True)
            if state.start <= last and end >= first
        }
        if answer.token not in seen:
            found.append(f"{answer}: expected one of {seen}")
    return found


def make_application(folder: str, ttl: float, literals: Mapping[str, Any]) -> Any:
    """Return what answers in one environment, over the plugin in `folder`."""
    from endpoint_runtime.managed.application import ManagedApplication

    own = {
        "ROUTES": ROUTES,
        "SETTINGS": SETTINGS,
        "SETTINGS_TTL": ttl,
        "ENDPOINTS": {"store": "dynamodb", "secrets": True, "storage": "plugin"},
    }
    return ManagedApplication(SimpleNamespace(**{**literals, **own}), folder)


def ask_until(application: Any, ids: Path, over: Callable[[], bool], seed: int) -> list[Answer]:
    """Ask for the hook ids in `ids`, drawn at random; for those of late more often."""
    drawn = random.Random(seed)
    answers: list[Answer] = []
    known: list[str] = []
    while not over():
        if len(answers) % 20 == 0 or not known:
            known = ids.read_text().split()
        if not known:
            time.sleep(0.01)
            continue
        at = int(len(known) * drawn.random() ** 0.5) if drawn.random() < 0.5 else -1
        answers.append(ask(application, known[at] if at >= 0 else drawn.choice(known)))
    return answers


def _event(hook_id: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": f"/e/{hook_id}/look",
        "rawQueryString": "",
        "headers": {"host": "abc.lambda-url.eu-west-1.on.aws"},
        "requestContext": {
            "domainName": "abc.lambda-url.eu-west-1.on.aws",
            "http": {"method": "GET", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }


def ask_in_threads(
    applications: list[Any], ids: Path, while_: Callable[[], object]
) -> list[Answer]:
    """Ask each of `applications`, an environment, in a thread of its own, during a call."""
    answers: list[Answer] = []
    over = threading.Event()

    def run(number: int) -> None:
        answers.extend(ask_until(applications[number], ids, over.is_set, number))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(applications))]
    for thread in threads:
        thread.start()
    try:
        while_()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return answers


def _main() -> None:
    folder, ids, over, seed = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    given = ast.literal_eval(sys.stdin.read())
    sys.path.insert(0, folder)
    from endpoint_runtime.managed import endpoints

    endpoints._REFRESH = PATIENCE
    application = make_application(folder, given["ttl"], given["literals"])
    for answer in ask_until(application, ids, over.exists, seed):
        print(json.dumps(answer))


if __name__ == "__main__":
    _main()
