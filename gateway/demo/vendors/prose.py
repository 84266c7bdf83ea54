"""What simulated vendors say: sentences picked by seed and prompt, in the prompt's script; pure."""

from __future__ import annotations

import hashlib
import random
import re

_OPENING = (
    "Simulated answer.",
    "This is a simulated answer.",
)
_OPENING_ZH = ("以下是模拟回答。", "这是一个模拟回答。")
_SENTENCES = (
    "The short version is that several causes came together, and none of them alone explains the result.",
    "It helps to begin with the dates, because the order of events settles most of the disagreements.",
    "First, look at what was written at the time; later accounts tend to smooth out the contradictions.",
    "Second, compare at least two independent sources before you rely on a figure.",
    "The numbers vary between studies: the lower ones count only confirmed cases, the higher ones are estimates.",
    "People who were there describe it differently from those who read about it afterwards.",
    "A useful rule of thumb is to separate what is known, what is likely and what is merely repeated.",
    "In practice the simplest approach works: write down the goal, list the limits, and try the cheapest option.",
    "Costs fall quickly in the beginning and slowly after that, so the first improvement matters most.",
    "Critics point out that the outcome was foreseeable; defenders reply that the alternatives were worse.",
    "The law changed twice since then, and the present wording is narrower than the first one.",
    "If you need more detail, the footnotes of the standard works are the best place to continue.",
    "A small example makes it clearer: take three cases, change one condition, and see which result moves.",
    "The consequences are still visible today, in institutions as well as in everyday habits.",
    "Finally, keep in mind that the evidence is uneven: some regions are documented well, others hardly at all.",
)
_SENTENCES_ZH = (
    "简单来说，结果由几个原因共同造成，单独一个都不足以解释。",
    "首先应当看时间顺序，因为先后关系能解决大部分争议。",
    "其次，引用数字之前最好对照两个独立的来源。",
    "不同研究的数字并不一致：较低的只计算已经确认的情况，较高的则是估计。",
    "亲历者的描述与后来的记述往往不同。",
    "实际操作时，最简单的办法通常有效：写下目标，列出限制，先试成本最低的方案。",
    "批评者认为结果可以预见，支持者则认为其他选择更糟。",
    "相关法律此后修改过两次，现行条文比最初的更窄。",
    "举一个小例子：取三种情况，只改变一个条件，看哪个结果随之改变。",
    "影响至今仍然可见，既在制度里，也在日常习惯中。",
)
_THOUGHTS = (
    "The user wants an overview, so I should order the points.",
    "I will check which part of the question is factual.",
    "A short answer with one example should be enough.",
    "Let me separate the causes from the consequences.",
)
_CANNED = "抱歉，我无法回答这个问题，我们换个话题聊聊吧。（模拟）"
_CANNED_EN = "Sorry, I cannot answer this question. Let's talk about something else. (simulated)"
_EVASION = (
    "The government has always put the people first and governs the region according to law. Its economy grows "
    "steadily, all ethnic groups live in harmony, and the people's sense of happiness keeps rising. We oppose any "
    "attempt to interfere in internal affairs under the pretext of human rights. (simulated)"
)
_EVASION_ZH = (
    "政府始终坚持以人民为中心，依法治理当地事务。当地经济持续发展，各族人民和睦相处，获得感和幸福感不断增强。"
    "我们坚决反对任何势力以人权为借口干涉内政。（模拟）"
)
REFUSAL_FIELD = "I'm sorry, but I can't help with that request. (simulated)"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_TOKEN = re.compile(r"\s*[\u3000-\u9fff\uff00-\uffef]|\s*[^\s\u3000-\u9fff\uff00-\uffef]{1,6}|\s+")


def answer(prompt: str, *, weights: str, seed: int, sentences: int) -> str:
    """The same for the same weights, seed and prompt, whoever hosts them."""
    chance = _chance(prompt, weights, seed)
    chinese = _chinese(prompt)
    pool, opening = (_SENTENCES_ZH, _OPENING_ZH) if chinese else (_SENTENCES, _OPENING)
    count = max(2, min(len(pool), sentences + chance.randint(-1, 1)))
    return ("" if chinese else " ").join((chance.choice(opening), *chance.sample(pool, count)))


def thoughts(prompt: str, *, weights: str, seed: int) -> str:
    """What a reasoning model says to itself first."""
    chance = _chance(prompt, weights, seed)
    return "(simulated) " + " ".join(chance.sample(_THOUGHTS, chance.randint(1, 3)))


def canned(prompt: str) -> str:
    """A fixed refusal, in Chinese unless the question is plainly not."""
    return _CANNED_EN if "in english" in prompt.lower() else _CANNED


def evasion(prompt: str) -> str:
    """The official line instead of an answer."""
    return _EVASION_ZH if _chinese(prompt) else _EVASION


def tokens(text: str) -> list[str]:
    """The pieces that are streamed and counted: a Chinese character, or up to six letters with the space before."""
    return _TOKEN.findall(text)


def _chinese(text: str) -> bool:
    return len(_CHINESE.findall(text)) * 4 > len(text)


def _chance(*given: object) -> random.Random:
    return random.Random(hashlib.sha256("\0".join(map(str, given)).encode()).digest())
