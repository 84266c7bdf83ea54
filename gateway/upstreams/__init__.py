"""How to talk to an endpoint: the wire, the client under it, and how vendors say no."""
