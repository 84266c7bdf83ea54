"""Another gateway's configuration becomes a policy folder and a report of what did not come along. Pure.

`litellm`, `openrouter` and `portkey` read what a foreign file means into a Draft (`draft.py`), `folder` writes it out.
Nothing is dropped in silence: each key is carried or stands in the report. No fact is invented, no secret repeated.
"""
