"""Search in Markdown pages: sections, and a BM25 ranking of them in plain Python."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

TITLE_WEIGHT = 3
"""A word in a section's title counts as often as this many words of its text."""

SATURATION = 1.5
LENGTH_PENALTY = 0.75

STOP_WORDS = frozenset(
    "a about an and any are as at be been but by can could did do does for from had happen happens "
    "has have how i if in into is it its me my need needs not of on or our please shall should so "
    "some tell than that the their them then there these they this to us use used using want was "
    "we were what when where which who why will with would you your".split()
)
ENDINGS = ("ing", "ed", "e")
"""Endings to cut after a plural "s"; a consonant doubled before them is halved (planned, plan)."""


@dataclass(frozen=True)
class Section:
    """A piece of a page under one heading."""

    page: str
    title: str
    text: str


def words(text: str) -> list[str]:
    """The words of `text` that carry meaning, each cut to its stem."""
    found = re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))
    return [_stem(word) for word in found if word not in STOP_WORDS]


def _stem(word: str) -> str:
    if word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word.removesuffix(ending)
            is_doubled = stem[-1] == stem[-2] and stem[-1] not in "ls"
            return stem[:-1] if is_doubled else stem
    return word


def sections(markdown: str) -> list[Section]:
    """The sections of one page; what stands before its first `##` goes by the page's title."""
    pieces = re.split(r"^##? ", markdown, flags=re.MULTILINE)[1:]
    halves = [piece.strip().partition("\n") for piece in pieces]
    return [Section(halves[0][0], title, text.strip()) for title, _, text in halves if text]


def read_corpus(directory: Path = CORPUS) -> list[Section]:
    """All sections of the Markdown pages in `directory`, in the order of their file names."""
    pages = sorted(directory.glob("*.md"))
    return [section for page in pages for section in sections(page.read_text(encoding="utf-8"))]


class Index:
    """Sections that can be searched; equal questions get equal answers."""

    def __init__(self, entries: Iterable[Section]) -> None:
        self.entries = tuple(entries)
        self._counts = [
            Counter(words(entry.title) * TITLE_WEIGHT + words(entry.text)) for entry in self.entries
        ]
        self._mean_length = sum(map(Counter.total, self._counts)) / max(len(self.entries), 1)
        self._spread = Counter(word for counts in self._counts for word in counts)

    def search(self, query: str, limit: int = 3) -> list[Section]:
        """The sections that fit `query` best, best first; none where no word of it occurs."""
        terms = sorted(set(words(query)))
        scores = [self._score(terms, place) for place in range(len(self.entries))]
        ranked = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
        return [self.entries[place] for place in ranked[:limit] if scores[place] > 0]

    def _score(self, terms: list[str], place: int) -> float:
        """BM25, up to doubled by the share of the title that was asked for."""
        title = set(words(self.entries[place].title))
        share = len(title.intersection(terms)) / max(len(title), 1)
        return (1 + share) * sum(self._weight(term, self._counts[place]) for term in terms)

    def _weight(self, term: str, counts: Counter[str]) -> float:
        spread = self._spread[term]
        rarity = math.log(1 + (len(self.entries) - spread + 0.5) / (spread + 0.5))
        length = 1 - LENGTH_PENALTY + LENGTH_PENALTY * counts.total() / self._mean_length
        return rarity * counts[term] * (SATURATION + 1) / (counts[term] + SATURATION * length)
