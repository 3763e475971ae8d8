"""Checks `stream`: that what stands before the function streams, and what starts it does."""

from __future__ import annotations

from packager.errors import Diagnostics
from packager.plugin.functions import FunctionPlan


def check_stream(plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    """Note in `diagnostics` what keeps a function with `stream = true` from streaming."""
    options = plan.options
    if not options.stream:
        if options.stream_heartbeat:
            diagnostics.warn(
                "ignored-key",
                "says nothing without stream = true",
                options.place("stream_heartbeat"),
                key="stream_heartbeat",
            )
        return
    if options.api == "http":
        diagnostics.error(
            "conflicting-keys",
            "an HTTP API buffers replies, so nothing would stream",
            options.place("stream"),
            key="stream",
            hint='take api = "url" (function URL) or "rest"; load balancers buffer, too',
        )
    if options.api == "url" and options.template.get("VpcConfig"):
        # "Response streaming for Lambda functions"
        diagnostics.warn(
            "buffered-stream",
            "a function URL does not stream out of a VPC: replies are buffered",
            options.place("stream"),
            key="stream",
            hint='api = "rest" streams there',
        )
    if plan.entry == "stock":
        why = options.needs_stock or 'entry = "stock"'
        diagnostics.error(
            "conflicting-keys",
            f"{why} means AWS's client, which can't stream",
            options.place("stream"),
            key="stream",
            hint="leave out stream, or what asks for the stock entry",
        )
