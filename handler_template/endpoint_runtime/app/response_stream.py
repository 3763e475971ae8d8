"""Posts a streamed reply to the Runtime API, chunk by chunk.

Source: AWS, "Using the Lambda runtime API for custom runtimes" ("Response streaming"): chunked
transfer encoding, the response mode's header, a failure midway in announced trailers, and the
connection is closed once the answer has come.
"""

from __future__ import annotations

from time import time

from endpoint_runtime import process
from endpoint_runtime.gateway.bounded_body import as_bytes
from endpoint_runtime.lambda_api.answers import RuntimeApiError
from endpoint_runtime.lambda_api.runtime_api import NO_SIGNAL
from endpoint_runtime.lambda_api.time_limit import TimeUp

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket

    from endpoint_runtime.app.heartbeat import Heartbeat
    from endpoint_runtime.app.serving import StreamedReply
    from endpoint_runtime.lambda_api.runtime_api import Invocation, RuntimeApi

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
_TRAILERS = ("Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body")
_LARGE = 1 << 14  # bytes; a smaller chunk is copied, so that it is sent in one piece
_MAX_MESSAGE = 4096  # characters of an error's text in the trailers
_LOOK = 0.1  # seconds between two looks at whether the API still listens


class StreamCut(Exception):
    """The API takes no more of the reply: it has closed the connection, or answered already."""


def send_streamed(api: RuntimeApi, invocation: Invocation, reply: StreamedReply) -> None:
    """Send `reply` as the answer to `invocation`, and have it closed whatever comes.

    Raises RuntimeApiError if the API can't be used any further.
    """
    body = reply.body
    try:
        stream = ResponseStream(api, invocation, reply)
        fault = stream.send_body()
        if fault is not None and not stream.begun:
            body.close()
            reply = body.failed(fault)
            body = reply.body
            stream = ResponseStream(api, invocation, reply)
            fault = stream.send_body()
        stream.end(*(body.report(fault) if fault is not None else ()))
    except StreamCut as cut:
        body.say(f"was cut, {cut}")
        api.close()
    except BaseException:  # the process is about to end
        body.end(now=True)
        raise
    body.end()


class ResponseStream:
    """One POST of a response in streaming mode. Nothing is sent before there is a first chunk."""

    def __init__(self, api: RuntimeApi, invocation: Invocation, reply: StreamedReply) -> None:
        self.begun = False
        self._api, self._invocation, self._reply = api, invocation, reply
        self._body = reply.body
        self._socket: _socket.socket = NotImplemented  # until it has begun
        self._sent = 0  # bytes of the body
        self._looked = 0.0
        self._heart = None
        if reply.heartbeat:
            from endpoint_runtime.app.heartbeat import Heartbeat

            self._heart = Heartbeat(reply.heartbeat, self._beat, self._body.limit.interrupt)

    def send_body(self) -> BaseException | None:
        """Send every chunk; returns what the plugin's generator raised. Raises StreamCut."""
        fault: BaseException | None = None
        heart = self._heart
        try:
            self._send_chunks() if heart is None else self._send_beside(heart)
        except (StreamCut, RuntimeApiError):
            raise
        except process.interrupts:
            raise
        except BaseException as raised:  # a plugin's sys.exit() must not end the function
            fault = raised
        process.end_if_forked(fault)
        if heart is not None and heart.failure is not None:
            raise heart.failure
        limit = self._body.limit
        if self.begun and (
            limit.fired or isinstance(fault, TimeUp) or (fault is not None and limit.is_over)
        ):
            self._body.say(
                f"was ended after {self._sent} bytes, as the function's time would soon be over"
            )
            fault = self._body.cut_off()
        return fault

    def _send_chunks(self) -> None:
        body = self._body
        if body.first:
            self._send(body.first)
        end = body.limit.end
        with body.limit:
            for chunk in body.chunks:
                if process.pid != process.request_pid:
                    process.end_if_forked()
                data = chunk if type(chunk) is bytes else as_bytes(chunk)
                size = len(data)
                now = time()
                if not 0 < size < _LARGE or not self.begun or now - self._looked >= _LOOK:
                    self._send(data)
                else:  # nearly every chunk: what `_send` does, with less around it
                    framed = b"%x\r\n%b\r\n" % (size, data)
                    try:
                        count = self._socket.send(framed, NO_SIGNAL)
                    except OSError:
                        count = 0
                    if count != len(framed):
                        self._write(framed[count:])
                    self._sent += size
                if end is not None and now >= end:
                    raise TimeUp

    def _send_beside(self, heart: Heartbeat) -> None:
        limit = self._body.limit
        with limit:
            heart.start()
            try:
                for chunk in self._body.chunks:
                    process.end_if_forked()
                    data = as_bytes(chunk)
                    if data:
                        with heart.lock:
                            heart.note(data)
                            self._send(data)
                    if limit.is_over:
                        raise TimeUp
                process.end_if_forked()  # before it waits for a thread it has not got
            except BaseException as fault:
                process.end_if_forked(fault)
                raise
            finally:
                heart.stop()  # within the time limit, which it may interrupt

    def end(self, kind: str = "", message: str = "") -> None:
        """End the body, with trailers where it failed, and read the API's answer."""
        data = b"0\r\n" + (_trailers(kind, message, self._invocation) if kind else b"") + b"\r\n"
        if not self.begun:
            data = self._begin() + data
        self._write(data)
        # What the caller has not read yet lies in buffers, and the answer comes after it.
        end = self._body.limit.end
        status = self._api.end_stream(self._invocation, max(end - time(), 0) if end else 0)
        if not status:
            raise StreamCut(f"as no answer came to its end, after {self._sent} bytes")
        if status != 202:
            raise self._cut(status)

    def _beat(self) -> None:
        """Send a comment, which every reader of an event stream leaves out."""
        self._send(b": \n\n")

    def _begin(self) -> bytes:
        """Connect; return what goes before the body's first chunk."""
        prelude = self._reply.head
        self.begun = True
        headers = (
            f"Content-Type: {CONTENT_TYPE}\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
            f"Transfer-Encoding: chunked\r\nTrailer: {', '.join(_TRAILERS)}\r\n"
        )
        self._socket, head = self._api.begin_stream(self._invocation, headers)
        return head + b"%x\r\n%b\r\n" % (len(prelude), prelude)

    def _send(self, chunk: bytes) -> None:
        size = len(chunk)
        if not size:
            return  # it would be the end
        head = b"%x\r\n" % size
        if not self.begun:
            head = self._begin() + head
        else:
            self._look()
        if size < _LARGE:
            self._write(b"%b%b\r\n" % (head, chunk))
        else:  # from where it lies
            try:
                parts = (head, chunk, b"\r\n")
                left = self._socket.sendmsg(parts, (), NO_SIGNAL) - len(head)
            except OSError:
                left = -len(head)
            if left < 0:
                self._write(head[left:])
            if left < size:
                self._write(memoryview(chunk)[max(left, 0) :])
            if left < size + 2:
                self._write(b"\r\n"[max(left - size, 0) :])
        self._sent += size

    def _write(self, data: bytes | memoryview) -> None:
        """Send all of it, however slowly it is taken, as long as the stream's time lasts."""
        connection = self._socket
        view = memoryview(data)
        while view:
            try:
                view = view[connection.send(view, NO_SIGNAL) :]
            except BlockingIOError:
                if self._body.limit.is_over:
                    raise StreamCut(
                        f"as its reader was too slow: {self._sent} bytes until the function's time "
                        "would soon be over"
                    ) from None
            except OSError:
                raise self._answered() from None

    def _look(self) -> None:
        """See whether the API has ended the connection, or answered before the end."""
        now = time()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        if self._api.has_answer():
            raise self._answered()

    def _answered(self) -> StreamCut:
        return self._cut(self._api.end_stream(self._invocation, 0))

    def _cut(self, status: int) -> StreamCut:
        if status == 413:
            return StreamCut(f"as the API finds it too large, after {self._sent} bytes")
        if status:
            return StreamCut(f"as the API answered before its end, after {self._sent} bytes")
        return StreamCut(f"as the connection was closed, after {self._sent} bytes")


def _trailers(kind: str, message: str, invocation: Invocation) -> bytes:
    from binascii import b2a_base64

    from endpoint_runtime.json_codec import encode_json

    report = {
        "errorMessage": message[:_MAX_MESSAGE],
        "errorType": kind,
        "requestId": invocation.request_id,
        "stackTrace": [],
    }
    body = b2a_base64(encode_json(report), newline=False).decode()
    if not (kind.isascii() and kind.isprintable()):
        kind = "Runtime.Unknown"
    return f"{_TRAILERS[0]}: {kind}\r\n{_TRAILERS[1]}: {body}\r\n".encode()
