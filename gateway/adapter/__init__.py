"""The process that speaks the wires which we do not: litellm's SDK behind a Unix socket, in an environment of its own.

Nothing else imports this package, and it imports nothing of the gateway that needs a library.
"""
