"""Measures the gateway against nginx, LiteLLM's proxy and Portkey in interleaved rounds: `python -m bench`."""
