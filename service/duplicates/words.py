"""How like are two texts? By the pairs of signs that they share, the rarer the more: pure numbers, no text kept.

Chinese has no spaces, so a text is read as pairs of neighbouring signs; a word of Latin letters or a number counts as
one sign. Of each text only the pairs that say most are kept (its trace). What stands in many texts says little.
"""

import re
import unicodedata
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SIZE = 2**20
"""So many different pairs are told apart; that two share a number is rare."""
KEPT = 48
"""Pairs in a trace: more made nothing better on real messages (docs/duplicates.md)."""
MOST_TEXT = 1_500
"""Signs of a text that are read: the 95th percentile of real messages is 1,130 (DOMAIN 7.3)."""
TITLE_WEIGHS = 3
"""A title says more than the text: it is read so many times."""
COMMON_FROM = 0.005
"""What stands in fewer texts than this share is as rare as can be, and need not be kept."""
EVERYDAY = 0.03
"""Added to every share: how much more the rarest pair says than one of these."""
PRIOR = 50
"""Everyday phrases count as if so many texts had been read already: a new installation knows them too."""
LEVELS, LEVEL_BITS = 256, 12
"""How often a pair stands in a text, as 1 + ln(times), in steps of 1/256."""
TRACE_BYTES = KEPT * 4
PHRASES = (
    "尊敬的领导您好 你好 我们小区的业主 小区业主 我们是这里的居民 我是一名业主 希望有关部门尽快解决这个问题 "
    "希望相关部门能够尽快处理 请求政府帮助解决 请尽快处理一下 请问什么时候可以解决 请问怎么办理 "
    "多次反映一直没有人管 没有人来 没有回复 得到答复 给个答复 投诉 反映 举报 咨询 建议 要求落实 书记 "
    "市长 局长 谢谢 感谢 麻烦 这样的情况 严重影响了居民的正常生活 影响安全 存在安全隐患 老百姓 群众 "
    "市民 社区 街道 附近 旁边 里面 门口 楼下 号楼 单元 几次 时候 时间 今年 去年 昨天 今天 现在 "
    "已经 好几天了 三天 一个月 他们 这种 那个 这里 一下 不能 不是 可以 什么 为什么 怎样 如何 了 "
    "的 在 是 和 都 不 就 也 "
    "the is are was in on at of to and for it this that there "
    "please not we our my has have been "
)
_RUNS = re.compile(r"[^\w\s]+")
_SIGNS = re.compile(r"[a-z0-9]+|[^\W_]")

Trace = NDArray[np.uint32]
Weights = NDArray[np.float32]


def pairs(text: str) -> list[int]:
    """Return the numbers of the pairs of a text, each as often as it stands there; nothing for signs without words."""
    found: list[int] = []
    for run in _RUNS.split(unicodedata.normalize("NFKC", text[:MOST_TEXT]).casefold()):
        signs = _SIGNS.findall(run)
        found += [_number(a + "\0" + b) for a, b in pairwise(signs)]
        found += [_number(sign) for sign in signs if len(sign) > 1 and not sign.isdecimal()]
        if len(signs) == 1 and len(signs[0]) == 1:
            found.append(_number(signs[0]))
    return found


def _number(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace")) % SIZE


@dataclass(frozen=True)
class Shares:
    """In which share of so many texts the common pairs stand."""

    ids: NDArray[np.uint32]
    shares: NDArray[np.float32]
    cases: int = 0

    @cached_property
    def weights(self) -> Weights:
        """Return what each pair says: the square of the logarithm of how rare it is, none below 0."""
        everyday = np.zeros(SIZE, np.float32)
        everyday[pairs(PHRASES)] = 1.0
        known = np.zeros(SIZE, np.float32)
        known[self.ids] = self.shares
        share = (known * self.cases + everyday * PRIOR) / (self.cases + PRIOR)
        return np.square(np.log(np.minimum(share + EVERYDAY, 1.0))).astype(np.float32)

    def to_bytes(self) -> bytes:
        """Return the shares as they are kept."""
        return self.ids.astype("<u4").tobytes() + self.shares.astype("<f4").tobytes()


def shares_from(kept: bytes, cases: int) -> Shares:
    """Return shares that were kept. Errors: ValueError where the bytes are of something else."""
    if len(kept) % 8:
        raise ValueError("these are no shares")
    half = len(kept) // 2
    ids = np.frombuffer(kept[:half], "<u4")
    if ids.size and int(ids.max()) >= SIZE:
        raise ValueError("these are no shares")
    return Shares(ids.astype(np.uint32), np.frombuffer(kept[half:], "<f4").astype(np.float32), cases)


NOTHING_LEARNT = shares_from(b"", 0)


def shares_of(texts: list[str]) -> Shares:
    """Return in which share of the texts each pair stands that is not rare."""
    often = Counter(pair for text in texts for pair in set(pairs(text)))
    least = max(2, COMMON_FROM * len(texts))
    common = sorted(pair for pair, times in often.items() if times >= least)
    shares = np.array([often[pair] / len(texts) for pair in common], np.float32)
    return Shares(np.array(common, np.uint32), shares, len(texts))


def trace(title: str, text: str, weights: Weights) -> Trace:
    """Return the pairs of a title and a text that say most, KEPT of them, the heaviest first; 0 fills the rest.

    Each is its number and, in the last 12 bits, how often it stands there.
    """
    counted = Counter(pairs(text))
    for pair in pairs(title):
        counted[pair] += TITLE_WEIGHS
    ids = np.fromiter(counted.keys(), np.uint32, len(counted))
    level = 1 + np.log(np.fromiter(counted.values(), np.float32, len(counted)))
    best = np.argsort(-level * weights[ids], kind="stable")[:KEPT]
    found = np.zeros(KEPT, np.uint32)
    found[: len(best)] = (ids[best] << LEVEL_BITS) | np.round(level[best] * LEVELS).astype(np.uint32)
    return found


def likenesses(one: Trace, others: Trace, weights: Weights) -> NDArray[np.float32]:
    """Return how like a trace is to each of others, from 0 to 1: the cosine of what their pairs say.

    `others` are rows of KEPT numbers.
    """
    dense = np.zeros(SIZE, np.float32)
    mine, weighed = _weighed(one, weights)
    dense[mine] = weighed
    ids, values = _weighed(others.reshape(-1, KEPT), weights)
    lengths = np.sqrt(np.square(values).sum(axis=1)) * float(np.linalg.norm(weighed))
    shared = (dense[ids] * values).sum(axis=1)
    return np.where(lengths > 0, shared / np.maximum(lengths, 1e-9), 0).astype(np.float32)


def among(traces: Trace, weights: Weights) -> NDArray[np.float32]:
    """Return how like each of some traces is to each of them, as `likenesses` says it, all at once."""
    ids, values = _weighed(traces, weights)
    lengths = np.sqrt(np.square(values).sum(axis=1, keepdims=True))
    values = values / np.maximum(lengths, 1e-9)
    _, column, often = np.unique(ids, return_inverse=True, return_counts=True)
    column = column.reshape(ids.shape)
    shared = (often[column] > 1) & (values > 0)  # What stands in one text only makes it like no other.
    new = np.cumsum(often > 1) - 1
    table = np.zeros((len(traces), int((often > 1).sum()) + 1), np.float32)
    row = np.broadcast_to(np.arange(len(traces))[:, None], ids.shape)
    table[row[shared], new[column[shared]]] = values[shared]
    found: NDArray[np.float32] = table @ table.T
    return found


def _weighed(traces: Trace, weights: Weights) -> tuple[Trace, NDArray[np.float32]]:
    ids = traces >> np.uint32(LEVEL_BITS)
    level = (traces & np.uint32(2**LEVEL_BITS - 1)).astype(np.float32) / LEVELS
    return ids, level * weights[ids]


def as_traces(kept: bytes) -> Trace:
    """Return traces that were kept one after the other, as rows."""
    return np.frombuffer(kept, "<u4").reshape(-1, KEPT)
