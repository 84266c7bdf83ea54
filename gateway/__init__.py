"""Entrepot: a policy gateway for language models: whose weights, whose machines, whose bill."""

__version__ = "0.1.0"
