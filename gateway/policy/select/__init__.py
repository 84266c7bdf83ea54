"""From what is permitted to an order of trying."""
