"""Vectors of texts: how often each of four words is in them."""

WORDS = ("pear", "apple", "car", "wheel")


async def embed(texts: list[str]) -> list[list[float]]:
    """A vector for each text."""
    return [[float(text.count(word)) for word in WORDS] for text in texts]
