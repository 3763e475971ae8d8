"""What uv says when the machine or the network fails it, in its own words."""

from __future__ import annotations

import pytest

from packager.host.uv import mask_credentials
from packager.host.uv_failures import (
    OutOfResources,
    Unreachable,
    could_not_fetch,
    lack_of_resources,
)

CLONE = """Failed to download and build `foo @ git+https://host/a/b.git@main`
  cause: Git operation failed
  cause: failed to clone into: /home/me/.cache/uv/git-v2/db/3926776ae915aad9
  cause: failed to fetch branch or tag `main`
  cause: process didn't exit successfully: `/usr/bin/git fetch --force --update-head-ok \
'https://host/a/b.git' '+refs/tags/main:refs/remotes/origin/tags/main'` (exit status: 128)
         --- stderr
         fatal: """


@pytest.mark.parametrize(
    ("code", "problem", "first"),
    [
        (
            2,
            "Failed to write: No space left on device (os error 28)",
            "there is no room left on the disk",
        ),
        (1, "OSError: [Errno 28] No space left on device", "there is no room left on the disk"),
        (2, "x\n  cause: Disk quota exceeded (os error 122)", "there is no room left on the disk"),
        (-6, "memory allocation of 64 bytes failed", "there is not enough memory"),
        (1, "Failed to build `x`\n  MemoryError", "there is not enough memory"),
        (-9, "", "uv was killed, as happens where there is not enough memory"),
        (2, "Too many open files (os error 24) at path", "too many files are open"),
        (
            -6,
            'Os { code: 11, kind: WouldBlock, message: "Resource temporarily unavailable" }',
            "no more processes or threads can be started",
        ),
        (2, "Read-only file system (os error 30)", "the disk can't be written"),
        (-11, "", "uv was ended by signal 11"),
        (1, "No solution found when resolving dependencies: os error 281", None),
        (0, "warning: No space left on device (os error 28)", None),
    ],
)
def test_want_of_something_is_no_missing_version(
    code: int, problem: str, first: str | None
) -> None:
    error = lack_of_resources(code, problem)
    assert (str(error).splitlines()[0].split(";")[0].rstrip(":") if error else None) == first
    assert error is None or isinstance(error, OutOfResources)


@pytest.mark.parametrize(
    ("problem", "first", "hint", "passing"),
    [
        (
            f"{CLONE}unable to access 'https://host/a/b.git/': Failed to connect to host port 443",
            "the git repository https://host/a/b.git@main can't be fetched:",
            "check the address and the network: git ls-remote <address>",
            True,
        ),
        (
            f"{CLONE}couldn't find remote ref refs/tags/main",
            "the git repository https://host/a/b.git@main can't be fetched:",
            "the repository has no such branch, tag or commit: correct what is asked",
            False,
        ),
        (
            f"{CLONE}could not read Username for 'https://host': terminal prompts disabled",
            "the git repository https://host/a/b.git@main can't be fetched:",
            "git asks nobody here: give it a credential helper, or ssh a key and known hosts",
            True,
        ),
        (
            "Failed to download and build `foo @ git+ssh://git@host/b.git`\n"
            "  cause: Git operation failed\n  cause: Git executable not found. Ensure",
            "the git repository ssh://git@host/b.git can't be fetched:",
            "install git",
            False,
        ),
        (
            "No solution found when resolving dependencies\n  cause: Because six==1.14.0 needs to "
            "be downloaded from a registry\n\nhint: Packages were unavailable because the network "
            "was disabled.",
            "uv is offline, and its cache lacks what is needed:",
            "take UV_OFFLINE out of the environment (or `offline` out of uv.toml), or build once "
            "with a network: uv keeps what it fetched",
            True,
        ),
        (
            "error: invalid value 'http://[a' for '--index <INDEX>': invalid IPv6 address",
            "an index setting of uv is not an address:",
            "correct the environment (UV_DEFAULT_INDEX, UV_INDEX, UV_FIND_LINKS)",
            False,
        ),
        (
            "No solution found\n\nhint: An index URL (http://host/simple) could not be queried due "
            "to a lack of valid authentication credentials (401 Unauthorized).",
            "a package index wants other credentials:",
            "docs/dependencies.md says where they are read from: the index's URL, "
            "UV_INDEX_<NAME>_USERNAME and _PASSWORD, or a netrc file",
            True,
        ),
        (
            "Failed to fetch: `https://host/simple/six/`\n  cause: dns error",
            "the package index can't be reached:",
            "check the network, and the index settings of uv (UV_DEFAULT_INDEX, UV_INDEX, "
            "uv.toml); those of pip are not read",
            True,
        ),
        (
            "Metadata for `six` could not be fetched; the server returned: `503 Service "
            "Unavailable`",
            "the package index can't be reached:",
            "check the network, and the index settings of uv (UV_DEFAULT_INDEX, UV_INDEX, "
            "uv.toml); those of pip are not read",
            True,
        ),
    ],
)
def test_what_could_not_be_fetched_is_called_what_it_is(
    problem: str, first: str, hint: str, passing: bool
) -> None:
    error = could_not_fetch(1, problem)
    assert error is not None
    assert (str(error).splitlines()[0], error.hint) == (first, hint)
    assert isinstance(error, Unreachable) is passing


def test_no_solution_while_offline_is_no_word_on_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "No solution found when resolving: there is no version of six==9.14.0"
    assert could_not_fetch(1, said) is None
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert isinstance(could_not_fetch(1, said), Unreachable)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://me:p@ss@host/simple", "https://***@host/simple"),
        (
            "https://host/x.whl?X-Amz-Signature=abc&part=1",
            "https://host/x.whl?X-Amz-Signature=***&part=1",
        ),
        ("`https://host/x?access_token=abc`", "`https://host/x?access_token=***`"),
        ("https://host/a?q=1#me@host", "https://host/a?q=1#me@host"),
    ],
)
def test_secrets_in_addresses_are_masked(text: str, masked: str) -> None:
    assert mask_credentials(text) == masked
