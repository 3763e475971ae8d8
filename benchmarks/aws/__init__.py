"""Measures starts of ours and of peers, cold and warm, in an account: python -m benchmarks.aws.

It makes one stack (a role, and a function for each contender), forces cold starts by
changing each function's description, reads init duration and duration from the REPORT line that an
invocation gives back, prints the tables of docs/benchmarks.md, and deletes the stack. Lambda bills
cents for it.
"""
