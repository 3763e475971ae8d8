"""What a function with `metrics` or `tracing` tells CloudWatch and X-Ray of its requests and calls.

In no other bundle; `attach` puts it in the way of what it watches.
"""
