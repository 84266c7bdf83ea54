"""From files to rules: shapes, vocabulary, compiling, cases."""
