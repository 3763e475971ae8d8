"""What a browser comes back with: its state is looked at, and nobody else's is taken."""

from __future__ import annotations

import http.client
from typing import Any, cast

import pytest

from packager.errors import PackagerError, UsageError
from packager.subscriptions.constructor import Constructor
from packager.subscriptions.oauth import (
    PATH,
    Authorization,
    Redirects,
    begin,
    returned_url,
)

REDIRECT = "http://127.0.0.1:8976/oauth/callback"
AUTHORIZATION = Authorization("https://service.example/", "the state", REDIRECT)


class Says:
    """A constructor that has one answer."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def call(self, action: str, **asked: Any) -> Any:
        return self.answer


def begun(url: str) -> Authorization:
    return begin(cast("Constructor", Says(url)), {}, REDIRECT)


def test_the_plugins_own_state_is_kept() -> None:
    url = "https://service.example/authorize?client_id=1&state=theirs#x"

    assert begun(url) == Authorization(url, "theirs", REDIRECT)


def test_an_address_without_a_state_gets_one() -> None:
    first = begun("https://service.example/authorize?client_id=1")
    second = begun("https://service.example/authorize")

    assert first.url == f"https://service.example/authorize?client_id=1&state={first.state}"
    assert second.url == f"https://service.example/authorize?state={second.state}"
    assert len({first.state, second.state}) == 2
    assert len(first.state) >= 32


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "", "/authorize"])
def test_what_no_browser_should_open(url: str) -> None:
    with pytest.raises(PackagerError, match="is none for a browser"):
        begun(url)


def test_what_is_pasted() -> None:
    url = f"{REDIRECT}?code=c&state=the%20state"

    assert returned_url(AUTHORIZATION, f" {url}\n") == url
    assert returned_url(AUTHORIZATION, "a/b+c\n") == f"{REDIRECT}?code=a%2Fb%2Bc&state=the%20state"


@pytest.mark.parametrize(
    "pasted", ["", " \n", f"{REDIRECT}?code=c", f"{REDIRECT}?code=c&state=other"]
)
def test_what_is_pasted_and_is_not_an_answer_to_this(pasted: str) -> None:
    with pytest.raises(UsageError):
        returned_url(AUTHORIZATION, pasted)


def get(redirects: Redirects, path: str, host: str | None = None) -> tuple[int, str]:
    address = redirects.redirect_uri.removeprefix("http://").removesuffix(PATH)
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", path, headers={"Host": host or address})
    with connection.getresponse() as answer:
        connection.close()
        return answer.status, answer.read().decode()


def test_the_first_with_the_state_is_taken_and_nothing_else() -> None:
    with Redirects(0).serving() as redirects:
        good = f"{PATH}?code=c&state=s1"
        assert get(redirects, good)[0] == 400  # nothing is expected yet
        redirects.expect("s1")
        assert get(redirects, f"{PATH}?code=c&state=s2")[0] == 400
        assert get(redirects, f"{PATH}?code=c")[0] == 400
        assert get(redirects, "/favicon.ico")[0] == 404
        assert get(redirects, good, host="evil.example")[0] == 404
        status, page = get(redirects, good)
        assert (status, "You may close this page" in page) == (200, True)
        assert get(redirects, good)[0] == 400

        assert redirects.wait(1) == f"{redirects.redirect_uri}?code=c&state=s1"


def test_nobody_comes() -> None:
    with (
        Redirects(0).serving() as redirects,
        pytest.raises(PackagerError, match="nobody came back from the service within"),
    ):
        redirects.wait(0.01)


def test_a_port_that_is_taken() -> None:
    with Redirects(0).serving() as redirects:
        port = int(redirects.redirect_uri.rpartition(":")[2].partition("/")[0])

        with pytest.raises(PackagerError, match=f"port {port} of this machine can't be had"):
            Redirects(port)
