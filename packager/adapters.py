"""What each `adapter` means: the handler that Lambda calls, and what must be bundled for it."""

from __future__ import annotations

from collections.abc import Mapping

from packager.model.options import Adapter

# Dotted names in a bundle (handler_template/endpoint_runtime).
HANDLERS: Mapping[Adapter, str] = {
    "native": "endpoint_runtime.lambda_handler.handler",
    "mangum": "endpoint_runtime.mangum_handler.handler",
    "aws-wsgi": "endpoint_runtime.awsgi_handler.handler",
}
# Distributions, as the extras of the tool name them.
DISTRIBUTIONS: Mapping[Adapter, tuple[str, ...]] = {
    "native": (),
    "mangum": ("a2wsgi", "mangum"),
    "aws-wsgi": ("aws-wsgi",),
}
