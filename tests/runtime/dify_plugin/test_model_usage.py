"""The usage of a model's call: its prices become decimals once somebody looks at them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from dify_plugin._entity.errors import ValidationError
from dify_plugin.entities.model.llm import LLMResultChunkDelta, LLMUsage
from dify_plugin.entities.model.message import AssistantPromptMessage
from dify_plugin.entities.model.text_embedding import EmbeddingUsage
from tests.support.builders import TEMPLATE

GIVEN: dict[str, Any] = {
    "prompt_tokens": 3,
    "prompt_unit_price": "0.10",
    "prompt_price_unit": "0",
    "prompt_price": "2",
    "completion_tokens": 4,
    "completion_unit_price": ".5",
    "completion_price_unit": "1.",
    "completion_price": "00.0",
    "total_tokens": 7,
    "total_price": "123456789012345678901234567890.5",
    "currency": "USD",
    "latency": 0.25,
}
MADE = {
    name: Decimal(value) if isinstance(value, str) and name != "currency" else value
    for name, value in GIVEN.items()
}


def usage(**other: Any) -> LLMUsage:
    return LLMUsage(**{**GIVEN, **other})


@pytest.mark.parametrize(
    "look",
    [
        lambda made: made.__dict__,
        vars,
        dict,
        lambda made: made.model_dump(),
        lambda made: made.model_copy().__dict__,
        lambda made: made.model_copy(deep=True).__dict__,
        lambda made: copy.copy(made).__dict__,
        lambda made: copy.deepcopy(made).__dict__,
        lambda made: pickle.loads(pickle.dumps(made)).__dict__,
        lambda made: LLMUsage.model_validate(made).__dict__,
        lambda made: LLMUsage(**dict(made)).__dict__,
        lambda made: {name: getattr(made, name) for name in GIVEN},
        lambda made: {name: getattr(made, name) for name in reversed(GIVEN)} and made.__dict__,
    ],
)
def test_however_it_is_looked_at(look: Callable[[LLMUsage], dict[str, Any]]) -> None:
    found = look(usage())

    assert (found, [*found]) == (MADE, [*MADE])
    assert {name: type(each) for name, each in found.items()} == {
        name: type(each) for name, each in MADE.items()
    }


def test_equal_whoever_has_looked() -> None:
    seen = usage()
    assert seen.total_price == MADE["total_price"]

    assert seen == usage()
    assert usage() == usage()
    assert usage() != usage(total_price="1")
    assert repr(usage()) == repr(seen)
    assert "prompt_unit_price=Decimal('0.10')" in str(usage())


def test_what_is_set_stays_with_what_waits() -> None:
    made = usage()
    made.prompt_price = Decimal(9)
    made.total_tokens += 1

    assert made.model_dump() == {**MADE, "prompt_price": Decimal(9), "total_tokens": 8}
    assert [*vars(made)] == [*MADE]


def test_in_a_chunk() -> None:
    message = AssistantPromptMessage(content="a")
    delta = LLMResultChunkDelta(index=0, message=message, usage=GIVEN)

    assert delta.usage is not None
    assert delta.usage.total_price == MADE["total_price"]
    assert delta.model_dump()["usage"] == MADE


@pytest.mark.parametrize("value", ["", ".", "1.2.3", "x", "NaN", "inf", "-", None, True, []])
def test_what_is_no_decimal_is_refused_at_once(value: object) -> None:
    with pytest.raises(ValidationError, match=r"^1 validation error for LLMUsage\ntotal_price\n"):
        usage(total_price=value)


@pytest.mark.parametrize("value", ["-1.5", "1e-7", 3, 0.1, Decimal("0.10"), " 1 ", "1_0", "\uff11"])
def test_other_forms_of_decimals(value: Any) -> None:
    found = usage(total_price=value).total_price

    expected = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    assert (found, str(found)) == (expected, str(expected))


def test_no_usage() -> None:
    found = LLMUsage.empty_usage()

    assert (found.total_tokens, str(found.total_price), found.currency) == (0, "0.0", "USD")


def test_unknown_attributes() -> None:
    made = usage()

    with pytest.raises(AttributeError, match="'LLMUsage' object has no attribute 'other'"):
        made.other  # noqa: B018
    empty = LLMUsage.__new__(LLMUsage)
    assert not hasattr(empty, "total_price")


def test_threads_that_look_at_once() -> None:
    for _ in range(200):
        found: list[object] = []
        made = usage()
        start = threading.Barrier(4)

        def look(made: LLMUsage = made, start: Any = start, found: Any = found) -> None:
            start.wait()
            found.append((made.prompt_price, made.total_price, made.model_dump()))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [(MADE["prompt_price"], MADE["total_price"], MADE)] * 4


def test_embeddings() -> None:
    made = EmbeddingUsage(
        tokens=1,
        total_tokens=1,
        unit_price="0.1",
        price_unit="0",
        total_price="0",
        currency="USD",
        latency=0.5,
    )

    assert [*made.model_dump().values()] == [1, 1, Decimal("0.1"), 0, 0, "USD", 0.5]


def test_tokens_need_no_decimals() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(TEMPLATE)!r})\n"
        "from dify_plugin.entities.model.llm import LLMUsage\n"
        f"made = LLMUsage(**{GIVEN!r})\n"
        "assert (made.total_tokens, made.currency) == (7, 'USD')\n"
        "print({'decimal', '_decimal', 'numbers'} & {*sys.modules})\n"
        "made.total_price\n"
        "print({'decimal', '_decimal'} & {*sys.modules} != set())\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )

    assert (done.stdout.splitlines(), done.stderr) == (["set()", "True"], "")
