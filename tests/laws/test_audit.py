"""Whatever is done to the audit's file shows, if what it was before is known by its head."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.processes import audit


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.data())
def test_no_row_is_changed_taken_out_added_or_moved_unseen(count, data):
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        for number in range(count):
            audit.record(state, "freeze", by="ann", via="api", detail={"number": number, "words": "α\n|="})
        head = audit.head(state)
        assert head is not None
        assert audit.problems(state, [head]) == []
        lines = (state / audit.NAME).read_text().splitlines()
        changed = list(lines)
        place = data.draw(st.integers(0, count - 1))
        what = data.draw(st.sampled_from(["change", "take", "add", "move", "forge"]))
        if what == "change":
            row = json.loads(lines[place])
            row[data.draw(st.sampled_from(["by", "via", "action", "previous", "hash", "chain"]))] += "x"
            changed[place] = json.dumps(row)
        elif what == "forge":  # with a hash that fits its text
            row = json.loads(lines[place]) | {"by": "eve"}
            changed[place] = json.dumps(row | {"hash": audit.hash_of(row)})
        elif what == "take":
            del changed[place]
        elif what == "add":
            changed.insert(place, lines[place])
        else:
            changed.insert(data.draw(st.integers(0, count - 1)), changed.pop(place))
        (state / audit.NAME).write_text("".join(f"{line}\n" for line in changed))

        assert bool(audit.problems(state, [head])) == (changed != lines)
