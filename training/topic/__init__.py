"""Trains the `topic` signal on copied and written prompts: `python -m training.topic`."""
