"""Exceptions of the SDK that plugins name."""

from __future__ import annotations

from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.errors.trigger import (
        SubscriptionError,
        TriggerDispatchError,
        TriggerError,
        TriggerValidationError,
    )

__all__ = ["SubscriptionError", "TriggerDispatchError", "TriggerError", "TriggerValidationError"]

__getattr__ = lazy(__name__)
