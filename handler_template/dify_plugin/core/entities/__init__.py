"""Data of the calls back to Dify."""
