"""Turns the endpoint groups of Dify plugins into AWS Lambda functions that start cold fast."""

__version__ = "0.1.0"
