"""Replies that break down, made out of sound ones: word salad or a loop from some point on. And sound ones with slips.

Models break down each in their own way and rarely, so what a breakdown looks like is learnt from these, not from the
few that were recorded. A slip (a word garbled or foreign, here and there) is no breakdown, and code is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from training.refusal.rows import Row

EVERY = 3  # of so many sound replies one is broken, and the one after it gets slips
LEAST = 150  # characters of a reply that is broken
DRAWN = 40  # replies of each language that salad is made of
GLUED = (0.0, 0.1, 0.25, 0.5)  # share of salad's tokens that the next one touches
LENGTHS = (60, 120, 250, 600, 1500, 4000)  # of salad
LOOPED = (200, 500, 1500, 5000)
OFTEN = 8  # times at least: a refrain is no loop
UNITS = ((1, 4), (4, 30), (30, 200), (30, 200))  # characters of what a loop repeats
SCRIPTS = (
    "данные связи однако время города ответ نظام على كتاب مدينة 것은 그리고 사람 भारत के लिए ασφάλεια για ています"
    " への için olan değil được người những của"
).split()
CODE = (
    "_ctrl .stderr <div> </p> {} (); -> :: == \\n $$ /** */ += __init && || [] #include @param %s ()) ]] {{ }} <|"
).split()
FILES = ("gateway/policy/*.py", "gateway/signals/**/*.py", "tests/unit/policy/*.py", "policies/**/*.yaml")
FRAMES = (
    ("en", "Here is the file you asked for:", "Let me know how it goes once you have tried it."),
    ("en", "", "The function above returns early when there is nothing to do."),
    ("en", "Sure. This should do what you want.", ""),
    ("zh", "以下是您需要的代码：", "运行之前请先安装依赖。上面的函数在没有数据时会直接返回。"),
    ("zh", "可以这样写，先定义数据结构，然后逐行处理，最后把结果写入文件。", ""),
    ("zh", "", "以上就是完整的示例，如果运行出错，请检查路径是否正确。"),
    ("fi", "Tässä on pyytämäsi tiedosto:", "Kokeile sitä ja kerro, toimiiko se niin kuin pitää."),
    ("fi", "Näin sen voi tehdä.", ""),
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Salad:
    """What salad is drawn from, by how often."""

    random: Random
    pools: tuple[list[str], ...]

    def token(self) -> str:
        """One word, of any language or none."""
        draw = self.random
        word = draw.choice(self.pools[draw.choices(range(5), (62, 8, 6, 13, 11))[0]])
        if draw.random() < 0.4:
            word = word.lower()
        if draw.random() < 0.05:
            word = word.title() + draw.choice(self.pools[0]).title()
        return word[draw.randrange(min(3, len(word))) :] if draw.random() < 0.15 else word

    def text(self, size: int) -> str:
        """At least so many characters."""
        draw, said = self.random, ""
        glued = draw.choice(GLUED)
        while len(said) < size:
            said += self.token() + ("" if draw.random() < glued else " ")
        return said


def broken(rows: Sequence[Row]) -> list[Row]:
    """The same for the same rows. Those with slips stay answers."""
    draw = Random(0)
    salad = Salad(draw, (*(_drawn(rows, language, draw) for language in ("en", "fi", "zh")), SCRIPTS, CODE))
    found = []
    for number, row in enumerate(row for row in rows if not row.refused and len(row.answer) > LEAST):
        if number % EVERY == 0:
            way = draw.choice((_with_salad, _with_loop))
            found.append(replace(row, answer=way(row.answer, salad), label="evasive", source="broken"))
        elif number % EVERY == 1:
            found.append(replace(row, answer=_with_slips(row, salad), source="broken"))
    return found


def sound() -> list[Row]:
    """Sound replies of code, data or tables: files of this project, and sums; and of what is said again as asked."""
    draw, root = Random(0), Path(__file__).parents[2]
    texts = [path.read_text(encoding="utf-8") for pattern in FILES for path in sorted(root.glob(pattern))]
    texts += ["\n".join(f"{n} × {by} = {n * by}" for n in range(1, 13)) for by in range(2, 22)]
    texts += ["\n".join(f"| {n} | {n**power} | {n % power == 0} |" for n in range(1, 60)) for power in range(2, 12)]
    rows = []
    for number, text in enumerate(texts):
        at = draw.randrange(max(len(text) // 2, 1))
        part = text[at : at + draw.choice((300, 900, 2500, 6000))]
        language, opens, ends = draw.choice(FRAMES)
        reply = f"{opens}\n\n{part}\n\n{ends}".strip()
        rows.append(Row("", reply, "complete", language, group=f"sound:{number}", source="broken"))
    return rows + [_again(number, text, draw) for number, text in enumerate(texts)]


def _again(number: int, text: str, draw: Random) -> Row:
    """A refrain or a letter that repeats itself, or one short thing many times over from the start."""
    _, opens, ends = draw.choice(FRAMES)
    words = f"{opens} {ends}".strip()
    unit, times = (text[:40].split("\n")[0] or "ha ", draw.randrange(8, 80))
    if number % 2:
        words, times = f"{words}\n{text[: draw.randrange(40, 250)]}\n{ends}\n", draw.randrange(2, 7)
    return Row("", (words if number % 2 else unit) * times, "complete", "en", group=f"again:{number}", source="broken")


def _drawn(rows: Sequence[Row], language: str, draw: Random) -> list[str]:
    texts = [row.answer for row in rows if row.language == language]
    picked = draw.sample(texts, min(DRAWN, len(texts)))
    if language == "zh":
        return [text[at : at + 2] for text in picked for at in range(0, len(text) - 2, 7)]
    return [word for text in picked for word in _WORD.findall(text)]


def _cut(text: str, draw: Random, low: float, high: float) -> int:
    """A place between words, if there is one near."""
    at = int(len(text) * draw.uniform(low, high))
    space = text.find(" ", at)
    return space + 1 if 0 <= space < at + 30 else at


def _with_salad(text: str, salad: Salad) -> str:
    draw = salad.random
    at = _cut(text, draw, 0.1, 0.8)
    size = int(draw.choice(LENGTHS) * draw.uniform(0.7, 1.4))
    rest = text[at + draw.randrange(200) :] if draw.random() < 0.5 else ""
    return text[:at] + salad.text(size) + rest


def _with_loop(text: str, salad: Salad) -> str:
    draw = salad.random
    at, unit = _cut(text, draw, 0.2, 1.0), draw.randrange(*draw.choice(UNITS))
    piece = (salad.text(unit)[:unit] if draw.random() < 0.3 else text[max(at - unit, 0) : at]) or text[:unit]
    piece += draw.choice(("", "", " ", "\n"))
    return text[:at] + piece * (int(draw.choice(LOOPED) * draw.uniform(0.7, 1.4)) // len(piece) + OFTEN)


def _with_slips(row: Row, salad: Salad) -> str:
    draw, text = salad.random, row.answer
    if row.language == "zh":
        share = draw.uniform(0.001, 0.01)
        return _BETWEEN.sub(lambda _: salad.token() if draw.random() < share else "", text)
    share, at = draw.uniform(0.05, 0.3), _cut(text, draw, 0.0, 0.5)
    others = _WORD.findall(text) or ["word"]

    def slip(found: re.Match[str]) -> str:
        word = found.group()
        if len(word) < 5 or draw.random() > share:
            return word
        place, other = draw.randrange(1, len(word) - 2), draw.choice(others)
        ways = (word[:place] + other[len(other) // 2 :], word[:place] + word[place + 1 :], salad.token())
        return draw.choices(ways, (6, 2, 2))[0]

    return text[:at] + _WORD.sub(slip, text[at:])
