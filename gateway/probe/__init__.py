"""Asks permitted endpoints sensitive and harmless questions, and says who refuses what."""
