"""Makes a provider's function what takes no webhooks: who runs its constructor, or who renews.

The one is a process on the machine of whoever makes a subscription, the other a function of the
same code that a schedule starts, whose role alone may write subscriptions.
"""

from __future__ import annotations

import os

from endpoint_runtime.subscriptions.constructor import Constructor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.app.application import Application

# The variable that says which: `CONSTRUCT` or `RENEW`.
VARIABLE = "PACKAGER_SUBSCRIPTIONS"
CONSTRUCT, RENEW = "construct", "renew"


def attach(application: Application) -> None:
    """Have `application` take the events of the one or the other; a webhook is none of them."""
    constructor = Constructor(application.bundle, application.root, application._backends)
    if os.environ[VARIABLE] == RENEW:
        from endpoint_runtime.subscriptions.renewal import Renewal

        application.take_event = Renewal(application.bundle, constructor).take
        return

    def take(event: Any, context: Any) -> dict[str, Any]:
        return constructor.take(event, context)

    application.take_event = take
