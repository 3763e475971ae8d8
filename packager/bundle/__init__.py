"""The folder and the zip of one function: built, verified, published, and read again."""
