from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from packager.model.options import PREVIEW, Runtime
from packager.model.runtimes import ENDS, what_ends


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2026, 12, 1), None),
        (date(2027, 2, 1), "python3.11 ends on 2027-06-30: Lambda mends it no more"),
        (date(2027, 6, 30), "python3.11 has ended on 2027-06-30: Lambda mends it no more"),
    ],
)
def test_a_runtime_s_end_is_said_half_a_year_before(today: date, said: str | None) -> None:
    assert what_ends("python3.11", today) == said
    assert what_ends("provided.al2023", today) is None


def test_every_runtime_but_a_preview_has_its_date() -> None:
    assert {*get_args(Runtime)} - PREVIEW <= ENDS.keys()
    assert not PREVIEW & ENDS.keys()
