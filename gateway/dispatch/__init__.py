"""Tries the permitted endpoints in order until one answers."""
