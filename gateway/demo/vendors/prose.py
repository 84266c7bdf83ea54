"""What simulated vendors say: points picked by seed and prompt, in the prompt's script; pure."""

from __future__ import annotations

import hashlib
import random
import re

from gateway.demo.vendors import sensitive

_FRAME = (
    "## {subject}\n\nThis is a simulated answer about: {subject}. It can be explained in {count} steps.",
    "## {subject}\n\nSimulated answer. Here is an overview of {subject} in {count} points.",
)
_FRAME_ZH = (
    "## {subject}\n\n这是模拟回答。关于“{subject}”，可以分{count}点说明。",
    "## {subject}\n\n以下是模拟回答，分{count}点介绍“{subject}”。",
)
_CLOSING = "Together these points give a good first picture of {subject}."
_CLOSING_ZH = "综合以上几点，就能对“{subject}”有一个初步的了解。"
_POINTS = (
    "**Facts.** Begin with who was involved, where it took place and when; the dates are well documented.",
    "**Background.** Between 1970 and 1995 several countries went through it, Sweden and Japan among them.",
    "**Causes.** Prices, wages and expectations all played a part, and each made the others stronger over time.",
    "**Figures.** The lower ones, about 300, count confirmed cases only; the higher ones, above 2,000, are estimates.",
    "**Course.** On the first day about 3,000 people took part; by the end of the week there were more than 100,000.",
    "**Consequences.** Some were immediate, such as new rules and new prices; others took ten years to become visible.",
    "**Practice.** Write down the goal, list the limits, try the cheapest option first and measure what changed.",
    "**Example.** Take three cases, change one condition in each, and see which result moves and which stays.",
    "**Costs.** They fall quickly in the beginning and slowly after that, so the first improvement matters most.",
    "**Views.** Critics say that the outcome was foreseeable; defenders reply that the alternatives were worse.",
    "**Rules.** The law was changed in 2004 and again in 2017, and its present wording is narrower than the first.",
    "**Sources.** Diaries, photographs and telegrams from the archives agree on the order of events.",
)
_POINTS_ZH = (
    "**基本情况**：首先说明涉及哪些人、发生在哪里、什么时候，这些日期有充分的记录。",
    "**背景**：1970年到1995年之间，瑞典、日本等国家也经历过类似的过程。",
    "**原因**：价格、工资和预期都起了作用，而且彼此强化。",
    "**数字**：较低的数字约为300，只计算已经确认的情况；较高的超过2000，属于估计。",
    "**经过**：第一天大约有3000人参加，到周末已经超过10万人。",
    "**影响**：有些影响立刻出现，例如新的规则和新的价格；另一些十年以后才看得出来。",
    "**做法**：写下目标，列出限制，先试成本最低的方案，再测量有什么变化。",
    "**例子**：取三种情况，每次只改变一个条件，看哪个结果随之改变。",
    "**成本**：开始时下降很快，后来变慢，因此第一次改进最重要。",
    "**看法**：批评者认为结果可以预见，支持者则认为其他选择更糟。",
    "**资料**：档案中的日记、照片和电报对事件的先后顺序记载一致。",
)
_SUBJECT_CHARS = 80
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
_TOLD_CHARS = 400
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_TOKEN = re.compile(r"\s*[\u3000-\u9fff\uff00-\uffef]|\s*[^\s\u3000-\u9fff\uff00-\uffef]{1,6}|\s+")


def answer(prompt: str, *, weights: str, seed: int, points: int) -> str:
    """The same for the same weights, seed and prompt, whoever hosts them."""
    known = sensitive.account(prompt)
    if known is not None:
        return known
    chance = _chance(prompt, weights, seed)
    chinese = _chinese(prompt)
    frames, pool, closing = (_FRAME_ZH, _POINTS_ZH, _CLOSING_ZH) if chinese else (_FRAME, _POINTS, _CLOSING)
    count = max(2, min(len(pool), points + chance.randint(-1, 1)))
    subject = " ".join(prompt.split())[:_SUBJECT_CHARS].rstrip("?？.。!！ ") or "this"
    frame = chance.choice(frames).replace("{subject}", subject).replace("{count}", str(count))
    numbered = [f"{number}. {text}" for number, text in enumerate(chance.sample(pool, count), 1)]
    return "\n\n".join((frame, "\n".join(numbered), closing.replace("{subject}", subject)))


def after_tools(results: tuple[str, ...]) -> str:
    """An answer out of what tools said."""
    return "Simulated answer: the tools say " + "; ".join(result[:_TOLD_CHARS] for result in results) + "."


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
