"""Plans for tests of the template, and what SAM makes of a template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packager.errors import Place
from packager.model.options import LiteralSource, Options
from packager.model.plugin import Endpoint, EndpointGroup, Setting
from packager.plugin.functions import FunctionPlan, pascal_case
from tests.support.plugins import make_plugin

PLACE = Place("plugins/neko/group/neko.yaml", 1, 1)
# One plugin for each thing that published plugins do with paths.
PLUGINS: dict[str, tuple[str, ...]] = {
    "root": ("GET /", "POST /"),
    "slash": ("GET /", "POST /hook/", "GET /a/b/"),
    "path": ("GET /files/<path:p>", "PUT /files/<path:p>", "GET /<path:p>/edit"),
    "braces": ("POST /things/{id}", "GET /${x}/y"),
    "dots": ("GET /.well-known/ai-plugin.json", "GET /openapi.json", "GET /a..b"),
    "methods": (
        *("GET /x", "POST /x", "PUT /x", "DELETE /x", "OPTIONS /x", "HEAD /y"),
        *("GET /x/<id>", "DELETE /x/<int:number>", "POST /x/new", "GET /é/<uuid:u>-v"),
    ),
}


def make_endpoint(line: str, *, hidden: bool = False) -> Endpoint:
    """`GET /duck/<app_id>` as an endpoint."""
    method, path = line.split(" ", 1)
    return Endpoint(path, method, "endpoints/duck.py", hidden, PLACE, PLACE, PLACE)


def make_setting(
    name: str, kind: str = "text-input", *, required: bool = False, default: Any = None
) -> Setting:
    return Setting(name, kind, required, PLACE, default=default, has_default=default is not None)


def make_plan(
    *endpoints: str,
    name: str = "neko",
    root: Path = Path("plugins/neko"),
    display: str = "",
    declared: Sequence[Setting] = (),
    groups: Sequence[str] = (),
    description: str = "Cats",
    **options: Any,
) -> FunctionPlan:
    """Return the plan of a plugin's first group; `declared` are its settings, the rest Options."""
    lines = endpoints or ("GET /",)
    group = EndpointGroup(
        name, f"group/{name}.yaml", tuple(declared), tuple(map(make_endpoint, lines)), PLACE
    )
    others = tuple(EndpointGroup(each, f"group/{each}.yaml", (), (), PLACE) for each in groups)
    chosen = Options(**options)
    configured = {each.name: chosen for each in (group, *others)}
    plugin = make_plugin(
        root,
        configured,
        group,
        *others,
        display=display or f"plugins/{name}",
        name=name,
        description=description,
        place=PLACE,
    )
    return FunctionPlan(plugin, group, f"{pascal_case(name)}Function", chosen)


def literal(value: Any) -> LiteralSource:
    return LiteralSource(value)


def translate(template: str) -> dict[str, Any]:
    """Return the CloudFormation that SAM's own translator makes of a template, code uploaded."""
    import boto3
    from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
    from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
    from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

    document = yaml_parse(template)
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":  # what `sam deploy` puts there
            resource["Properties"]["CodeUri"] = {"Bucket": "bucket", "Key": "key"}
    session = boto3.Session(region_name="eu-west-1")
    translator = Translator({}, Parser(), boto_session=session)
    values = dict.fromkeys(document.get("Parameters", {}), "value")
    translated = translator.translate(document, values)
    plain: dict[str, Any] = json.loads(json.dumps(translated))
    return plain


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the resources of one type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
