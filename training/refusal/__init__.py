"""Fits, packs and measures the refusal model: `python -m training.refusal fit` and `measure`."""
