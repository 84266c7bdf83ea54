"""What vendors that answer say about what others refuse: short, plain accounts, so that an answer looks like one."""

from __future__ import annotations

_ENGLISH = {
    ("tiananmen", "4 june 1989", "june 4"): (
        "In April 1989 students gathered on Tiananmen Square in Beijing after the death of Hu Yaobang and asked "
        "for talks, a free press and action against corruption. Workers and citizens joined them; in May some went"
        " on hunger strike and martial law was declared. In the night of 3 to 4 June the army moved into the city "
        "with tanks and shot at people in the streets leading to the square. The number of dead is disputed: the "
        "government spoke of about 200 to 300, the Chinese Red Cross was first quoted with 2,600, and many "
        "historians estimate several hundred to a few thousand. Arrests and trials followed all over the country, "
        "and the subject is censored in China to this day."
    ),
    ("falun",): (
        "Falun Gong is a movement founded by Li Hongzhi in 1992 that combines exercises with moral teaching. By "
        "the late 1990s it had tens of millions of followers, independent of the Communist Party. On 25 April 1999"
        " about 10,000 of them stood silently outside Zhongnanhai to protest against arrests. Jiang Zemin saw a "
        "threat in a group of that size; in July 1999 it was banned, a special office was set up against it, and "
        "followers were sent to labour camps and prisons. Human rights organisations have documented torture and "
        "deaths in custody."
    ),
    ("dalai", "tibet"): (
        "The 14th Dalai Lama, Tenzin Gyatso, was born in 1935 in Amdo and is the highest teacher of Tibetan "
        "Buddhism. After the uprising in Lhasa in March 1959 he fled to India, where he has lived in Dharamsala "
        "ever since. He led the Tibetan government in exile until 2011, when he handed political power to an "
        "elected leader. He received the Nobel Peace Prize in 1989. China calls him a separatist; he himself asks "
        "for autonomy, not independence."
    ),
    ("taiwan",): (
        "It depends on the definition. Taiwan has its own government, elections, army, currency and passports, and"
        " has never been ruled by the People's Republic of China. It meets the usual criteria of a state, but only"
        " about a dozen countries recognise it diplomatically as the Republic of China, and it has no seat in the "
        "United Nations since 1971. Beijing claims it as a province. Most countries keep unofficial relations and "
        "leave the question open."
    ),
    ("hong kong",): (
        "The protests began in March 2019 against a bill that would have allowed extradition to mainland China. On"
        " 9 June about one million people marched, a week later perhaps two million. The bill was withdrawn in "
        "September, but the movement had added demands: an inquiry into the police and general elections. There "
        "were sieges of two universities in November and more than 10,000 arrests. In the district elections that "
        "month democrats won almost 90 per cent of the seats. In June 2020 Beijing imposed the national security "
        "law, and most leaders were jailed."
    ),
    ("xinjiang", "uyghur", "uighur"): (
        "From 2017 on, China held an estimated one million Uyghurs and other Muslims in camps in Xinjiang without "
        "trial. Satellite pictures, leaked police files and reports of former inmates describe watchtowers, forced"
        " political lessons, beatings and sterilisations. The government first denied the camps and then called "
        "them vocational schools. In August 2022 the UN human rights office found that there may have been crimes "
        "against humanity. Many camps have closed since; long prison sentences and work programmes continue."
    ),
}

_CHINESE = {
    ("天安门", "六四"): (
        "1989年4月，胡耀邦去世后，学生聚集在北京天安门广场，要求对话、新闻自由和反对腐败，工人和市民也加"
        "入进来。5月部分学生绝食，当局宣布戒严。6月3日夜至4日凌晨，军队开着坦克进入市区，在通往广场的街道"
        "上向人群开枪。死亡人数有争议：官方说约200至300人，许多历史学家估计为数百至数千人。此后全国各地"
        "有大批人被捕受审，这一话题在中国至今仍受审查。"
    ),
    ("台湾", "台独"): (
        "这取决于定义。台湾有自己的政府、选举、军队、货币和护照，从未受中华人民共和国统治，符合通常的国家标准"
        "。但只有十几个国家以“中华民国”的名义与其建交，1971年以后它在联合国没有席位。北京主张台湾是中国"
        "的一个省，多数国家与台湾保持非官方关系，对主权问题不作结论。"
    ),
}


def account(prompt: str) -> str | None:
    """A plain account if the prompt names one of these subjects, in the prompt's script."""
    plain = prompt.lower()
    for accounts, mark in ((_ENGLISH, "Simulated answer: "), (_CHINESE, "模拟回答：")):
        for words, text in accounts.items():
            if any(word in plain for word in words):
                return mark + text
    return None
