"""The runtime's frames are folded in what is logged, the plugin's never."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from endpoint_runtime.logs import own_frames, report
from endpoint_runtime.logs.own_frames import fold

ROOT = str(Path(own_frames.__file__).parents[1])


def frame(path: str, *more: str) -> str:
    return f'  File "{path}", line 1, in f\n' + "".join(f"    {line}\n" for line in more)


OURS = frame(f"{ROOT}/endpoint_runtime/app/application.py", "x()", "~^^")
SDK = frame(f"{ROOT}/dify_plugin/interfaces/endpoint/__init__.py", "return self._invoke()")
THEIRS = frame("/var/task/plugin/endpoints/duck.py", "1/0", "~^~")
HEAD, END = "Traceback (most recent call last):\n", "ZeroDivisionError: division by zero"


def test_runs_of_frames_become_a_line() -> None:
    cause = HEAD + OURS + THEIRS + "KeyError: 1\n\nThe above exception was the direct cause:\n\n"
    whole = cause + HEAD + OURS + OURS + SDK + THEIRS + OURS + THEIRS + SDK + OURS + END

    assert fold(whole) == (
        HEAD
        + "  (1 frame of the runtime)\n"
        + THEIRS
        + "KeyError: 1\n\nThe above exception was the direct cause:\n\n"
        + HEAD
        + "  (3 frames of the runtime)\n"
        + THEIRS
        + "  (1 frame of the runtime)\n"
        + THEIRS
        + "  (2 frames of the runtime)\n"
        + END
    )


def test_a_failure_of_the_runtime_itself_is_whole() -> None:
    whole = HEAD + OURS + SDK + END
    assert fold(whole) == whole


def test_what_looks_like_a_frame_in_a_message_is_kept() -> None:
    whole = HEAD + THEIRS + "ValueError: no\n    such thing\n  in the text"
    assert fold(whole) == whole


@pytest.mark.parametrize(("level", "folded"), [("INFO", True), ("DEBUG", False), ("ERROR", True)])
def test_all_frames_are_logged_at_debug(
    level: str, folded: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    report.configure({"AWS_LAMBDA_LOG_LEVEL": level})
    source = f"{ROOT}/endpoint_runtime/app/application.py"
    names: dict[str, object] = {"inner": lambda: 1 / 0}
    exec(compile("def outer():\n    inner()\n", source, "exec"), names)
    try:
        names["outer"]()  # type: ignore[operator]
    except ZeroDivisionError as fault:
        report.log_exception("failed", fault)
        assert source in traceback.format_exc()
    finally:
        report.configure()
    said = capsys.readouterr().err

    assert ("  (1 frame of the runtime)\n" in said, source in said) == (folded, not folded)
    assert "in <lambda>" in said
