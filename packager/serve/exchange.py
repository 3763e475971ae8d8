"""One event on its way through a function, and its answer on the way back, on record."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from packager.local.request_event import Payload
from packager.local.runtime_api_server import Answer
from packager.local.streamed_reply import Part
from packager.serve.answers import Head, Malformed, internal_error, streamed_head, whole_answer
from packager.serve.execution import FunctionFailed
from packager.serve.pipe import Pipe
from packager.serve.pool import Pool, Taken
from packager.serve.request_log import RequestLog, RequestRecord


class Exchange:
    """An event and what becomes of it. `head` comes first, then what `body` has.

    Events that are not HTTP requests (`payload` None) have no head: `body` has the function's
    whole answer, as JSON. `on_log` gets what the function writes meanwhile.
    """

    def __init__(
        self,
        log: RequestLog,
        record: RequestRecord,
        payload: Payload | None,
        on_log: Callable[[bytes], None],
    ) -> None:
        self.record = record
        self.head: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self.body = Pipe()
        self._log = log
        self._payload = payload
        self._on_log = on_log
        self._loop = asyncio.get_running_loop()

    async def run(self, pool: Pool, event: object) -> None:
        """Have the function answer, and wait until all its work for it is done."""
        taken: Taken | None = None
        record = self.record
        document = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        try:
            taken = await pool.take(self._on_log)
            record.cold, execution = taken.cold, taken.execution
            record.init_ms = execution.init_ms if taken.cold else None
            asked = time.monotonic()
            answer = await execution.invoke(
                document.encode("utf-8", "surrogatepass"), self._take_part
            )
            record.duration_ms = (answer.at - asked) * 1000
            self._end(answer)
            await pool.give_back(taken)
            late = (execution.used - answer.at) * 1000
            record.late_ms = late if late >= 1 else None
        except FunctionFailed as failed:
            self._fail(str(failed))
            if taken is not None:
                await (pool.give_back if failed.reported else pool.drop)(taken)
        except asyncio.CancelledError:
            self._fail("the server was ended")
            raise
        finally:
            self.body.leave()
            self._log.finish(record)

    def _take_part(self, part: Part) -> None:
        """Take what a streamed answer consists of; on a thread of the Runtime API."""
        at = time.monotonic()
        if isinstance(part, bytes):
            self.body.put(part)
            # After the piece is on its way: nobody waits for what is remembered of it.
            self._loop.call_soon_threadsafe(self._log.add_chunk, self.record, part, at)
            return
        try:
            self._loop.call_soon_threadsafe(self._begin, streamed_head(part))
        except Malformed as fault:
            self._loop.call_soon_threadsafe(self._fail, str(fault))
            raise OSError from fault  # hangs up

    def _begin(self, head: Head) -> None:
        if not self.head.done():
            self.head.set_result(head)
            self._log.answered(self.record, head.status, head.headers)

    def _end(self, answer: Answer) -> None:
        """Hand on the answer, or the end of one that was streamed."""
        if answer.streamed:
            self._begin(Head(200, (("Content-Type", "application/octet-stream"),)))
            self.body.end()
            return
        try:
            reply: Any = json.loads(answer.payload)
        except ValueError:
            self._fail("the function's reply is not JSON")
            return
        body = answer.payload
        if self._payload is not None:
            try:
                head, body = whole_answer(reply, self.record.method)
            except Malformed as fault:
                self._fail(str(fault))
                return
            self._begin(head)
        self.body.put_now(body)
        self.body.end()
        self._log.add_chunk(self.record, body, answer.at)

    def _fail(self, why: str) -> None:
        """Hand on what a gateway says where there is no answer, or only the start of one."""
        if self.record.error is not None:
            return
        self.record.error = why
        if self._payload is None or self.head.done():
            self.body.end(cut=True)
            return
        head, body = internal_error(self._payload)
        self._begin(head)
        self.body.put_now(body)
        self.body.end()
        self._log.add_chunk(self.record, body)
