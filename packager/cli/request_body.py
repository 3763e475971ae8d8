"""Reads the body of a request from what the command line says, or from where it says it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from packager.errors import UsageError
from packager.local.form_data import encode_form
from packager.local.request_event import Header, parse_header


def read_request_body(
    data: str | None, fields: Sequence[str], headers: Sequence[str]
) -> tuple[bytes, list[Header]]:
    """Return the body that -d or -F say, which may be a file's or stdin's, and all headers."""
    parsed = [parse_header(each) for each in headers]
    if not fields:
        return b"" if data is None else _read_data(data), parsed
    if data is not None:
        raise click.UsageError("a request has one body: -d or -F, not both")
    content_type, body = encode_form(fields, read_named)
    if not any(name.lower() == "content-type" for name, _ in parsed):
        parsed.append(("Content-Type", content_type))
    return body, parsed


def _read_data(data: str) -> bytes:
    return read_named(data[1:]) if data.startswith("@") else os.fsencode(data)


def read_named(name: str) -> bytes:
    """Return the content of a file, or of stdin if it is called `-`; raises `UsageError`."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as fault:
        raise UsageError(f"{name} can't be read: {fault.strerror}") from fault
