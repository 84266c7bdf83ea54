"""Scripts that train the text models shipped in the package, and the text they learn from."""
