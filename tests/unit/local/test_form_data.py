"""Forms as `curl -F` sends them, read back by werkzeug."""

from __future__ import annotations

from io import BytesIO

import pytest
from werkzeug.formparser import parse_form_data

from packager.errors import UsageError
from packager.local.form_data import encode_form

FILES = {"cat.png": b"\x89PNG\r\n--", "folder/note": b"a\r\nb", "-": b"from stdin"}


def sent(
    *fields: str,
) -> tuple[list[tuple[str, str]], list[tuple[str, str | None, str | None, bytes]]]:
    """The fields, and the files with their names, types and contents."""
    content_type, body = encode_form(fields, FILES.__getitem__)
    _, form, files = parse_form_data(
        {
            "wsgi.input": BytesIO(body),
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body)),
            "REQUEST_METHOD": "POST",
        }
    )
    uploads = []
    for name, file in files.items(multi=True):
        uploads.append((name, file.filename, file.content_type, file.read()))
        file.close()
    return list(form.items(multi=True)), uploads


def test_fields_keep_their_order_and_repetitions() -> None:
    assert sent("a=1", "b=", "a=2=3", "ä=ö;x=y", "text=<folder/note") == (
        [("a", "1"), ("a", "2=3"), ("b", ""), ("ä", "ö;x=y"), ("text", "a\r\nb")],
        [],
    )


def test_files_have_names_and_types() -> None:
    assert sent(
        "a=@cat.png",
        "b=@folder/note",
        'c=@-;filename="my cat.txt";type=text/plain',
        "d=@cat.png;type=image/x",
    ) == (
        [],
        [
            ("a", "cat.png", "image/png", FILES["cat.png"]),
            ("b", "note", "application/octet-stream", FILES["folder/note"]),
            ("c", "my cat.txt", "text/plain", FILES["-"]),
            ("d", "cat.png", "image/x", FILES["cat.png"]),
        ],
    )


def test_names_can_not_break_out_of_their_quotes() -> None:
    _, body = encode_form(['a"\r\nX: y=1'], FILES.__getitem__)
    assert b'name="a%22%0D%0AX: y"' in body


@pytest.mark.parametrize("field", ["a", "=b", ""])
def test_what_is_no_field_is_refused(field: str) -> None:
    with pytest.raises(UsageError, match="a form's field is NAME=VALUE or NAME=@FILE, not"):
        encode_form([field], FILES.__getitem__)
