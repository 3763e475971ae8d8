"""One module for each way to answer the same three requests; each has a `handler`."""
