"""Answers that a route keeps and gives again to whoever asks exactly the same. What guards say is asked each time."""
