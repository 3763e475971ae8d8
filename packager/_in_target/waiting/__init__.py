"""Has the imports of modules wait until what they bind is used."""
