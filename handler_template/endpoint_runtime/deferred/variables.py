"""The environment variables that the template sets for deferred routes."""

# URLs of the queues: the standard one, and the FIFO one; ...
QUEUE = "PACKAGER_DEFERRED_QUEUE"
ORDERED_QUEUE = "PACKAGER_ORDERED_QUEUE"
# ... in the worker alone, those of their dead-letter queues, ...
DEAD_QUEUE = "PACKAGER_DEFERRED_DEAD_QUEUE"
ORDERED_DEAD_QUEUE = "PACKAGER_ORDERED_DEAD_QUEUE"
TABLE = "PACKAGER_DEFERRED_TABLE"  # ... and the table of who works on what.
BUCKET = "PACKAGER_DEFERRED_BUCKET"  # of what no message can hold
# Where the queues of this machine answer (`packager serve`), in place of AWS.
LOCAL = "PACKAGER_DEFERRED_LOCAL"
