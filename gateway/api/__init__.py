"""The HTTP surfaces. They parse, hand over to the pipeline and write; they decide nothing."""
