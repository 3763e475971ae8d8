"""Reads a body that is made while it is read, for a reply that goes out as one piece.

A generator may have no end, and a reply has to be out in time and small enough: it is ended then,
and what came of it is sent, with a line in the log (docs/streaming.md has the rule). Imported for
such bodies only; lists of chunks are joined in `replies`.
"""

from __future__ import annotations

from time import time

from werkzeug.wrappers import Response

from endpoint_runtime import process
from endpoint_runtime.gateway.environ import request_id_of
from endpoint_runtime.gateway.errors import ReplyTooLarge
from endpoint_runtime.lambda_api.time_limit import (
    BODY_MARGIN,
    FOLDER,
    TimeLimit,
    TimeUp,
    end_of,
    interruptible,
)
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # What of a body was read before: its chunks, their bytes, when that began, when it is to be
    # over, in seconds since the epoch, and whether it is.
    SoFar = tuple[list[bytes], int, float, float, bool]

_PIECE = 16384  # bytes that smaller chunks are joined to, and for which time is put aside at once
_PACKING = 1e-7  # seconds that a byte takes to be compressed, with a third of a CPU
_MUCH = 3 * BODY_MARGIN  # seconds left, from which on `end_of` takes the margin off
_ROOM = 65536  # bytes of a reply for its headers, where its body has to be cut


def read_in_time(
    response: Response, context: object, limit: int, packed: bool = False
) -> bytes | BoundedBody:
    """Read a body as a `BoundedBody` does; its bytes are enough of one that is small and in time.

    In one piece, and without an object of its own, as nearly all bodies of generators are such.
    """
    body = response.response
    code = getattr(body, "gi_code", None)  # as `interruptible` has it
    clock = getattr(context, "get_remaining_time_in_millis", None)
    own = type(response) is not Response or code is None or FOLDER in code.co_filename
    if own or packed or clock is None:
        return BoundedBody(response, context, limit, packed)
    begun = time()
    left = clock() / 1000 - BODY_MARGIN
    end = begun + left
    if left < _MUCH or not _again.begin_again(end, left):
        return BoundedBody(response, context, limit)
    chunks: list[bytes] = []
    size, is_over = 0, False
    try:
        for chunk in body:
            if process.pid != process.request_pid:
                process.end_if_forked()
            if type(chunk) is str:
                data = chunk.encode()
            else:
                data = chunk if type(chunk) is bytes else as_bytes(chunk)
            if data:
                chunks.append(data)
                size += len(data)
                if size >= _PIECE:
                    break
            if time() >= end:
                is_over = True
                break
    except TimeUp:
        is_over = True
    except (Exception, GeneratorExit):  # what the interruption has come to
        if time() < end:
            raise
        is_over = True
    finally:
        fired = _again.end_again()
    if is_over or fired or size >= _PIECE:
        so_far = chunks, size, begun, end, is_over or fired
        return BoundedBody(response, context, limit, so_far=so_far)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


# The limit of all that is read so.
_again = TimeLimit(None)
_again.code = read_in_time.__code__


class BoundedBody(TimeLimit):
    """What came of a body, and the limit of its time; `cut` says why it is not whole, or is ""."""

    cut = ""
    _chunks: list[bytes] = []  # noqa: RUF012 - replaced, never written into
    _size = 0

    def __init__(
        self,
        response: Response,
        context: object,
        limit: int,
        packed: bool = False,
        so_far: SoFar | None = None,
    ) -> None:
        """Read it, `limit` bytes and one chunk at most, or the rest of it.

        `packed` says that it is compressed afterwards, for which time is left. Raises what the
        generator raises, and `ReplyTooLarge` for a body that must not be cut.
        """
        self._response = response
        self._new: list[bytes] = []  # the chunks that came last
        started = time()
        time_is_up = False
        if so_far is None:
            self.end = end_of(context, BODY_MARGIN)
        else:
            self._new, self._size, started, self.end, time_is_up = so_far
        if not time_is_up and self._size <= limit:
            time_is_up = self._read(limit, packed)
        if self._size > limit:
            self._too_large(self._size, limit)
        elif time_is_up:
            self._time_up(time() - started)
        chunks = self._chunks + self._new if self._chunks else self._new
        self._chunks = chunks
        self.data = chunks[0] if len(chunks) == 1 else b"".join(chunks)

    @classmethod
    def of(cls, response: Response, data: bytes) -> BoundedBody:
        """Return what came of a body that was read: `data`."""
        body = cls.__new__(cls)
        body._response, body._chunks, body.data = response, [data], data
        return body

    def fit(self, make: Callable[[bytes], Any]) -> Any:
        """Return what `make` makes of the body, of less of it for as long as that is too large."""
        while True:
            try:
                return make(self.data)
            except ReplyTooLarge as fault:
                if not (may_be_cut(self._response) and self.data):
                    raise
                room = max(fault.limit - _ROOM, 0) * len(self.data) // max(fault.size, 1)
                self._shorten(min(room, len(self.data) - 1))
                self._too_large(fault.size, fault.limit)

    def log_cut(self, route: str, environ: dict[str, Any]) -> None:
        """Log why the body is not whole, where it is not."""
        if self.cut:
            message = f"{route}: the body was ended at {len(self.data)} bytes, {self.cut}"
            report.log("WARN", message, request_id_of(environ))

    def _read(self, limit: int, packed: bool) -> bool:
        """Read chunks until the end, or too many bytes; True if the time is over first.

        Calls nothing of werkzeug's but the body: it would be interrupted as the plugin is.
        """
        response, end, new = self._response, self.end, self._new
        size = counted = self._size
        mark = _PIECE if limit >= _PIECE else limit + 1
        try:
            with self:
                # As `iter_encoded` has it, with less around each chunk.
                body = response.response if type(response) is Response else response.iter_encoded()
                for chunk in body if end is None else interruptible(body):
                    if process.pid != process.request_pid:
                        process.end_if_forked()
                    if type(chunk) is str:
                        data = chunk.encode()
                    else:
                        data = chunk if type(chunk) is bytes else as_bytes(chunk)
                    if data:
                        new.append(data)
                        size += len(data)
                        if size >= mark:
                            if size > limit:
                                break
                            self._settle()
                            if packed and end is not None:
                                end = self.hasten((size - counted) * _PACKING)
                                counted = size
                            mark = min(size + _PIECE, limit + 1)
                    if end is not None and time() >= end:
                        return True
        except TimeUp:
            return True
        except (Exception, GeneratorExit):  # what the interruption has come to
            if not self.is_over:
                raise
            return True
        finally:
            self._size = size
        # A generator may also take the interruption for `close()`, and end in peace.
        return self.fired

    def _settle(self) -> None:
        """Join the chunks that came last.

        A body of very many has few that are left to be joined when its time is over, and takes no
        more memory than its bytes.
        """
        new = self._new
        joined = new[0] if len(new) == 1 else b"".join(new)
        if self._chunks:
            self._chunks.append(joined)
        else:
            self._chunks = [joined]
        new.clear()

    def _shorten(self, size: int) -> None:
        """Keep at most `size` bytes: whole chunks if any fits, else whole characters."""
        kept, whole = 0, 0
        for chunk in self._chunks:
            if kept + len(chunk) > size:
                break
            kept += len(chunk)
            whole += 1
        self._chunks = self._chunks[:whole] if kept else [_whole_text(self._chunks[0][:size])]
        self.data = b"".join(self._chunks)

    def _too_large(self, size: int, limit: int) -> None:
        if not may_be_cut(self._response):
            raise ReplyTooLarge(size, limit, more=True)
        self.cut = f"as Lambda hands on {limit} bytes of a buffered reply"

    def _time_up(self, seconds: float) -> None:
        if not may_be_cut(self._response):
            raise TimeoutError(f"the body was not done after {seconds:.1f} s")
        self.cut = f"after {seconds:.1f} s, as the function's time would soon be over"


def may_be_cut(response: Response) -> bool:
    """Whether a part of the body is of use: not of one that says how long it is, nor of a file."""
    headers = response.headers
    return not (
        response.status_code == 206
        or "content-length" in headers
        or headers.get("content-disposition", "").lower().startswith("attachment")
    )


def as_bytes(chunk: object) -> bytes:
    """Return a chunk that a plugin made; raises TypeError for what is neither text nor bytes."""
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    try:
        return bytes(memoryview(chunk))  # type: ignore[arg-type]
    except TypeError:
        message = f"a response's body yielded {type(chunk).__name__}, expected str or bytes"
        raise TypeError(message) from None


def _whole_text(data: bytes) -> bytes:
    """Leave out the first bytes of a character in UTF-8 whose last ones are missing."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 2 if byte >> 5 == 6 else 3 if byte >> 4 == 14 else 4 if byte >> 3 == 30 else 1
        return data[:-back] if length > back else data
    return data
