"""A million events, nearly right or not at all (tests/support/event_fuzz.py), and large ones."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.soak.conftest import Soak
from tests.support import fast_bundle
from tests.support.event_fuzz import BASES, LARGE, TEXTS, WITNESS, Event, Fuzz, events, large
from tests.support.hostile_api import RuntimeServer, event
from tests.support.loop_process import interpreters

BATCH = 1000
_EACH = 300  # events for one process, each with a sound one behind it
PHASES = (Phase.generate, Phase.shrink)


def test_any_event_is_answered_or_refused_by_name(soak: Soak) -> None:
    fuzz = Fuzz()
    for number in soak.rounds(1000, f"times {BATCH:,} events"):
        _seeded(fuzz, soak.seed + number)
    soak.note(", ".join(f"{count} {kind}" for kind, count in sorted(fuzz.replies.items(), key=str)))


def _seeded(fuzz: Fuzz, number: int) -> None:
    @seed(number)
    @settings(
        deadline=None,
        max_examples=BATCH,
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
    @given(event=events())
    def check(event: Event) -> None:
        fuzz.check(event)

    check()


def test_large_events_take_their_time_and_no_more(soak: Soak) -> None:
    fuzz = Fuzz()
    titles = [*LARGE]
    for number in soak.rounds(500, "large events"):
        size = soak.random.choice((1_000, 30_000, 100_000, 1_000_000, 6_000_000))
        fuzz.check(large(titles[number % len(titles)], size))


def test_bytes_that_are_hardly_json_leave_the_loop_alone(tmp_path: Path, soak: Soak) -> None:
    """Events with bytes changed, through the fast entry's own process and a Runtime API."""
    answer = "---\nreturn Response(r.get_data(), content_type='text/html')"
    bundle = fast_bundle.write(tmp_path, {"a": answer}, STREAM=False)
    pythons = [Path(each.path) for each in interpreters()]
    sound = json.dumps(WITNESS | {"rawPath": "/a"}).encode()
    for number in soak.rounds(200, f"times {_EACH} events"):
        sent = []
        for count in range(_EACH):
            data = bytearray(json.dumps(soak.random.choice(BASES)).encode())
            for _ in range(soak.random.randrange(8)):
                place = soak.random.randrange(len(data) + 1)
                other = soak.random.choice(TEXTS).encode("utf-8", "replace")
                data[place : place + soak.random.randrange(9)] = other
            sent += [event(bytes(data), f"odd-{count}"), event(sound, f"sound-{count}")]
        with RuntimeServer(sent) as server:
            log = fast_bundle.run(bundle, server, python=pythons[number % len(pythons)])

        answers = {request.call: request.body for request in server.requests}
        assert server.violations == []
        replies = [
            json.loads(answers[f"POST invocation/sound-{count}/response"]) for count in range(_EACH)
        ]
        assert all(reply == replies[0] for reply in replies), log[-3000:]
        assert replies[0]["statusCode"] == 200
        odd = [call for call in answers if call.startswith("POST invocation/odd-")]
        assert len(odd) == _EACH
        refused = [json.loads(answers[call]) for call in odd if call.endswith("/error")]
        assert {each["errorType"] for each in refused} <= {
            "NotAnHttpEvent",
            "Runtime.UnmarshalError",
        }
