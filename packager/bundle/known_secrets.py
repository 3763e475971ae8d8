"""Collects the secrets that this machine knows, so that no bundle goes out with one inside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from packager.contract import LOCAL_SETTINGS
from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.inputs.dotenv_file import guess_env_file
from packager.model.options import EnvSource
from packager.paths import is_file
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings, source_of
from packager.settings.local_file import read_local_settings

# Shorter texts stand in ordinary files by chance.
LEAST = 8  # characters
_LEAST_DISTINCT = 5  # letters and digits: "********" and "xxxxxxxx" are stand-ins for a secret
# The words in names of variables that hold a secret. Others hold addresses, models and modes, which
# stand in plugins' code and READMEs, too.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:api)?(?:key|secret|token|password|passwd|passphrase|pwd|credential|auth|bearer|dsn)"
    r"s?(?:_|$)",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # in apiKey, before the K
# The password in a URL such as postgres://user:password@host/ ("Userinfo" of RFC 3986).
_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@:\s]*:([^/?#@\s]+)@")
_LEAST_RANDOM = 16  # characters of a value that looks made up, whatever its name


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A secret's value, which nothing shows, and where it is known from, which messages say."""

    origin: str
    value: str = field(repr=False)


def known_secrets(
    plans: Iterable[FunctionPlan], environment: Mapping[str, str]
) -> tuple[KnownSecret, ...]:
    """Return the secrets of `.env` and `settings.local.toml` beside plugins, and of `environment`.

    Of the environment and of `settings.local.toml` those that are a secret-input's; of `.env` what
    is called a secret or looks made up, too, and passwords in URLs.
    """
    found: dict[str, KnownSecret] = {}
    for plan in plans:
        for secret in _of_plan(plan, environment):
            if _is_telling(secret.value):
                found.setdefault(secret.value, secret)
    return tuple(found.values())


def _of_plan(plan: FunctionPlan, environment: Mapping[str, str]) -> Iterator[KnownSecret]:
    root, display = plan.plugin.root, plan.plugin.display
    hidden = [each for each in all_settings(plan) if each.type == "secret-input"]
    secrets = {each.name for each in hidden}
    sources = [source_of(plan, each) for each in hidden]
    variables = {source.name for source in sources if isinstance(source, EnvSource)}
    for name in sorted(variables & environment.keys()):
        yield KnownSecret(f"the environment variable {name}", environment[name])
    if is_file(root / ".env"):
        for name, value in guess_env_file(root / ".env").items():
            origin = f"{name} of {display}/.env"
            called = _SECRET_NAME.search(_HUMP.sub("_", name))
            if name in variables or called or _is_random(value):
                yield KnownSecret(origin, value)
            for password in _PASSWORD.findall(value):
                yield KnownSecret(origin, password)
    if is_file(root / LOCAL_SETTINGS):
        local = read_local_settings(root / LOCAL_SETTINGS, plan.group.name, Diagnostics())
        for name in sorted(secrets & local.settings.keys()):
            if isinstance(local.settings[name], str):
                yield KnownSecret(f"{name} of {display}/{LOCAL_SETTINGS}", local.settings[name])
        for app_id in sorted(local.apps):
            yield KnownSecret(f"apps.{app_id} of {display}/{LOCAL_SETTINGS}", local.apps[app_id])
        for name in sorted(local.keys):
            yield KnownSecret(f"{name} of {display}/{LOCAL_SETTINGS}", local.keys[name])


def _is_telling(value: str) -> bool:
    alphanumeric = {character for character in value if character.isalnum()}
    return len(value) >= LEAST and len(alphanumeric) >= _LEAST_DISTINCT


def _is_random(value: str) -> bool:
    """Whether a text is one long run of letters and digits, both."""
    mixed = value.isalnum() and not value.isalpha() and not value.isdecimal()
    return mixed and len(value) >= _LEAST_RANDOM
