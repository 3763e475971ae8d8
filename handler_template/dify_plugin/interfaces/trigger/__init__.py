"""What trigger plugins derive from."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.trigger.event import Event
from dify_plugin.interfaces.trigger.trigger import Trigger, TriggerSubscriptionConstructor

__all__ = ["Event", "Trigger", "TriggerSubscriptionConstructor"]

__getattr__ = lazy(__name__)
