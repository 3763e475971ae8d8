"""The runtime of a bundle: it serves one endpoint group as a Lambda function and as WSGI."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Whether the fast entry's loop serves: it can stream, and work once the caller has its answer.
in_loop = False
# What is to be done once an answer is made; None where it is done at once (servers, adapters).
after_answer: "list[Callable[[], None]] | None" = None

from . import code_archive  # noqa: E402, F401 - from here on, imports look there first
