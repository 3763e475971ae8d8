"""Prints what modules of `dify_plugin` hold, as JSON: names, what they are, how they are called.

Run with the real SDK on the path, and with ours: standard input has a list of modules, or an object
of the names to describe of each. Of a class: its bases, public attributes, fields, and parameters.
"""

# It runs on either SDK, and mypy sees one.
# mypy: ignore-errors

import importlib
import inspect
import json
import sys

# What every pydantic model has; calls.py calls these.
MODEL = {"copy", "dict", "json", "construct", "parse_obj", "parse_raw", "parse_file", "from_orm",
         "schema", "schema_json", "update_forward_refs", "validate"}  # fmt: skip


def parameters(function):
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    empty = inspect.Parameter.empty
    return [
        [each.name, each.kind.name, "" if each.default is empty else repr(each.default)]
        for each in found
    ]


def members(cls):
    found = {}
    for name in dir(cls):
        if name in MODEL or name.startswith(("_", "model_")) or hasattr(BaseException, name):
            continue
        member = getattr(cls, name, None)
        if inspect.isclass(member):
            found[name] = "class"
        else:
            found[name] = parameters(member) if callable(member) else "attribute"
    fields = getattr(cls, "model_fields", None)
    if isinstance(fields, dict):
        for name, field in fields.items():
            alias = field.alias if field.alias != name else None
            found[name] = ["field", alias, field.is_required()]
    elif not issubclass(cls, (str, int)) and "__init__" in vars(cls):
        found["__init__"] = parameters(cls.__init__)
    return found


def describe(value):
    if inspect.isclass(value):
        return {
            "kind": "class",
            "bases": [base.__name__ for base in value.__mro__],
            "members": members(value),
            "enum": [[each.name, each.value] for each in value]
            if hasattr(value, "__members__")
            else [],
        }
    if inspect.isfunction(value):
        return {"kind": "function", "parameters": parameters(value)}
    return {"kind": "value", "type": type(value).__name__}


def defined(module):
    """The public names of a module that the SDK defines, there or elsewhere."""
    for name in dir(module):
        value = getattr(module, name)
        home = getattr(value, "__module__", None) or "dify_plugin"
        if not name.startswith("_") and not inspect.ismodule(value) and "dify_plugin" in home:
            yield name


asked = json.load(sys.stdin)
found = {}
for name in asked:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        found[name] = str(error)
        continue
    names = asked[name] if isinstance(asked, dict) else defined(module)
    found[name] = {each: describe(getattr(module, each)) for each in names if hasattr(module, each)}
json.dump(found, sys.stdout)
