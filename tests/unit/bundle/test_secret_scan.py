"""Known secrets, and finding them in what a build made, in any spelling."""

from __future__ import annotations

import base64
import html
import inspect
import json
import marshal
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from endpoint_runtime.secret_search import SecretSearch
from packager.bundle.known_secrets import KnownSecret, known_secrets
from packager.bundle.secret_scan import refuse_leaks, refuse_leaks_in, search_for
from packager.errors import PackagerError
from packager.model.options import EnvSource
from packager.plugin.functions import FunctionPlan
from tests.support.secret_forms import FORMS
from tests.support.template_builders import literal, make_plan, make_setting

SECRET = 'p\'sswörd "1"\\&/+'


def plan(root: Path, **more: object) -> FunctionPlan:
    return make_plan(
        root=root,
        declared=[
            make_setting("api_key", "secret-input"),
            make_setting("plain"),
            make_setting("other", "secret-input"),
        ],
        settings={"api_key": EnvSource("NEKO_API_KEY"), "plain": EnvSource("NEKO_PLAIN")} | more,
    )


def origins(root: Path, **environment: str) -> dict[str, str]:
    return {each.origin: each.value for each in known_secrets([plan(root)], environment)}


def test_secrets_of_the_environment_are_those_that_settings_come_from(tmp_path: Path) -> None:
    assert origins(
        tmp_path, NEKO_API_KEY="abcdefgh", NEKO_PLAIN="abcdefghi", OTHER_KEY="abcdefghij"
    ) == {"the environment variable NEKO_API_KEY": "abcdefgh"}


def test_secrets_of_an_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "NEKO_API_KEY='with blanks in it'\n"
        "SLACK_TOKEN=xoxb-1234\n"
        "apikey=lower-case\n"
        "A=0123456789abcdef\n"  # looks made up
        # Not these: modes, models, addresses, placeholders, what is short, what is not a secret.
        "MODE=development\n"
        "MODEL=text-embedding-3-small\n"
        "REMOTE_INSTALL_URL=debug.dify.ai:5003\n"
        "REMOTE_INSTALL_KEY=********-****-****-****-************\n"
        "AUTHOR=langgenius\n"
        "MONKEY=chimpanzee\n"
        "DEBUG_TOKEN=true\n"
        "PIN_SECRET=1234567\n"
    )

    assert origins(tmp_path) == {
        "NEKO_API_KEY of plugins/neko/.env": "with blanks in it",
        "SLACK_TOKEN of plugins/neko/.env": "xoxb-1234",
        "apikey of plugins/neko/.env": "lower-case",
        "A of plugins/neko/.env": "0123456789abcdef",
    }


def test_secrets_of_local_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.local.toml").write_text(
        'settings = {api_key = "abcdefgh", plain = "abcdefghi"}\n'
        'groups.neko.settings = {other = "abcdefghij"}\n'
        'apps = {"*" = "app-abcdefgh"}\n'
        'groups.more.settings = {other = "of another group"}\n'
    )

    assert origins(tmp_path) == {
        "api_key of plugins/neko/settings.local.toml": "abcdefgh",
        "other of plugins/neko/settings.local.toml": "abcdefghij",
        "apps.* of plugins/neko/settings.local.toml": "app-abcdefgh",
    }


@pytest.mark.parametrize(
    "written",
    [
        b"export MY_TOKEN=abc-def-123\r\n",
        b'MY_TOKEN = "abc-def-123"',
        b'MY_TOKEN="abc-def-123\nMODE=x\n',
        b"MY_TOKEN: abc-def-123\nMODE=x\n",
        b"NAME=\xe9\nMY_TOKEN=abc-def-123\n",
        "MY_TOKEN=abc-def-123\n".encode("utf-16"),
        b"\xef\xbb\xbfMY_TOKEN=abc-def-123\n",
        b"DATABASE_URL=postgres://me:abc-def-123@db.example.com/x\n",
        b"myToken=abc-def-123\n",
    ],
)
def test_secrets_of_an_env_file_in_whatever_shape(tmp_path: Path, written: bytes) -> None:
    (tmp_path / ".env").write_bytes(written)

    assert list(origins(tmp_path).values()) == ["abc-def-123"]


def test_files_that_cant_be_read_hold_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    (tmp_path / "settings.local.toml").write_text("settings = ")

    assert origins(tmp_path) == {}


def test_a_secret_shows_nowhere() -> None:
    assert SECRET not in repr(KnownSecret("x", SECRET))


@pytest.mark.parametrize(
    "written",
    [
        *[form(SECRET).encode("utf-8", "surrogateescape") for form in FORMS.values()],
        SECRET.encode("utf-16"),
        SECRET.encode("utf-16-be"),
        marshal.dumps(compile(f"key = {SECRET!r}", "x.py", "exec")),
        html.escape(json.dumps(json.dumps({"key": urllib.parse.quote(SECRET)}))).encode(),
    ],
    ids=[*FORMS, "UTF-16", "UTF-16 BE", "bytecode", "several"],
)
def test_spellings(written: bytes) -> None:
    secrets = [KnownSecret("OTHER", "other-0123456789"), KnownSecret("KEY of .env", SECRET)]
    with pytest.raises(PackagerError) as refused:
        refuse_leaks_in([("clean.txt", b"p'ssword"), ("a/b.bin", b"\0\1" + written)], secrets)

    assert str(refused.value) == (
        "a secret is in what was built: a/b.bin holds the value of KEY of .env"
    )
    assert refused.value.exit_code == 1


def test_the_build_finds_what_the_log_masks() -> None:
    """Both have their spellings from one file."""
    ours = type(search_for([]))

    assert ours.__name__ == SecretSearch.__name__
    assert inspect.getsource(ours) == inspect.getsource(SecretSearch)
    assert inspect.getsourcefile(ours) == inspect.getsourcefile(SecretSearch)


@given(secret=st.text("abc019/+~\xe9", min_size=8), before=st.binary(max_size=7), after=st.binary())
def test_base64_of_any_text_around(secret: str, before: bytes, after: bytes) -> None:
    assume(sum(each.isalnum() for each in secret) >= 8)
    raw = secret.encode()

    for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes):
        assert any(search_for([secret]).find(encode(before + raw + after)))


def test_a_placeholder_of_words_is_not_found_in_prose() -> None:
    refuse_leaks_in([("README.md", b"Set your api key.")], [KnownSecret("x", "your-api-key")])


def test_every_file_below_a_folder_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.pyc").write_bytes(b"..." + SECRET.encode())
    (tmp_path / "fine").write_bytes(b"")

    refuse_leaks(tmp_path, [])
    with pytest.raises(
        PackagerError, match=r"^a secret is in what was built: [^ ]*/a/b/c\.pyc holds"
    ):
        refuse_leaks(tmp_path, [KnownSecret("x", SECRET)])


def test_a_literal_setting_is_no_secret(tmp_path: Path) -> None:
    assert known_secrets([plan(tmp_path, plain=literal("abcdefgh"))], {}) == ()
