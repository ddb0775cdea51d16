"""Made-up members with phones that nobody has: 19900xxxxxx with a tail by position."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from lifecycle.rules import Birthday

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏"
    "苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙史陶贺毛郝顾龚邵万"
    "覃武钱戴严莫孔向常"
)
_GIVEN = (
    "小明",
    "伟",
    "芳",
    "娜",
    "秀英",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "涛",
    "明",
    "超",
    "秀兰",
    "霞",
    "平",
    "刚",
    "桂英",
    "文",
    "辉",
    "玲",
    "建华",
    "红",
    "宇",
    "浩",
    "子涵",
    "欣怡",
    "梓轩",
    "雨桐",
    "一诺",
    "思远",
    "嘉怡",
    "俊杰",
    "晓燕",
    "海燕",
    "建国",
    "志强",
    "婷婷",
    "雪梅",
    "佳琪",
    "天宇",
    "梦瑶",
    "晨曦",
    "春梅",
    "国栋",
)
_COMPOUND = ("欧阳娜娜", "司马光明", "上官婉儿", "诸葛小亮")


@dataclass(frozen=True)
class Shopper:
    """How a made-up member shops: how often, where, and from when until when."""

    key: str
    store: str
    joined: date
    left: date | None
    visits_a_month: int
    basket: int
    tender: str


def shoppers(
    random: Random, stores: list[str], today: date, count: int = 300
) -> Iterator[tuple[Shopper, dict[str, Any]]]:
    """Members with the way they shop: loyal ones, occasional ones, new ones and ones who have stopped."""
    for number in range(1, count + 1):
        store = random.choices(stores, weights=[5, 3, 2])[0]
        kind = random.choices(["loyal", "usual", "rare", "new", "lost"], weights=[12, 40, 22, 13, 13])[0]
        joined = today - timedelta(days=random.randint(2, 45) if kind == "new" else random.randint(60, 900))
        left = today - timedelta(days=random.randint(100, 260)) if kind == "lost" else None
        visits = {"loyal": 7, "usual": 3, "rare": 1, "new": 4, "lost": 3}[kind]
        name = _COMPOUND[number - 1] if number <= len(_COMPOUND) else random.choice(_SURNAMES) + random.choice(_GIVEN)
        shopper = Shopper(
            key=f"D{number:05d}",
            store=store,
            joined=joined,
            left=left,
            visits_a_month=visits,
            basket={"loyal": 6, "usual": 4, "rare": 3, "new": 4, "lost": 4}[kind],
            tender=random.choices(["wechat", "alipay", "cash", "card"], weights=[50, 28, 14, 8])[0],
        )
        yield (
            shopper,
            {
                "external_id": shopper.key,
                "name": name,
                "phone": f"19900{number * 3307 % 1_000_000:06d}",
                "gender": random.choice(["female", "female", "male", "unknown"]),
                "birthday": _birthday(random),
                "store": store,
                "registered_on": joined,
            },
        )


def _birthday(random: Random) -> Birthday | None:
    kind = random.choices(["solar", "lunar", "none"], weights=[60, 25, 15])[0]
    if kind == "none":
        return None
    year = random.choice([None, random.randint(1950, 2005)])
    return Birthday(kind, year, random.randint(1, 12), random.randint(1, 28))
