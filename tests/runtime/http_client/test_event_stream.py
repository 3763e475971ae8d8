"""Server-sent events, by the cases of the specification, in every split of their bytes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint_runtime.http_client.event_stream import EventTooLarge, read_events

MESSAGE = "message"

CASES: list[tuple[bytes, list[tuple[str, str]]]] = [
    (b"data: a\n\n", [(MESSAGE, "a")]),
    (b"data:a\r\n\r\n", [(MESSAGE, "a")]),
    (b"data: a\r\rdata: b\r\r", [(MESSAGE, "a"), (MESSAGE, "b")]),
    (b"data: a\r\n\rdata: b\n\r\n", [(MESSAGE, "a"), (MESSAGE, "b")]),
    (b"\xef\xbb\xbfdata: a\n\n", [(MESSAGE, "a")]),
    (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),  # the second is part of a name
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [(MESSAGE, "YHOO\n+2\n10")]),
    (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third\n",
        [(MESSAGE, "first event"), (MESSAGE, "second event")],
    ),
    (b"data\n\ndata\ndata\n\ndata:", [(MESSAGE, ""), (MESSAGE, "\n")]),
    (b"data:test\n\ndata: test\n\n", [(MESSAGE, "test"), (MESSAGE, "test")]),
    (b"event: ping\n\ndata: a\n\n", [(MESSAGE, "a")]),
    (b"event: add\ndata: 1\n\ndata: 2\n\n", [("add", "1"), (MESSAGE, "2")]),
    (b"event\ndata: 1\n\n", [(MESSAGE, "1")]),
    (b"retry: 10\nnonsense\nData: no\ndata: y:e:s\n\n", [(MESSAGE, "y:e:s")]),
    (b"data: the end of the stream is no end of an event\n", []),
    ("data: \u00e9\U0001f408\n\n".encode(), [(MESSAGE, "\u00e9\U0001f408")]),
    (b"data: \xff\n\n", [(MESSAGE, "\ufffd")]),
    (b"\n\n\r\r\n", []),
    (b"", []),
]


@pytest.mark.parametrize(("stream", "events"), CASES)
def test_cases(stream: bytes, events: list[tuple[str, str]]) -> None:
    assert list(read_events([stream])) == events
    assert list(read_events(stream[at : at + 1] for at in range(len(stream)))) == events
    for at in range(len(stream)):
        assert list(read_events([stream[:at], stream[at:]])) == events


@given(st.lists(st.sampled_from([case for case, _ in CASES])), st.lists(st.integers(0, 300)))
def test_any_split_gives_the_same(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [stream[a:b] for a, b in pairwise(ends)]

    assert list(read_events(chunks)) == list(read_events([stream]))


@given(st.binary())
def test_any_bytes(stream: bytes) -> None:
    list(read_events([stream]))


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 200, b"data: xxxxxxxxxx\n" * 20])
def test_what_is_too_large(stream: bytes) -> None:
    with pytest.raises(EventTooLarge, match=r"has more than 100 bytes$"):
        list(read_events([stream], limit=100))


def test_events_come_as_soon_as_they_end() -> None:
    def chunks() -> object:
        yield b"data: a\n\n"
        raise AssertionError("asked for more")

    assert next(read_events(chunks())) == (MESSAGE, "a")  # type: ignore[arg-type]
