"""Operations of OpenAPI documents: how parameters are written, keys, servers, bodies."""

from __future__ import annotations

from typing import Any

import pytest

from packager.inputs.openapi.document import OpenApiDocument, OpenApiFault, read_document
from packager.inputs.openapi.operation import read_operation
from packager.model.calls import Operation, OperationName

SERVERS = [{"url": "https://x.example.com/v1"}]


def operation(
    described: dict[str, Any], path: str = "/a", item: dict[str, Any] | None = None, **more: Any
) -> Operation:
    """What is read of a document with one operation."""
    paths = {path: {"post": {"operationId": "f", **described}, **(item or {})}}
    document = {"openapi": "3.1.0", "servers": SERVERS, "paths": paths, **more}
    return read_operation(OpenApiDocument(document), OperationName("f"))


@pytest.mark.parametrize(
    ("parameter", "form"),
    [
        ({"in": "query"}, "repeat"),
        ({"in": "query", "explode": False}, "comma"),
        ({"in": "query", "style": "spaceDelimited", "explode": False}, "space"),
        ({"in": "query", "style": "pipeDelimited"}, "pipe"),
        ({"in": "query", "style": "deepObject", "explode": True}, "deep"),
        ({"in": "query", "content": {"application/json": {}}}, "json"),
        ({"in": "path"}, "comma"),
        ({"in": "path", "explode": True}, "pairs"),
        ({"in": "header"}, "comma"),
        ({"in": "cookie"}, "comma"),
    ],
)
def test_how_lists_and_objects_are_written(parameter: dict[str, Any], form: str) -> None:
    found = operation({"parameters": [{"name": "p", **parameter}]}).parameters

    assert found == (("p", parameter["in"], parameter["in"] == "path", form),)


def test_which_parameters_there_are() -> None:
    """Those of the path, too; what HTTP itself has no parameter describes."""
    shared = [{"name": "p", "in": "query"}, {"name": "q", "in": "query"}]
    own = [
        {"name": "q", "in": "query", "required": True},
        *({"name": each, "in": "header"} for each in ("Authorization", "accept", "X-A")),
        {"in": "query"},
        {"name": "odd", "in": "body"},
    ]

    found = operation({"parameters": own}, item={"parameters": shared})

    assert found.parameters == (
        ("p", "query", False, "repeat"),
        ("q", "query", True, "repeat"),
        ("X-A", "header", False, "comma"),
    )


def test_a_style_that_is_not_known() -> None:
    with pytest.raises(OpenApiFault, match=r"^the parameter p has the style 'matrix', which tools"):
        operation({"parameters": [{"name": "p", "in": "path", "style": "matrix"}]})


@pytest.mark.parametrize(
    ("scheme", "security"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, ("header", "X-Key")),
        ({"type": "apiKey", "in": "query", "name": "appid"}, ("query", "appid")),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, ("cookie", "sid")),
        ({"type": "http", "scheme": "Basic"}, ("basic", "")),
        ({"type": "apiKey", "in": "header", "name": "Authorization"}, None),
        ({"type": "http", "scheme": "bearer"}, None),
        ({"type": "oauth2", "flows": {}}, None),
        ({"$ref": "#/components/none"}, None),
    ],
)
def test_where_a_key_goes(scheme: dict[str, Any], security: tuple[str, str] | None) -> None:
    components = {"securitySchemes": {"k": scheme, "other": {"type": "http", "scheme": "basic"}}}
    one: dict[str, list[str]] = {"k": []}
    both = one | {"other": []}

    assert operation({}, components=components, security=[{}, both, one]).security == security
    # An operation's own come before those of the document.
    assert operation({"security": []}, components=components, security=[one]).security is None


def test_cookies_beside_a_keys() -> None:
    components = {"securitySchemes": {"k": {"type": "apiKey", "in": "cookie", "name": "sid"}}}
    own, other = ({"name": name, "in": "cookie"} for name in ("sid", "theme"))
    security: dict[str, Any] = {"security": [{"k": []}]}

    assert operation({"parameters": [own]} | security, components=components).parameters == ()
    with pytest.raises(OpenApiFault, match=r"^the operation takes cookies beside the key's"):
        operation({"parameters": [other]} | security, components=components)


def test_the_nearest_server_holds() -> None:
    near, nearest = [{"url": "https://item"}], [{"url": "https://operation/"}]

    assert operation({}).url == "https://x.example.com/v1"
    assert operation({}, item={"servers": near}).url == "https://item"
    assert operation({"servers": nearest}, item={"servers": near}).url == "https://operation"


@pytest.mark.parametrize(
    ("kinds", "sent"),
    [
        (["text/csv", "*/*", "application/json; charset=utf-8"], "application/json"),
        (["application/vnd.api+json"], "application/vnd.api+json"),
        (["*/*"], "application/json"),
        (["application/x-www-form-urlencoded"], "application/x-www-form-urlencoded"),
    ],
)
def test_bodies(kinds: list[str], sent: str) -> None:
    assert operation({"requestBody": {"content": {each: {} for each in kinds}}}).body == (
        sent,
        None,
    )


def test_a_body_that_is_no_json() -> None:
    described: dict[str, Any] = {
        "requestBody": {"content": {"multipart/form-data": {}, "text/csv": {}}}
    }

    with pytest.raises(OpenApiFault, match="takes no JSON and no form, but multipart/form-data, t"):
        operation(described)


def test_schemas_that_hold_each_other() -> None:
    """Each is read once, however often it is named: else this takes for ever."""
    schemas: dict[str, Any] = {
        f"s{n}": {"allOf": [{"$ref": f"#/components/schemas/s{n + 1}"}] * 10} for n in range(30)
    }
    schemas["s30"] = {"properties": {"a": {}}, "anyOf": [{"$ref": "#/components/schemas/s0"}]}
    schema = {"$ref": "#/components/schemas/s0"}
    content = {"application/json": {"schema": schema}}

    found = operation({"requestBody": {"content": content}}, components={"schemas": schemas})

    assert found.body == ("application/json", ("a",))


def test_a_reference_with_what_urls_have_to_quote() -> None:
    parameters = [{"$ref": "#/paths/~1b~1%7Bid%7D/parameters"}]
    document = {
        "servers": SERVERS,
        "paths": {
            "/a": {"get": {"operationId": "f", "parameters": parameters}},
            "/b/{id}": {"parameters": {"name": "id", "in": "query"}},
        },
    }

    found = read_operation(OpenApiDocument(document), OperationName("f"))

    assert found.parameters == (("id", "query", False, "repeat"),)


def test_a_document_of_swagger_2(tmp_path: Any) -> None:
    file = tmp_path / "api.yaml"
    file.write_text("swagger: '2.0'\npaths: {}\n")

    with pytest.raises(OpenApiFault, match=r"^is of Swagger 2$"):
        read_document(file)
