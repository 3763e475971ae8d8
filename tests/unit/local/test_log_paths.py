from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from packager.local.log_paths import RenamedPaths, names_of_paths

NAMES = names_of_paths(Path("/tmp/packager-x/F"), "my/plugin")
TEXT = (
    b'  File "/tmp/packager-x/F/plugin/a.py", line 1\n/tmp/packager-x/F/plugin '
    b"/tmp/packager-x/F/lib/b.py /tmp/packager-x/F\n/tmp/packager-x/"
)
SAID = (
    b'  File "my/plugin/a.py", line 1\n/var/task/plugin /var/task/lib/b.py /tmp/packager-x/F\n'
    b"/tmp/packager-x/"
)


@given(st.lists(st.integers(0, len(TEXT))))
def test_paths_are_renamed_however_the_text_is_cut(cuts: list[int]) -> None:
    said: list[bytes] = []
    renamed = RenamedPaths(NAMES, said.append)
    places = sorted({0, len(TEXT), *cuts})
    for start, end in pairwise(places):
        renamed(TEXT[start:end])
    renamed.end()
    assert b"".join(said) == SAID


def test_nothing_waits_that_can_be_no_path() -> None:
    said: list[bytes] = []
    renamed = RenamedPaths(NAMES, said.append)
    renamed(b"a line\n")
    renamed(b"progress: 10 %")
    assert said == [b"a line\n", b"progress: 10 %"]


def test_without_names_the_text_is_as_it_is() -> None:
    said: list[bytes] = []
    RenamedPaths((), said.append)(TEXT)
    assert said == [TEXT]
