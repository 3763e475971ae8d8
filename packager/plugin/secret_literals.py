"""Warns of what looks like a secret in the files of a plugin."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packager.errors import Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.plugin.walk import PluginFile

_SUFFIXES = (".py", ".yaml", ".yml", ".toml", ".json")
_MAX_FILE = 1_000_000  # bytes; what is longer is data
_MOST = 20  # of one plugin
_LEAST_DIFFERENT = 8  # characters of a token: xxxxxxxxxxxx is none, nor is your-token-here

# The forms are those that the issuers document (Slack "Token types", OpenAI and Anthropic API keys,
# GitHub "About authentication", GitLab "Token overview", AWS IAM "Unique identifiers", Google API
# keys, RFC 7468).
_KINDS = {
    "slack": ("a Slack token", r"xox[abeoprs]-[0-9A-Za-z-]{10,}"),
    "openai": ("an API key", r"sk-(?:[a-z0-9]+-)*[A-Za-z0-9_]{20,}"),
    "github": ("a GitHub token", r"gh[opsur]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}"),
    "gitlab": ("a GitLab token", r"glpat-[A-Za-z0-9_-]{20,}"),
    "aws": ("an AWS access key id", r"A[KS]IA[A-Z2-7]{16}"),
    "google": ("a Google API key", r"AIza[A-Za-z0-9_-]{35}"),
}
_TOKEN = re.compile(
    "(?<![A-Za-z0-9_-])(?:"
    + "|".join(f"(?P<{name}>{pattern})" for name, (_, pattern) in _KINDS.items())
    + ")(?![A-Za-z0-9_-])"
    # A header alone is what code looks for; a key has a body.
    r"|(?P<key>-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY-----(?:\s|\\n|[\"'+,])*[A-Za-z0-9+/=]{16})"
)
_QUICK = re.compile(rb"xox|sk-|gh[opsur]_|github_pat_|glpat-|A[KS]IA|AIza|PRIVATE KEY-----")


def warn_of_secrets(
    folder: PluginFolder, files: Iterable[PluginFile], diagnostics: Diagnostics
) -> None:
    """Warn of each token or private key in the Python and data `files` of the plugin in `folder`.

    They are told by their form; what stands there is never said.
    """
    found = 0
    for file in files:
        if not file.path.endswith(_SUFFIXES):
            continue
        try:
            with file.source.open("rb") as stream:
                content = stream.read(_MAX_FILE + 1)
        except OSError:  # said where the files that ship are chosen
            continue
        if len(content) > _MAX_FILE or not _QUICK.search(content):
            continue
        text = content.decode("utf-8", "replace")
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or "key"
            if kind != "key" and not _is_random(match[0]):
                continue
            found += 1
            if found > _MOST:
                return
            before = text[: match.start()]
            place = Place(
                folder.display_of(file.path),
                before.count("\n") + 1,
                match.start() - (before.rfind("\n") + 1) + 1,
            )
            what = "a private key" if kind == "key" else _KINDS[kind][0]
            diagnostics.warn(
                "secret-literal",
                f"this looks like {what}: the bundle would hold it",
                place,
                hint="take it out and revoke it; make it a setting (secret-input), whose value is "
                "kept in AWS",
            )


def _is_random(token: str) -> bool:
    """Whether a token may be one: not an example, and no word or row of one character."""
    body = re.split(r"[-_]", token)[-1] if "-" in token or "_" in token else token[4:]
    if "EXAMPLE" in token or len(set(body)) < _LEAST_DIFFERENT:
        return False
    return any(letter.isdigit() for letter in token) and any(letter.isalpha() for letter in body)
