"""Tells whether a function has AWS's extension that keeps parameters and secrets at hand."""

from __future__ import annotations

from packager.model.options import Options

# Its layers' names start so ("AWS Parameters and Secrets Lambda Extension ARNs").
_LAYER = ":layer:AWS-Parameters-and-Secrets-Lambda-Extension"


def has_extension(options: Options) -> bool:
    """Whether `template.Layers` names a layer of AWS's Parameters and Secrets extension."""
    layers = options.template.get("Layers")
    return any(_LAYER in str(layer) for layer in (layers if isinstance(layers, list) else ()))
