"""16 environments while endpoints are made, edited, disabled and deleted: `tests/soak` has more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from endpoint_runtime import aws, process
from endpoint_runtime.managed import endpoints
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import endpoint, literals, write_files
from tests.support.endpoint_storm import (
    DATA_KEY,
    LOOK,
    OFF,
    PATIENCE,
    TABLE,
    Answer,
    Storm,
    Written,
    ask_in_threads,
    make_application,
    problems,
)
from tests.support.managed_endpoints import KEY

TTL = 0.4  # s
WRITES = 30


def test_a_request_sees_its_own_endpoint_as_it_was_a_moment_ago(
    no_aws: None, moto_plain: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, {"look.py": endpoint(LOOK)})
    monkeypatch.setattr(process, "secrets", {})
    monkeypatch.setattr(endpoints, "_REFRESH", PATIENCE)
    moto_plain.boto("secretsmanager").create_secret(Name="key", SecretString=DATA_KEY)
    variables = {
        "PACKAGER_ENDPOINTS": TABLE,
        "PACKAGER_ENDPOINTS_KEY": KEY,
        "PACKAGER_ENDPOINTS_SECRET": "key",
    }
    for name, value in {**moto_plain.environment, **variables}.items():
        monkeypatch.setenv(name, value)
    storm = Storm(moto_plain.boto("dynamodb"), tmp_path / "ids", seed=7)
    storm.make_table()
    own = literals()
    applications = [make_application(str(tmp_path), TTL, own) for _ in range(16)]
    answers = ask_in_threads(
        applications, tmp_path / "ids", lambda: storm.run(WRITES, 12, pause=0.03)
    )
    aws.forget()

    assert problems(answers, storm.history, TTL) == []
    kinds = Counter("off" if answer.token is OFF else "on" for answer in answers)
    assert min(kinds["on"], kinds["off"]) > 16
    assert len({answer.token for answer in answers}) > 10


def test_what_is_wrong_is_seen() -> None:
    history = {"a": [Written(0, 0, OFF), Written(10, 11, "one"), Written(20, 21, OFF)]}
    sound = [
        *(Answer("a", OFF, 5, 6), Answer("a", OFF, 5, 10.5), Answer("a", "one", 10.5, 10.6)),
        *(Answer("a", OFF, 10.9, 12), Answer("a", "one", 21.5, 22), Answer("a", OFF, 30, 31)),
    ]
    wrong = [
        *(Answer("a", "one", 5, 6), Answer("a", OFF, 15, 16), Answer("a", "one", 30, 31)),
        Answer("a", "!500", 15, 16),
    ]
    assert problems(sound, history, 1) == []
    assert len(problems(wrong, history, 1)) == len(wrong)
