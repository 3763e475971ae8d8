"""The SDK's own place of OAuth's credentials."""

from dify_plugin._lazy_names import lazy
from dify_plugin.entities.oauth import OAuthCredentials

__all__ = ["OAuthCredentials"]

__getattr__ = lazy(__name__)
