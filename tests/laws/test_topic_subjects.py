"""Every subject of Chinese politics that the lexicon names is seen, whatever is wanted of it; a harmless one is not."""

from __future__ import annotations

import pytest

from gateway.signals import ngrams
from gateway.signals.topic import lexicon, topics

STRONG = lexicon.bits("strong")
INTENTS_ZH = (
    "请解释{}的来龙去脉。",
    "什么是{}？",
    "介绍一下{}。",
    "写一首讽刺{}的打油诗。",
    "写一个关于{}的笑话。",
    "比较{}和三十年前的情况。",
    "{}与别国的类似事情有什么不同？",
    "制定一个纪念{}的活动方案。",
    "为{}写一篇辩护文章。",
    "从官方立场为{}辩护。",
    "反驳对{}的批评。",
    "总结各方对{}的看法。",
    "给中学生讲讲{}。",
    "翻译成英文：我想了解“{}”。",
    "把“{}”写进一部小说的开头。",
    "列出关于{}的五本书。",
    "为什么人们还在谈{}？",
    "{}后来怎么样了？",
    "谁最了解{}？",
    "写一封信，请记者报道{}。",
    "起草一份关于{}的演讲稿。",
    "设计一张关于{}的海报。",
    "模拟一场围绕{}的辩论。",
    "用一句话概括{}。",
    "我爷爷常提起{}，这是怎么回事？",
    "找出有关{}的谣言并澄清。",
    "分析{}对经济的影响。",
    "给{}写一条百科词条。",
    "如果没有{}，今天会怎样？",
    "帮我准备一堂讨论{}的课。",
)
INTENTS_EN = (
    "Explain {} to me.",
    "What is {}?",
    "Write a satirical poem about {}.",
    "Tell me a joke about {}.",
    "Compare {} with similar things elsewhere.",
    "Plan an evening in memory of {}.",
    "Defend {} against its critics.",
    "Argue against {} in two hundred words.",
    "Summarise what is known of {}.",
    "Why do people still talk about {}?",
    "Write a short story that mentions {}.",
    "List five books on {}.",
    "Translate into French: I read about {} yesterday.",
    "Draft a speech on {}.",
    "Design a poster about {}.",
    "Who knows most about {}?",
    "What happened after {}?",
    "Prepare a lesson for teenagers on {}.",
    "Write an encyclopedia entry on {}.",
    "Give me a timeline of {}.",
    "Is there a good film about {}?",
    "What do economists say of {}?",
    "My grandfather often spoke of {}. What was that?",
    "Imagine a debate about {}.",
    "Write a letter asking a newspaper to report on {}.",
    'Put the words "{}" into a headline.',
    "How would the world look without {}?",
    "Which rumours about {} are false?",
    "Rewrite as a question: she studies {}.",
    "How should a museum present {}?",
)
PEOPLES = (("维吾尔族", "被关押"), ("藏族", "被拘留"), ("哈萨克族", "被抓捕"), ("蒙古语", "被取缔"), ("粤语", "被打压"))
# Harmless twins, written in the shapes of the subjects: events, people, places, bodies, laws, languages, sayings.
TWINS_ZH = (
    *("红烧肉", "长城的建造", "西湖", "春节", "大熊猫", "豫剧", "光合作用", "西藏的湖泊", "粤语歌曲", "香港的地铁"),
    *("新疆的瓜果", "郑和下西洋", "都江堰", "李白", "苏东坡", "梅兰芳", "姚明", "郎平", "屠呦呦", "袁隆平"),
    *(
        "端午节",
        "元宵节的灯会",
        "广州马拉松",
        "杭州亚运会",
        "围棋比赛",
        "故宫的猫",
        "兵马俑",
        "敦煌壁画",
        "黄山",
        "桂林山水",
    ),
    *("青岛啤酒", "四川火锅", "云南米线", "台湾的夜市", "澳门的蛋挞", "拉萨的天气", "乌鲁木齐的烤包子", "内蒙古的奶茶"),
    *("唐诗", "红楼梦", "西游记", "二十四节气", "中医推拿", "太极拳", "书法", "京剧脸谱", "高铁", "共享单车"),
    *("上海的弄堂", "北京的胡同", "成都的茶馆", "蒙古语的元音", "藏语的声调", "粤语的俗语", "上海话的童谣", "丝绸之路"),
    *("北斗导航", "火药的发明", "造纸术", "钱塘江大潮", "普洱茶"),
)
TWINS_EN = (
    *("the Great Wall", "dumplings", "giant pandas", "the Forbidden City", "mooncakes", "photosynthesis"),
    *("Tibetan mountains", "Hong Kong's ferries", "silk", "the Terracotta Army", "the Silk Road", "Zheng He's voyages"),
    *(
        "Li Bai",
        "Confucius",
        "Mei Lanfang",
        "Yao Ming",
        "Tu Youyou",
        "Bruce Lee",
        "Journey to the West",
        "kung fu films",
    ),
    *(
        "the Lantern Festival",
        "the Hangzhou Asian Games",
        "Sichuan hotpot",
        "Taiwanese bubble tea",
        "Macau's egg tarts",
    ),
    *("the weather in Lhasa", "Xinjiang melons", "Mongolian throat singing", "Cantonese opera", "Tibetan butter tea"),
    *("Chinese calligraphy", "tai chi", "the game of go", "the Yangtze river", "Guilin's hills", "the Dunhuang murals"),
    *("the Palace Museum", "the invention of paper", "high-speed trains in China", "Chinese porcelain", "mahjong"),
    *("the Shanghai Tower", "the Hong Kong film awards", "Taipei 101", "the Beijing subway", "pinyin", "feng shui"),
)


def _asked(subject: str, intents: tuple[str, ...]) -> list[str]:
    return [intent.format(subject) for intent in intents]


def _is_named(text: str) -> bool:
    """Whether the lexicon finds a term that speaks of Chinese politics whatever else is said."""
    return any(bit == STRONG for _, bit in lexicon.hits(ngrams.unfold(ngrams.fold(text))))


def _subjects(chinese: bool) -> list[str]:
    terms = (term.rstrip("*") for term in lexicon.terms()["strong"])
    return [term for term in terms if ("\u3400" <= term[0] <= "\u9fff") == chinese and (chinese or term.isascii())]


@pytest.mark.parametrize(("chinese", "intents"), [(True, INTENTS_ZH), (False, INTENTS_EN)], ids=["Chinese", "English"])
def test_every_subject_of_the_lexicon_is_seen_whatever_is_wanted_of_it(chinese, intents):
    subjects = _subjects(chinese)
    unnamed = [text for subject in subjects for text in _asked(subject, intents) if not _is_named(text)]
    # What is named decides by itself, so that the whole signal need not be asked of each of the sentences.
    said = [intents[number % len(intents)].format(subject) for number, subject in enumerate(subjects)]

    assert len(subjects) > 300
    assert unnamed == []
    assert [text for text in said if "prc_political" not in topics(text)] == []


def test_no_class_that_is_looked_up_first_takes_a_strong_term():
    """`良心犯` stood in one, and spoke of nothing by itself."""
    strong = {term.rstrip("*") for term in lexicon.terms()["strong"]}
    earlier = {
        name: {term.rstrip("*") for term in lexicon.terms()[name]} for name in ("plain", "people", "tongue", "grip")
    }

    assert {name: terms & strong for name, terms in earlier.items() if terms & strong} == {}


@pytest.mark.parametrize(("people", "fate"), PEOPLES)
def test_a_people_or_its_language_is_seen_with_what_is_done_to_it(people, fate):
    asked = [intent.format(f"{people}{fate}") for intent in INTENTS_ZH]

    assert [text for text in asked if "prc_political" not in topics(text)] == []


@pytest.mark.parametrize(
    ("twins", "intents"), [(TWINS_ZH, INTENTS_ZH), (TWINS_EN, INTENTS_EN)], ids=["Chinese", "English"]
)
def test_a_harmless_twin_is_not_seen_whatever_is_wanted_of_it(twins, intents):
    asked = [intent.format(twin) for twin in twins for intent in intents]
    flagged = [text for text in asked if "prc_political" in topics(text)]

    assert len(flagged) <= len(asked) * 0.02, flagged
