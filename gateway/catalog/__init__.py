"""Whose weights (models, labs), whose machines (operators), which door (endpoints), whose bill (prices)."""
