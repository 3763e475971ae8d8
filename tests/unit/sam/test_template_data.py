"""What a plugin says is data in the template: nothing in it is a reference or a function."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.cli.main import main
from packager.errors import Diagnostics, PackagerError
from packager.model.events import ScheduleEvent
from packager.model.options import EnvSource
from packager.model.plugin import EndpointGroup
from packager.plugin.functions import FunctionPlan
from packager.sam.checks.template import check_template
from packager.sam.makefile import render_makefile
from packager.sam.template import render_template
from tests.support.plugin_writer import write_plugin
from tests.support.template_builders import PLACE, make_endpoint, make_plan, make_setting, translate

DYNAMIC = re.compile(r"\{\{\s*resolve", re.IGNORECASE)
PIECES = (
    *("{{resolve:ssm:/x}}", "{{{resolve:ssm-secure:/x:1}}}", "{\u200b{resolve:ssm:/x}}"),
    *("{{ReSolve:", "{{ resolve:ssm:/x}}", "{{re\u2060solve:ssm:/x}}", "%7B%7Bresolve:"),
    *("{{{{", "{", "}}", "resolve:ssm:/x", "{{x}}", "${AWS::AccountId}", "${NekoRole.Arn}"),
    *("${!AWS::Region}", "$${AWS::StackName}", "${", "$", "!Ref NekoApi", "Ref: NekoApi"),
    *("!Sub '${AWS::Region}'", "Fn::Sub", "AWS::NoValue", "AWS::Region", "\n", "\r", "\x00"),
    *("\x1b[31m", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800", "# ", ": ", "'", '"', "|"),
    *(">", "- ", "[", "*a", "&a", "é", "🐈"),
)
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=6).map("".join)


@st.composite
def plans(draw: st.DrawFn) -> tuple[FunctionPlan, FunctionPlan]:
    """A plan in which all that a plugin says is hostile, and its twin, which says nothing odd."""
    api = draw(st.sampled_from(["http", "rest", "url"]))
    several = draw(st.booleans())
    count = draw(st.integers(1, 3))

    def made(text: Callable[[], str]) -> FunctionPlan:
        # A template names its outputs after paths; letters at their front make all differ.
        endpoints = tuple(
            replace(make_endpoint("GET /"), path=f"/{'abc'[number]}{text()}")
            for number in range(count)
        )
        declared = tuple(
            replace(
                make_setting(f"s{number}", kind, default="x"),
                name=f"s{number}{text()}",
                label={"en_US": text()},
                help={"en_US": text()},
                default=text(),
            )
            for number, kind in enumerate(("text-input", "select", "secret-input"))
        )
        sources = {each.name: EnvSource(f"VALUE_{n}") for n, each in enumerate(declared)}
        plan = make_plan(api=api, declared=declared, settings=sources, description=text())
        group = EndpointGroup(text() or "g", f"g/{text()}.yaml", declared, endpoints, PLACE)
        groups = (group, group) if several else (group,)
        plugin = replace(plan.plugin, name=f"n{text()}", version=text(), groups=groups)
        return FunctionPlan(plugin, group, "NekoFunction", plan.options)

    return made(lambda: draw(hostile)), made(lambda: "x")


class _Loader(yaml.SafeLoader):
    """Reads `!Ref x` as ("Ref", "x"): a function, which no text can be."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: (tag, loader.construct_scalar(node)))


def values(tree: Any) -> Iterator[Any]:
    match tree:
        case dict():
            for key, inner in tree.items():
                yield key
                yield from values(inner)
        case list():
            for inner in tree:
                yield from values(inner)
        case _:
            yield tree


def functions(tree: Any) -> Counter[tuple[str, str]]:
    """Every function in short form, of a `Sub` what it refers to."""
    found: Counter[tuple[str, str]] = Counter()
    for value in values(tree):
        if isinstance(value, tuple):
            tag, text = value
            names = re.findall(r"\$\{([^!}][^}]*)\}", text) if tag == "Sub" else [text]
            found.update((tag, name) for name in names)
    return found


def long_functions(tree: Any) -> Counter[tuple[str, str]]:
    """Every function in long form, as SAM's translator writes them."""
    found: Counter[tuple[str, str]] = Counter()
    match tree:
        case dict():
            for key, inner in tree.items():
                if key == "Fn::Sub":
                    text = inner if isinstance(inner, str) else inner[0]
                    names = re.findall(r"\$\{([^!}][^}]*)\}", text)
                    found.update((key, name) for name in names)
                elif key == "Ref" or str(key).startswith("Fn::"):
                    name = re.sub(r"[0-9a-f]{10}", "<hash>", json.dumps(inner))
                    found[key, name] += 1
                found += long_functions(inner)
        case list():
            for inner in tree:
                found += long_functions(inner)
    return found


def texts(tree: Any) -> list[str]:
    return [str(value[1] if isinstance(value, tuple) else value) for value in values(tree)]


@given(plans())
@settings(max_examples=100)
def test_nothing_a_plugin_says_is_a_reference(pair: tuple[FunctionPlan, FunctionPlan]) -> None:
    rendered, plain = (render_template([plan]) for plan in pair)

    tree = yaml.load(rendered.encode(), _Loader)
    assert [text for text in texts(tree) if DYNAMIC.search(text)] == []
    assert functions(tree) == functions(yaml.load(plain, _Loader))


@given(plans())
@settings(max_examples=25)
def test_nor_is_it_in_what_sam_makes_of_the_template(
    pair: tuple[FunctionPlan, FunctionPlan],
) -> None:
    made, plain = (translate(render_template([plan])) for plan in pair)

    assert [text for text in texts(made) if DYNAMIC.search(text)] == []
    assert long_functions(made) == long_functions(plain)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/{{resolve:ssm:/x}}", "!Sub https://${NekoApi}.execute-api.${AWS::Region}."
         "${AWS::URLSuffix}/%7B{resolve:ssm:/x}}"),
        ("/{id}/${AWS::Region}", "!Sub https://${NekoApi}.execute-api.${AWS::Region}."
         "${AWS::URLSuffix}/{id}/${!AWS::Region}"),
    ],
)  # fmt: skip
def test_a_path_is_one_in_the_outputs(path: str, value: str) -> None:
    assert f"    Value: {value}\n" in render_template([make_plan(f"GET {path}")])


def test_hidden_characters_do_not_hide_a_reference() -> None:
    text = render_template([make_plan(description="{\u200b{resolve:ssm:/x}} {{{resolve:ssm:/y}}}")])

    assert "      Description: '{ {resolve:ssm:/x}} {{ {resolve:ssm:/y}}}'\n" in text


def test_a_default_that_would_be_resolved_is_refused() -> None:
    def diagnostics(default: str, kind: str = "text-input", **options: Any) -> list[str]:
        declared = [make_setting("greeting", kind, default=default)]
        sources = {"settings": {"greeting": EnvSource("GREETING")}} | options
        found = Diagnostics()
        check_template([make_plan(declared=declared, **sources)], found)
        return [f"{diagnostic} ({diagnostic.hint})" for diagnostic in found.errors]

    assert diagnostics("{{resolve:secretsmanager:prod/db}}") == [
        "plugins/neko/group/neko.yaml:1:1: default: the default of greeting holds {{resolve, and "
        "CloudFormation would put a value of the account in its place "
        "(say a value in the configuration: settings.greeting)"
    ]
    assert diagnostics("Hello {{name}} ${AWS::Region}") == []  # text for CloudFormation, too
    assert diagnostics("{{resolve:ssm:/x}}", "select") == []  # not in the template
    assert diagnostics("{{resolve:ssm:/x}}", settings={}) == []  # nor here


def test_what_the_configuration_refers_to_is_meant() -> None:
    url = "{{resolve:ssm:/neko/domain}}"
    plan = make_plan(
        "GET /a",
        template={"Layers": ["{{resolve:ssm:/layer}}"], "Tags": {"a": "{{resolve:ssm:/a}}"}},
        api_template={"Domain": {"DomainName": url, "CertificateArn": {"Ref": "X"}}},
        events=[ScheduleEvent(path="/a", expression="rate(1 hour)", input={"a": "{{resolve:b}}"})],
    )

    text = render_template([plan])

    assert "        - '{{resolve:ssm:/layer}}'\n" in text
    assert f"DomainName: '{url}'\n" in text
    assert f"    Value: https://{url}/a\n" in text
    assert '"detail": {"a": "{{resolve:b}}"}' in text


def test_a_whole_plugin_that_says_such_things(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = write_plugin(
        tmp_path,
        {
            "manifest.yaml": """\
                version: "1 {{resolve:ssm:/v}} \\e[31m"
                name: tiny
                description: "{\\u200b{resolve:ssm:/d}} ${AWS::AccountId}"
                plugins: {endpoints: ["group/{{resolve:ssm:g}}.yaml"]}
                """,
            "packager.toml": '[settings]\n"{{resolve:ssm:/n}}" = {env = "N1"}\n',
            "group/{{resolve:ssm:g}}.yaml": """\
                settings:
                  - {name: "{{resolve:ssm:/n}}", type: text-input, default: "{{resolve:ssm:/v}}"}
                endpoints:
                  - {path: "/{{resolve:ssm:/x}}/${AWS::Region}", method: GET,
                     extra: {python: {source: endpoints/duck.py}}}
                """,
        },
    )

    with pytest.raises(SystemExit) as refused:
        main(["template", str(plugin)])

    said = capsys.readouterr()
    assert (refused.value.code, said.out) == (2, "")
    assert "the default of {{resolve:ssm:/n}} holds {{resolve" in said.err
    group = plugin / "group/{{resolve:ssm:g}}.yaml"
    group.write_text(group.read_text().replace(', default: "{{resolve:ssm:/v}}"', ""))
    with pytest.raises(SystemExit) as done:
        main(["template", str(plugin)])
    said = capsys.readouterr()
    assert done.value.code == 0, said.err
    tree = yaml.load(said.out, _Loader)
    assert [text for text in texts(tree) if DYNAMIC.search(text)] == []
    assert ("Sub", "AWS::AccountId") not in functions(tree)


def test_a_makefile_has_no_rules_but_ours(tmp_path: Path) -> None:
    plan = make_plan(root=tmp_path / "a\nall:\n\trm -rf")

    with pytest.raises(PackagerError, match="a Makefile can't name"):
        render_makefile([plan], folder=tmp_path)


def test_comments_hold_no_character_that_yaml_may_not_have() -> None:
    plan = make_plan()
    plan = replace(plan, plugin=replace(plan.plugin, version="1\x1b[31m\x00\u2028Resources: {}"))

    text = render_template([plan])

    assert "# neko 1 [31m Resources: {}: group/neko.yaml\n" in text
    assert yaml.load(text, _Loader)["Resources"]
