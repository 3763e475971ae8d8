"""What AWS asks: the prices of a region, each with where it was read and when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.bounded_file import read_bounded
from packager.inputs.suggestions import did_you_mean
from packager.inputs.toml_file import ConfigTable, parse_toml
from packager.inputs.toml_positions import toml_positions

DEFAULT = Path(__file__).parent / "us-east-1.toml"
_KEYS = ("per", "price", "tiers", "source", "seen")


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars of `per`: `tiers` are up to how many units a month each price goes.

    `seen` is the date on which it was read at its `source`, or says that it was not.
    """

    per: str
    tiers: tuple[tuple[float, float], ...]
    source: str
    seen: str

    @property
    def is_checked(self) -> bool:
        """Whether somebody read it at its source."""
        return self.seen[:1].isdigit()

    def of(self, units: float) -> float:
        """Return what that many units in a month cost."""
        cost, before = 0.0, 0.0
        for until, each in self.tiers:
            cost += max(min(units, until) - before, 0.0) * each
            before = until
        return cost


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one region, by name."""

    region: str
    of: Mapping[str, Price]

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The names of those that nobody read at their source."""
        return tuple(name for name, price in self.of.items() if not price.is_checked)


def read_prices(path: Path, diagnostics: Diagnostics) -> Prices | None:
    """Return the prices in the TOML file at `path`; None after a fault.

    It has the tables that the file shipped with this package has.
    """
    content = read_bounded(path, str(path), diagnostics)
    values = None if content is None else parse_toml(content, str(path), diagnostics)
    if content is None or values is None:
        return None
    table = ConfigTable(
        values, str(path), (), toml_positions(content.decode().removeprefix("\ufeff"))
    )
    before = len(diagnostics.errors)
    region = table.values.get("region")
    if not isinstance(region, str) or not region:
        _error(table, ("region",), "takes the name of a region", diagnostics)
    names = _names(path)
    found = {
        name: _price(table, name, diagnostics)
        for name in table.values
        if name != "region" and (names is None or name in names)
    }
    for name in table.values:
        if name != "region" and name not in found and names is not None:
            diagnostics.error(
                "unknown-key",
                "there is no such price",
                table.place((name,)),
                key=name,
                hint=did_you_mean(name, names),
            )
    for name in sorted((names or set()) - found.keys()):
        diagnostics.error("missing-key", "missing", Place(str(path)), key=name)
    if len(diagnostics.errors) > before:
        return None
    return Prices(str(region), {name: price for name, price in found.items() if price is not None})


def default_prices() -> Prices:
    """Return the prices that ship with this package."""
    diagnostics = Diagnostics()
    prices = read_prices(DEFAULT, diagnostics)
    diagnostics.raise_errors()
    assert prices is not None  # noqa: S101 - it would have raised
    return prices


def _names(path: Path) -> set[str] | None:
    """Return the names that a file of prices has; None for the one that says which there are."""
    return None if path == DEFAULT else set(default_prices().of)


def _price(table: ConfigTable, name: str, diagnostics: Diagnostics) -> Price | None:
    entry = table.values[name]
    if not isinstance(entry, Mapping):
        _error(table, (name,), "takes a table with per, price or tiers, source, seen", diagnostics)
        return None
    for key in entry:
        if key not in _KEYS:
            diagnostics.error(
                "unknown-key",
                "there is no such key",
                table.place((name, key)),
                key=f"{name}.{key}",
                hint=did_you_mean(key, _KEYS),
            )
    texts = {key: entry.get(key) for key in ("per", "source", "seen")}
    for key, value in texts.items():
        if not isinstance(value, str) or not value:
            _error(table, (name, key), "takes a text", diagnostics)
    tiers = _tiers(entry)
    if tiers is None:
        what = "takes a price, or tiers: [[units, price], ..., [inf, price]], units ascending"
        _error(table, (name, "tiers" if "tiers" in entry else "price"), what, diagnostics)
        return None
    return Price(str(texts["per"]), tiers, str(texts["source"]), str(texts["seen"]))


def _tiers(entry: Mapping[str, Any]) -> tuple[tuple[float, float], ...] | None:
    if ("price" in entry) == ("tiers" in entry):
        return None
    if "price" in entry:
        return ((math.inf, float(entry["price"])),) if _is_price(entry["price"]) else None
    tiers = entry["tiers"]
    if not isinstance(tiers, list) or not tiers:
        return None
    found: list[tuple[float, float]] = []
    for tier in tiers:
        if not isinstance(tier, list) or len(tier) != 2 or not _is_price(tier[1]):
            return None
        until = tier[0]
        if isinstance(until, bool) or not isinstance(until, int | float):
            return None
        if not until > (found[-1][0] if found else 0):  # nan neither
            return None
        found.append((float(until), float(tier[1])))
    return tuple(found) if found[-1][0] == math.inf else None


def _is_price(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0  # type: ignore[arg-type,operator]


def _error(
    table: ConfigTable, path: tuple[str, ...], message: str, diagnostics: Diagnostics
) -> None:
    diagnostics.error("invalid-value", message, table.place(path), key=".".join(path))
