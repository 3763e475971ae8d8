"""When Lambda's runtimes end ("Lambda runtimes", seen 2026-11-29)."""

from __future__ import annotations

from datetime import date

ENDS = {
    "python3.8": date(2024, 10, 14),
    "python3.9": date(2025, 12, 15),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
_SOON = 180  # days before the end that it is time to move


def what_ends(runtime: str, today: date) -> str | None:
    """Return a sentence about a runtime that has ended or soon does; None for the others."""
    ends = ENDS.get(runtime)
    if ends is None or (ends - today).days > _SOON:
        return None
    verb = "has ended" if ends <= today else "ends"
    return f"{runtime} {verb} on {ends}: Lambda mends it no more"
