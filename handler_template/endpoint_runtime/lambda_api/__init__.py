"""Lambda's side: the Runtime API, the context, the time that an invocation has."""
