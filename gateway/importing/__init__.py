"""Another gateway's configuration becomes a policy folder and a report of what did not come along. Pure.

`peer` reads the foreign file, `litellm`, `openrouter` and `portkey` read what it means into a Draft (`draft.py`), `folder` writes that out.
Nothing is dropped in silence: every key is carried, or stands in the report. No fact is invented. No secret is repeated.
"""
