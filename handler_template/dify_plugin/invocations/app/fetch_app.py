"""The SDK's own place of `FetchAppInvocation`."""

from dify_plugin.invocations.app import FetchAppInvocation

__all__ = ["FetchAppInvocation"]
