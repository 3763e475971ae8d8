"""Calls back to Dify and imports of `dify_plugin`, found in sources."""

from __future__ import annotations

from textwrap import dedent

import pytest

from packager._in_target.required_imports import read_required
from packager._in_target.session_calls import read_calls

IN_METHOD = """
from dify_plugin import Endpoint

class E(Endpoint):
    def _invoke(self, r, values, settings):
{body}
"""


def calls(source: str) -> list[str]:
    found = read_calls(source.encode(), "x.py")
    return [f"{line}:{column} {call}" for line, column, call in found["calls"]]


def in_method(body: str) -> list[str]:
    indented = "\n".join(f"        {line}" for line in dedent(body).strip().splitlines())
    found = read_calls(IN_METHOD.replace("{body}", indented).encode(), "x.py")
    return [call for _, _, call in found["calls"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("self.session.tool.invoke(1)", "tool.invoke"),
        ("self.session.tool.invoke_builtin_tool('p', 't', {})", "tool.invoke_builtin_tool"),
        ("return self.session.model.llm.invoke(model_config=x)", "model.llm.invoke"),
        ("session = self.session\nsession.model.tts.invoke(1)", "model.tts.invoke"),
        ("session = self.session; m = session.model.llm\nm.invoke(1)", "model.llm.invoke"),
        ("model = self.session.model\nfor x in model.llm.invoke(1): pass", "model.llm.invoke"),
        ("ask = self.session.model.rerank.invoke_multimodal", "model.rerank.invoke_multimodal"),
        ("submit(self.session.tool.invoke, 1)", "tool.invoke"),
        ("(s := self.session).tool.invoke()", "tool.invoke"),
        ("a, b = 1, self.session.tool\nb.invoke()", "tool.invoke"),
        ("def inner():\n    return s.tool.invoke()\ns = self.session", "tool.invoke"),
        ("x = lambda: self.session.model.llm.invoke(1)", "model.llm.invoke"),
        ("m = self.session.model.llm if a else other\nm.invoke(1)", "model.llm.invoke"),
        ("m = other or self.session.model.llm\nm.invoke(1)", "model.llm.invoke"),
        ("getattr(self.session, 'tool').invoke()", "tool.invoke"),
        (
            "self.session.workflow_node.question_classifier.invoke()",
            "workflow_node.question_classifier.invoke",
        ),
        ("r.session.tool.invoke()", "tool.invoke"),  # whoever has a `session`
        (
            "from dify_plugin.invocations.model.llm import LLMInvocation as L\n"
            "L(self.session).invoke(1)",
            "model.llm.invoke",
        ),
        (
            "from dify_plugin.invocations.tool import ToolInvocation\n"
            "t = ToolInvocation(self.session)\nt.invoke(1)",
            "tool.invoke",
        ),
    ],
)
def test_a_call_in_a_method(body: str, expected: str) -> None:
    assert in_method(body) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        "self.session.storage.get('a')",
        "self.tool.invoke(1)",
        "self.model.llm.invoke(1)",  # another's model
        "tool = load()\ntool.invoke(1)",
        "session = requests.Session()\nsession.tool.invoke(1)",
        "from db import session\nsession.model.llm.invoke(1)",
        "with open_session() as session:\n    session.tool.invoke()",
        "for session in sessions:\n    session.tool.invoke()",
        "self.session.tool.name",
        "self.session.model.llm",
        "self.session.tool = 5",
        "self.session.model.llm.other(1)",
        "'self.session.tool.invoke(1)'",
        "from other import ToolInvocation\nToolInvocation(1).invoke(1)",
    ],
)
def test_what_is_no_such_call(body: str) -> None:
    assert in_method(body) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def ask(session):\n    session.model.llm.invoke(1)\n", ["2:5 model.llm.invoke"]),
        (
            "from dify_plugin.core.runtime import Session\n"
            "def ask(s: Session):\n    s.model.llm.invoke(1)\n",
            ["3:5 model.llm.invoke"],
        ),
        ("def ask(s: 'Session | None'):\n    s.tool.invoke(1)\n", ["2:5 tool.invoke"]),
        ("def ask(s: Optional['Session']):\n    s.tool.invoke(1)\n", ["2:5 tool.invoke"]),
        ("def ask(s: t.Union[None, Session]):\n    s.tool.invoke(1)\n", ["2:5 tool.invoke"]),
        (
            "import dify_plugin\ndef ask(s: dify_plugin.Session):\n    s.tool.invoke(1)\n",
            ["3:5 tool.invoke"],
        ),
        # An annotation that says nothing leaves it to the name.
        ("def ask(session: Any):\n    session.tool.invoke(1)\n", ["2:5 tool.invoke"]),
        ("def ask(session: 'Optional[object]'):\n    session.tool.invoke(1)", ["2:5 tool.invoke"]),
        ("def ask(s: Any):\n    s.tool.invoke(1)\n", []),
        ("def ask(session: requests.Session):\n    session.tool.invoke(1)\n", []),
        ("def ask(session: Optional[dict]):\n    session.tool.invoke(1)\n", []),
        (
            "from requests import Session\n"
            "def ask(session: Session):\n    session.tool.invoke(1)\n",
            [],
        ),
        ("def ask(session: dict):\n    session.tool.invoke(1)\n", []),
        ("def ask(s):\n    s.tool.invoke(1)\n", []),
        (
            "class Asker:\n"
            "    def __init__(self, session):\n        self.llm = session.model.llm\n"
            "    def ask(self):\n        return self.llm.invoke(1)\n",
            ["5:16 model.llm.invoke"],
        ),
        (
            "class Asker:\n"
            "    def __init__(self, s):\n        self.session = requests.Session()\n"
            "    def ask(self):\n        return self.session.tool.invoke(1)\n",
            [],
        ),
        (
            "class Asker:\n    @property\n"
            "    def llm(self):\n        return self.session.model.llm\n"
            "    def ask(self):\n        return self.llm.invoke(1)\n",
            ["6:16 model.llm.invoke"],
        ),
        (
            "class Asker:\n"
            "    def llm(self):\n        m = self.session.model\n        return m.llm\n"
            "    def ask(self):\n        return self.llm().invoke(1)\n",
            ["6:16 model.llm.invoke"],
        ),
        ("async def f(session):\n    await session.tool.invoke(1)\n", ["2:11 tool.invoke"]),
        ("[session.tool.invoke(x) for x in y]\n", ["1:2 tool.invoke"]),
        (
            "session.tool.invoke(1)\nsession.tool.invoke(2)\n",
            ["1:1 tool.invoke", "2:1 tool.invoke"],
        ),
        ("session = session\nsession.tool.invoke(1)\n", []),
        ("a = b\nb = a\na.tool.invoke(1)  # session\n", []),
        ("this is no Python session", []),
    ],
)
def test_calls_with_their_places(source: str, expected: list[str]) -> None:
    assert calls(source) == expected


def test_imports_of_the_sdk() -> None:
    source = dedent(
        """\
        import os, dify_plugin.file.file
        from dify_plugin import (
            Endpoint,
            File as F,
        )
        from dify_plugin.entities import *
        from .dify_plugin import mine
        if TYPE_CHECKING:
            from dify_plugin.x import Y
        try:
            from dify_plugin.x import Z
        except ImportError:
            from dify_plugin.core import runtime
        try:
            import dify_plugin.kept
        except KeyError:
            pass
        def f():
            from dify_plugin.inner import I
        """
    )
    assert read_required(source.encode(), "x.py")["sdk_imports"] == [
        ["dify_plugin.file.file", None, 1, 12, True],
        ["dify_plugin", "Endpoint", 3, 5, True],
        ["dify_plugin", "File", 4, 5, True],
        ["dify_plugin.entities", None, 6, 34, True],
        ["dify_plugin.kept", None, 15, 12, False],
        ["dify_plugin.inner", "I", 19, 35, False],
    ]
