"""Endpoints whose answers are generators."""

from __future__ import annotations

TICKS = """
def ticks():
    for n in range(3):
        yield f"tick {n}\\n"
        time.sleep(0.3)
---
return Response(ticks(), 201, {"X-A": "1", "Set-Cookie": "a=b"}, content_type="text/plain")
"""
MIXED = """
def mixed():
    yield ""
    yield "é"
    yield b""
    yield b"\\xff"
    yield bytearray(b"12")
    yield memoryview(b"34")
    yield b"\\0" * 8
---
response = Response(mixed())
response.set_cookie("one", "1")
response.set_cookie("two", "2")
response.headers["X-Text"] = "ü"
return response
"""
MIDWAY = """
def midway():
    try:
        yield "so far"
        raise KeyError("top secret")
    finally:
        print("closed")
---
response = Response(midway())
response.call_on_close(lambda: print("on close"))
return response
"""
