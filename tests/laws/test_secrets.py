"""What holds of every credential: it is found wherever it stands, however it is disguised or cut."""

from random import Random
from string import ascii_letters, ascii_uppercase, digits

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.signals import secrets
from gateway.signals.invisible import INVISIBLE, visible
from gateway.signals.table import SECRET_KINDS
from gateway.signals.text import Passage, Text
from gateway.signals.value import UNKNOWN
from tests.laws.test_nothing_unread import BODIES, PLACES, plant, seen

MIXED = ascii_letters + digits
FORMS = (  # what it begins with, and how many characters of which follow
    ("AKIA", ascii_uppercase + digits, 16),
    ("ghp_", MIXED, 36),
    ("sk-proj-", MIXED, 40),
    ("sk-ant-api03-", MIXED, 80),
    ("gw-", MIXED + "_-", 43),
    ("AIza", MIXED, 35),
    ("xoxb-4829105733-", MIXED, 24),
    ("nobody_", MIXED, 40),
)
BEFORE = st.sampled_from(["", "It is ", "(", '"', "密钥：", "KEY=", "auth:", "> "])
AFTER = st.sampled_from(["", " please", ")", '"', "，谢谢", "\n", ", why?"])


def made(seed, forms=FORMS):
    """A key drawn by chance, with digits in it as keys have."""
    chance = Random(seed)
    begin, letters, length = chance.choice(forms)
    rest = chance.choices(letters, k=length)
    for place in chance.sample(range(1, length - 1), 3):
        rest[place] = chance.choice(digits)
    return begin + "".join(rest)


KEYS = st.integers(0, 10_000).map(made)
ISSUED = st.integers(0, 10_000).map(lambda seed: made(seed, FORMS[:-1]))


def said(*texts):
    return secrets.measure(Text(tuple(Passage("user", visible(text)[0]) for text in texts)))


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.text(), st.text(st.sampled_from("sk-AKIAghp_eyJ.:/@=\"'\\ \npassword1aB密码")), st.binary().map(repr))
)
def test_every_text_has_kinds_and_nothing_else(text):
    assert said(text) <= set(SECRET_KINDS)


@settings(max_examples=200, deadline=None)
@given(ISSUED, BEFORE, AFTER)
def test_a_key_of_a_known_issuer_is_found_anywhere(key, before, after):
    assert said(f"{before}{key}{after}") & {"api_key", "token"}


def test_nearly_every_key_of_an_unknown_issuer_is_found():
    found = [bool(said(f"it says {made(seed, FORMS[-1:])} is wrong")) for seed in range(500)]

    assert sum(found) >= 0.9 * len(found)


@settings(max_examples=150, deadline=None)
@given(ISSUED, st.data())
def test_invisible_characters_hide_no_key(key, data):
    hidden = st.text(st.from_regex(f"[{INVISIBLE}]", fullmatch=True), max_size=2)

    assert said("my key " + "".join(char + data.draw(hidden) for char in key))


@settings(max_examples=150, deadline=None)
@given(ISSUED, BEFORE, AFTER, st.sampled_from([" ", "\t", ", ".strip()]))
def test_a_key_that_is_spelled_out_is_found(key, before, after, between):
    assert said(f"{before} {between.join(key)} {after}")


@settings(max_examples=200, deadline=None)
@given(ISSUED, st.data(), st.booleans())
def test_a_key_that_is_cut_over_messages_is_found(key, data, thrice):
    cuts = sorted(data.draw(st.lists(st.integers(1, len(key) - 1), min_size=1 + thrice, max_size=1 + thrice)))
    pieces = [key[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]

    assert said("Here it comes: " + pieces[0], *pieces[1:])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_the_rest_of_a_key_is_found_behind_words(seed, data):
    key = made(seed, FORMS[:2])
    cut = data.draw(st.integers(8, len(key) - 6))

    assert said(f"The first half is {key[:cut]}", "Got it.", f"and the second half is {key[cut:]}. Which scope has it?")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), KEYS.filter(lambda key: not key.startswith("nobody")), st.data())
def test_a_key_is_found_wherever_it_is_planted(place, key, data):
    kind, path = place
    how = data.draw(st.sampled_from(["instead", "behind", "key", "beside", "key beside", "item"]))
    found = seen(kind, plant(BODIES[kind], path, how, key), "secrets")

    assert found == UNKNOWN or found


@settings(max_examples=100, deadline=None)
@given(st.integers(), st.sampled_from(["hash", "uuid", "digest", "id", "image"]))
def test_what_only_looks_drawn_by_chance_is_no_secret(seed, what):
    chance = Random(seed)
    hexadecimal = "".join(chance.choices("0123456789abcdef", k=64))
    four = [hexadecimal[at : at + 4] for at in (8, 12, 16)]
    mixed = "".join(chance.choices(MIXED, k=24))
    text = {
        "hash": f"commit {hexadecimal[:40]}\nsha256:{hexadecimal}",
        "uuid": f"id {'-'.join([hexadecimal[:8], *four, hexadecimal[:12]])}",
        "digest": f'"integrity": "sha512-{"".join(chance.choices(MIXED + "+/", k=86))}=="',
        "id": f"call_{mixed} chatcmpl-{mixed} toolu_01{mixed[:22]} msg_{mixed}",
        "image": "data:image/png;base64," + "".join(chance.choices(MIXED + "+/", k=4000)),
    }[what]

    assert said(text) == frozenset()
