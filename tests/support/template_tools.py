"""What the commands of SAM CLI and cfn-lint are run with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

TemplateTool = Callable[..., subprocess.CompletedProcess[str]]


def without_account(home: Path) -> dict[str, str]:
    """Return this environment without what says whose account to use."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    kept |= {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"}
    return kept | {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "HOME": str(home)}
