"""Makes a new plugin of an example: its own code under another name, ready to be changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import packager
from packager.contract import LOCAL_SETTINGS
from packager.dataclass import dataclass
from packager.errors import PackagerError, UsageError
from packager.plugin.manifest import NAME

# What `--template` names, and the example that it is.
TEMPLATES: Mapping[str, str] = {
    "webhook": "github_webhook",
    "slack": "slack_bot",
    "telegram": "telegram_bot",
    "mcp": "mcp_server",
    "openai": "openai_facade",
    "trigger": "github_trigger",
}
SCHEMAS = ".schemas"  # a folder of the new plugin, which its files' first lines name
_MARKS = ("../../../docs/schemas/", "../../docs/schemas/")
_LEFT_OUT = ("__pycache__", ".pyc", LOCAL_SETTINGS, ".env")
AUTHOR = re.compile(r"[a-z0-9_-]{1,64}")  # the daemon's PluginDeclaration


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """What a new plugin is called, by whom, and which example it begins as. `created` is a time as
    manifests have it."""

    name: str
    template: str
    label: str
    author: str
    runtime: str  # python3.13
    created: str

    @property
    def example(self) -> str:
        """The example's name."""
        return TEMPLATES[self.template]


def check_name(name: str) -> None:
    """Raise `UsageError` for a name under which Dify takes no plugin."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't be a plugin's name; expected 1 to 128 of a-z, 0-9, _ and -",
            hint=f"say another: {_suggested(name)}" if _suggested(name) else None,
        )


def check_author(author: str) -> None:
    """Raise `UsageError` for an author of whom Dify takes no plugin."""
    if not AUTHOR.fullmatch(author):
        raise UsageError(
            f"{author!r} can't be an author; expected 1 to 64 of a-z, 0-9, _ and -",
            hint="your organisation in Dify's marketplace, or your name: --author my-name",
        )


def check_label(label: str) -> None:
    """Raise `UsageError` for what no page shows as a plugin's label."""
    if "\n" in label or not label.strip():
        raise UsageError("the label must be a line of text")


def write_new(plugin: NewPlugin, folder: Path, schemas: Mapping[str, str]) -> list[str]:
    """Write the plugin into `folder`, and return the paths of its files.

    `schemas` are texts by name, for editors. Raises `UsageError` rather than overwrite a file, and
    for what Dify would not take.
    """
    check_name(plugin.name)
    check_author(plugin.author)
    check_label(plugin.label)
    files = dict(_files(plugin))
    files |= {f"{SCHEMAS}/{name}.json": text.encode() for name, text in schemas.items()}
    there = [name for name in sorted(files) if (folder / name).exists()]
    if there:
        raise UsageError(
            f"{folder / there[0]} is there already",
            hint="nothing was written: say another name, or go to an empty folder",
        )
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return sorted(files)


def templates_folder() -> Path:
    """Return the folder of the examples, in a wheel or in the repository."""
    package = Path(packager.__file__).parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "plugins"


def _files(plugin: NewPlugin) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the new plugin: paths and contents."""
    folder = templates_folder() / plugin.example
    if not (folder / "manifest.yaml").is_file():
        raise PackagerError(
            f"the template {plugin.template} is not installed: {folder} is not there",
            hint="install packager again",
        )
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not any(each in name for each in _LEFT_OUT):
            new = name.replace(plugin.example, plugin.name)
            yield new, _content(plugin, name, path.read_bytes())
    yield "tests/conftest.py", (templates_folder() / "conftest.py").read_bytes()


def _content(plugin: NewPlugin, name: str, content: bytes) -> bytes:
    if name.endswith((".py", ".html", ".svg")):
        return content
    text = content.decode()
    depth = name.count("/")
    for mark in _MARKS:
        text = text.replace(mark, "../" * depth + f"{SCHEMAS}/")
    text = text.replace(f"plugins/{plugin.example}", ".").replace(plugin.example, plugin.name)
    match name:
        case "manifest.yaml":
            text = _manifest(plugin, text)
        case "packager.toml":
            text = _configuration(plugin, text)
        case ".difyignore":
            text += f"{SCHEMAS}/\n{LOCAL_SETTINGS}\n"
        case "README.md":
            text = _readme(plugin, text)
    return text.encode()


def _manifest(plugin: NewPlugin, text: str) -> str:
    label = '"' + plugin.label.replace("\\", "\\\\").replace('"', '\\"') + '"'
    said = {"version": "0.0.1", "author": plugin.author, "created_at": plugin.created}
    for key, value in said.items():
        text = re.sub(rf"(?m)^{key}: .*$", f"{key}: {value}", text)
    text = re.sub(
        r"(?m)^label:\n(?:  .*\n)+",
        lambda _: "label:\n" + "".join(f"  {each}: {label}\n" for each in ("en_US", "zh_Hans")),
        text,
    )
    python = plugin.runtime.removeprefix("python")
    return re.sub(r'(?m)^    version: ".*"$', f'    version: "{python}"', text)


def _configuration(plugin: NewPlugin, text: str) -> str:
    """Return the example's configuration for whatever machine: secrets are in AWS."""
    text = re.sub(r"(?m)^architecture = .*\n", f'runtime = "{plugin.runtime}"\n', text)
    return re.sub(
        r'(?m)^(\w*(?:secret|token|key)\w*) = \{ env = "\w+" \}',
        lambda match: f'{match[1]} = {{ ssm = "/{plugin.name}/{match[1]}" }}',
        text,
    )


def _readme(plugin: NewPlugin, text: str) -> str:
    rest = text.partition("\n")[2]
    commands = (
        "```console\n"
        "$ packager check              # what is wrong, with file and line\n"
        "$ packager serve --fake-dify  # on this machine, at http://127.0.0.1:3000\n"
        "$ packager build -o build && sam deploy --guided --template build/template.yaml\n"
        "```\n\n"
        "Its tests need neither Dify nor AWS: `pip install pytest -r requirements.txt`, then "
        "`python -m pytest`.\n"
    )
    return f"# {plugin.label}\n\n{commands}{rest}"


def _suggested(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-")[:128]
