"""`--open`: the browser gets the console's address, and no token in its arguments."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from starlette.testclient import TestClient

from packager.cli.endpoints.page import Page
from packager.console.source import StackView
from tests.support.served import PATIENCE


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that what is called as the browser writes its arguments to."""
    found = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$*" > {found}.part && mv {found}.part {found}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    return found


def arguments(opened: Path) -> str:
    end = time.monotonic() + PATIENCE
    while not opened.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    return opened.read_text()


def test_the_address_is_opened(opened: Path) -> None:
    Page("127.0.0.1", (), True, None).open(3001)
    assert arguments(opened) == "http://localhost:3001/_console/"


def test_a_token_is_in_a_file_of_the_users_own(opened: Path) -> None:
    Page("0.0.0.0", (), True, "s3cret").open(3001)
    told = arguments(opened)
    assert "s3cret" not in told
    file = Path(url2pathname(urlsplit(told).path))
    assert "url=http://localhost:3001/_console/?token=s3cret" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()


def test_nothing_is_opened_unasked(opened: Path) -> None:
    Page("127.0.0.1", (), False, None).open(3001)
    assert not opened.exists()


@pytest.mark.parametrize(
    ("host", "name"),
    [("127.0.0.1", "localhost"), ("0.0.0.0", "localhost"), ("::", "localhost"), ("box", "box")],
)
def test_the_console_answers_at_the_address_that_it_says(host: str, name: str) -> None:
    page = Page(host, (), False, "s3cret")
    address = page.address(3001)
    assert address == f"http://{name}:3001/_console/?token=s3cret"
    with TestClient(page.application(StackView("prod", "eu-central-1", ()))) as client:
        for said, status in ((name, 200), ("elsewhere.example", 421)):
            reply = client.get(
                "http://127.0.0.1/_console/?token=s3cret", headers={"Host": f"{said}:3001"}
            )
            assert reply.status_code == status
