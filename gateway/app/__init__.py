"""Builds the gateway from a policy folder, serves it, and swaps it whole when the folder changes."""
