"""The nouns: frozen data that the other packages hand each other, and no input or output."""
