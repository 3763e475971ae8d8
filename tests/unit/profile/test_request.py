from __future__ import annotations

import pytest

from packager.profile.request import default_request


@pytest.mark.parametrize(
    ("routes", "request_"),
    [
        ((("/a/<id>", "GET"), ("/b", "POST"), ("/c", "GET")), ("GET", "/c")),
        ((("/b", "POST"), ("/a/<id>", "GET")), ("GET", "/a/x")),
        ((("/b/<int:n>", "POST"),), ("POST", "/b/1")),
        ((("/<any(de, 'en'):lang>/<path:rest>", "GET"),), ("GET", "/de/x")),
        ((("/<string(length=3):code>/<float:f>", "GET"),), ("GET", "/xxx/1.0")),
        ((("/<uuid:u>", "GET"),), ("GET", "/00000000-0000-0000-0000-000000000000")),
        ((), ("POST", "/")),
    ],
)
def test_the_request(routes: tuple[tuple[str, str], ...], request_: tuple[str, str]) -> None:
    assert default_request([(*route, "x.py") for route in routes]) == request_
