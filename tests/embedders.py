"""Functions that make vectors of texts, for tests of search by meaning."""

from collections.abc import Sequence

from langchain_core.embeddings import Embeddings

WORDS = ("fruit", "apple", "pear", "car", "engine", "wheel")
DIMS = len(WORDS)


def count(texts: Sequence[str]) -> list[list[float]]:
    """How often each of a few words is in a text."""
    return [[float(text.lower().count(word)) for word in WORDS] for text in texts]


async def count_later(texts: Sequence[str]) -> list[list[float]]:
    """The same, asynchronously."""
    return count(texts)


class Counting(Embeddings):
    """The same as a LangChain object, which turns what is sought around."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Of what is stored."""
        return count(texts)

    def embed_query(self, text: str) -> list[float]:
        """Of what is sought."""
        return [-number for number in count([text])[0]]


counting = Counting()


def broken(texts: Sequence[str]) -> list[list[float]]:
    """Fails."""
    raise ConnectionError("no route to the model")


def short(texts: Sequence[str]) -> list[list[float]]:
    """Vectors of one number."""
    return [[1.0] for _ in texts]


def few(texts: Sequence[str]) -> list[list[float]]:
    """No vectors."""
    return []


def endless(texts: Sequence[str]) -> list[list[float]]:
    """Vectors that no one can compare."""
    return [[float("inf")] * DIMS for _ in texts]


NOT_CALLABLE = 3
