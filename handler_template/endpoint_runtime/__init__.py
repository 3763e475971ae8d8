"""The runtime of a bundle: it serves one endpoint group as a Lambda function and as WSGI."""
