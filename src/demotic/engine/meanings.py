"""Texts become vectors: which texts of a batch, and the vectors checked and packed."""

import sys
from array import array
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from demotic.domain.errors import EmbeddingFailed
from demotic.domain.items import ItemIndex, ItemQuery, NewItem
from demotic.domain.paths import texts_at
from demotic.ports.items import Embedder, ItemOperation


class Texts(NamedTuple):
    """What has to become vectors: texts that are stored, texts that are sought; each once."""

    stored: Sequence[str]
    sought: Sequence[str]


Packed = Mapping[str, bytes]
"""Vectors by text, as the storage takes them."""


class Meanings:
    """Vectors of texts, for one index."""

    def __init__(self, index: ItemIndex, embedder: Embedder) -> None:
        self._index, self._embedder = index, embedder

    def texts_of(self, new: NewItem) -> list[str]:
        """The texts by whose meaning an item is to be found."""
        if new.index is False:
            return []
        fields = self._index.fields if new.index is None else new.index
        texts = [text for field in fields for text in texts_at(new.value, field) if text]
        return list(dict.fromkeys(texts))

    def texts(self, batch: Sequence[ItemOperation]) -> Texts:
        """The texts of a batch."""
        stored = [t for each in batch if isinstance(each, NewItem) for t in self.texts_of(each)]
        sought = [each.text for each in batch if isinstance(each, ItemQuery) and each.text]
        return Texts(list(dict.fromkeys(stored)), list(dict.fromkeys(sought)))

    async def embed(self, texts: Sequence[str], *, query: bool) -> Packed:
        """Their vectors. Raises `EmbeddingFailed`."""
        if not texts:
            return {}
        try:
            return self._packed(texts, await self._embedder.embed(texts, query=query))
        except EmbeddingFailed:
            raise
        except Exception as error:  # whatever the user's code raises
            raise self._failed(error) from error

    def embed_now(self, texts: Sequence[str], *, query: bool) -> Packed:
        """The same for synchronous code."""
        if not texts:
            return {}
        try:
            return self._packed(texts, self._embedder.embed_now(texts, query=query))
        except EmbeddingFailed:
            raise
        except Exception as error:  # whatever the user's code raises
            raise self._failed(error) from error

    def _packed(self, texts: Sequence[str], vectors: Sequence[Sequence[float]]) -> Packed:
        if len(vectors) != len(texts):
            raise EmbeddingFailed(
                f"'{self._index.embed}' made {len(vectors)} vectors of {len(texts)} texts."
            )
        return {t: self._pack(v) for t, v in zip(texts, vectors, strict=True)}

    def _pack(self, vector: Sequence[float]) -> bytes:
        numbers = array("f", vector)
        if len(numbers) != self._index.dims:
            raise EmbeddingFailed(
                f"'{self._index.embed}' made a vector of {len(numbers)} numbers; store.index.dims "
                f"is {self._index.dims}. Correct it in the configuration."
            )
        if not isfinite(sum(numbers)):
            raise EmbeddingFailed(f"'{self._index.embed}' made a vector that is not finite.")
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers.tobytes()

    def _failed(self, error: Exception) -> EmbeddingFailed:
        told = f"{type(error).__name__}: {error}"
        return EmbeddingFailed(f"'{self._index.embed}' made no vectors. {told}")
