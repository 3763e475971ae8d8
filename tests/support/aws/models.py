"""What boto3 knows of services, read once: each session reads it again, 0.1 s for each client."""

from __future__ import annotations

import functools

import botocore.session


def share_models() -> None:
    """Have all sessions of this process share what they read, as the clients of one session do."""
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
