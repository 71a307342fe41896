"""Makes vectors of texts with what `store.index.embed` names: the user's function or object, or a
provider's model."""

import asyncio
import contextvars
import importlib
import importlib.util
import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from langchain_core.embeddings import Embeddings

from demotic.agents.langgraph.loader import load_object
from demotic.domain.errors import AgentError
from demotic.ports.items import Embedder

Vectors = Sequence[Sequence[float]]


def load_embedder(target: str, base_dir: Path, import_paths: Sequence[Path] = ()) -> Embedder:
    """What `target` names: `file.py:function`, `module:function`, or `provider:model`.

    It may be a function from texts to vectors, asynchronous or not, or a LangChain `Embeddings`.
    Raises `AgentError`, whose message is for the user.
    """
    where = f"store.index.embed ({target})"
    place, _, attribute = target.rpartition(":")
    if place.endswith(".py") or re.search(r"[/\\]", place):
        return _embedder(where, load_object(where, target, base_dir, import_paths))
    if not attribute.isidentifier() or not _is_module(place, [base_dir, *import_paths]):
        return _EmbeddingsModel(_of_provider(where, target))
    try:
        return _embedder(where, load_object(where, target, base_dir, import_paths))
    except AgentError as error:
        try:  # a provider may be called like a module: `ollama:llama3`
            return _EmbeddingsModel(_of_provider(where, target))
        except AgentError:
            raise error from None


def _is_module(name: str, roots: Sequence[Path]) -> bool:
    first = name.partition(".")[0]
    if any((root / first).is_dir() or (root / f"{first}.py").is_file() for root in roots):
        return True
    return first.isidentifier() and importlib.util.find_spec(first) is not None


def _of_provider(where: str, target: str) -> Embeddings:
    try:  # only those who use it have it
        init_embeddings = importlib.import_module("langchain.embeddings").init_embeddings
    except ImportError:
        provider = target.partition(":")[0]
        raise AgentError(
            f"{where}: a provider's model needs langchain and the provider's package: "
            f"pip install langchain langchain-{provider}. Or name a function of your own, as in "
            "'./embed.py:embed'."
        ) from None
    try:
        return cast(Embeddings, init_embeddings(target))
    except Exception as error:  # a missing package, or key, or model: each has its own way to say
        raise AgentError(f"{where} cannot be used. {type(error).__name__}: {error}") from error


def _embedder(where: str, found: object) -> Embedder:
    if isinstance(found, Embeddings):
        return _EmbeddingsModel(found)
    if inspect.isclass(found) or not callable(found):
        kind = f"the class {found.__name__}" if inspect.isclass(found) else type(found).__name__
        raise AgentError(
            f"{where} is {kind}. Name a function that takes a list of texts and returns a list of "
            "vectors, asynchronous or not, or an object that is a LangChain `Embeddings`."
        )
    return _EmbeddingFunction(found)


class _EmbeddingsModel:
    """A LangChain `Embeddings`."""

    def __init__(self, model: Embeddings) -> None:
        self._model = model

    async def embed(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """See the port."""
        if query:
            return await asyncio.gather(*(self._model.aembed_query(text) for text in texts))
        return await self._model.aembed_documents(list(texts))

    def embed_now(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """See the port."""
        if query:
            return [self._model.embed_query(text) for text in texts]
        return self._model.embed_documents(list(texts))


class _EmbeddingFunction:
    """A function from texts to vectors; one that is not asynchronous is called in a thread."""

    def __init__(self, call: Callable[[list[str]], Any]) -> None:
        self._call = call
        self._is_async = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(
            getattr(call, "__call__", None)  # noqa: B004 - of the object, to see what it is
        )

    async def embed(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """See the port."""
        if self._is_async:
            made = self._call(list(texts))
        else:
            made = await asyncio.to_thread(self._call, list(texts))
        return cast(Vectors, await made if inspect.isawaitable(made) else made)

    def embed_now(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """See the port."""
        made = self._call(list(texts))
        return cast(Vectors, _finished(made) if inspect.isawaitable(made) else made)


def _finished(made: Awaitable[Any]) -> Any:
    """What an awaitable comes to, for a caller that cannot await: on a loop of its own, and in a
    thread of its own where this one's loop is at work."""

    async def waiting() -> Any:
        return await made

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(waiting())
    with ThreadPoolExecutor(1, thread_name_prefix="demotic-embed") as pool:
        return pool.submit(contextvars.copy_context().run, asyncio.run, waiting()).result()
