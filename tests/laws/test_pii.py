"""What holds of every text: the search ends, stays inside it, and finds a valid number whatever stands around it."""

from datetime import date
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn
from stdnum.iso7064 import mod_11_2

from gateway.signals.escapes import unescaped
from gateway.signals.invisible import visible
from gateway.signals.pii import KINDS, find, measure, money, worth
from gateway.signals.text import Passage, Text

DENSE = st.text(st.sampled_from("0123456789 -.:/+@()xXaA身年，\n９"), max_size=120)
REAL = st.lists(
    st.sampled_from(
        [
            "+358 40 1234567",
            "call 212-555-0123",
            "4111 1111 1111 1111",
            "131052-308T",
            "jane@example.com",
            "10.0.0.1",
            "7",
            "\n",
        ]
    ),
    max_size=8,
).map(" ".join)
BEFORE = st.sampled_from(["", "我的号码是", "It is ", "Nummer: ", "(", "：", '"'])
AFTER = st.sampled_from(["", "，谢谢", "谢谢", " please", ".", ")", '"'])


def digits(length):
    return st.text("0123456789", min_size=length, max_size=length)


@settings(deadline=None)
@given(st.one_of(st.text(), DENSE))
def test_findings_lie_in_the_text_and_do_not_overlap(text):
    found = find(text)

    assert all(finding.kind in KINDS and 0 <= finding.start < finding.end <= len(text) for finding in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), DENSE), max_size=3))
def test_the_signal_is_the_kinds_of_what_is_found_and_of_what_is_cut_or_escaped(texts):
    measured = measure(Text(tuple(Passage("user", visible(text)[0]) for text in texts)))
    found = frozenset(finding.kind for text in texts for finding in find(text))

    assert isinstance(measured, frozenset) and found <= measured
    if len(texts) == 1 and unescaped(visible(texts[0])[0]) is None:
        assert measured == found


@settings(deadline=None)
@given(REAL)
def test_no_kind_is_lost_by_not_looking_for_it_twice(text):
    assert measure(Text((Passage("user", text),))) == frozenset(finding.kind for finding in find(text))


@settings(deadline=None)
@given(digits(14), BEFORE, AFTER, st.sampled_from(["", " ", "-"]))
def test_a_valid_card_number_is_found_anywhere(middle, before, after, separator):
    number = "4" + middle
    number += luhn.calc_check_digit(number)
    written = separator.join(number[place : place + 4] for place in range(0, 16, 4))

    assert "card" in {finding.kind for finding in find(before + written + after)}


@settings(deadline=None)
@given(digits(18), BEFORE, AFTER, st.booleans())
def test_a_valid_iban_is_found_anywhere(bban, before, after, spaced):
    number = f"DE{iban.calc_check_digits(f'DE00{bban}')}{bban}"
    written = iban.format(number) if spaced else number

    assert "iban" in {finding.kind for finding in find(before + written + after)}


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2030, 12, 31)), digits(3), BEFORE, AFTER)
def test_a_valid_resident_id_is_found_anywhere(born, serial, before, after):
    number = f"110105{born:%Y%m%d}{serial}"
    number += mod_11_2.calc_check_digit(number)

    assert "national_id" in {finding.kind for finding in find(before + number + after)}


@settings(deadline=None)
@given(st.from_regex(r"\A[a-z][a-z0-9]{0,10}\Z"), st.sampled_from(["example.com", "mail.example.org"]), BEFORE)
def test_a_mailbox_is_found_anywhere(name, domain, before):
    assert "email" in {finding.kind for finding in find(f"{before}{name}@{domain}")}


@given(st.text("0123456789", min_size=1, max_size=25))
def test_the_check_digit_of_a_card_is_the_library_s(number):
    assert money.luhn(number) == luhn.is_valid(number)


@given(st.text("9A", min_size=1, max_size=20), st.text("9A", max_size=20))
def test_no_number_is_missed_where_a_shape_goes_no_further(shape, more):
    assert worth(shape).going_on or not (more and worth(shape + more).a_check)
