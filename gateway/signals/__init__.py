"""What the request is like: one file a signal, everything measured on this machine."""
