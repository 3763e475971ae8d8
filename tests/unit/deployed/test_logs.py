"""Which log group is whose."""

from __future__ import annotations

import pytest

from packager.deployed.logs import log_groups
from packager.deployed.stack import Stack

NAMES = ("NekoLogGroup", "NekoWorkerLogGroup", "NekoRenewerLogGroup", "NekoFunction", "DogLogGroup")
STACK = Stack("s", "arn", {name: (f"/{name}", "AWS::Thing") for name in NAMES}, {})


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (None, ["NekoLogGroup", "NekoWorkerLogGroup", "NekoRenewerLogGroup", "DogLogGroup"]),
        ("NekoFunction", ["NekoLogGroup"]),
        ("NekoFunctionWorker", ["NekoWorkerLogGroup"]),
        ("NekoFunctionRenewer", ["NekoRenewerLogGroup"]),
        ("CowFunction", []),
    ],
)
def test_a_function_s_log_is_its_own_and_its_worker_s_another(
    function: str | None, expected: list[str]
) -> None:
    assert log_groups(STACK, function) == {name: f"/{name}" for name in expected}
