"""What `store.index.embed` can name, and what is said of what it cannot."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demotic.agents.langgraph.embeddings import load_embedder
from demotic.domain.errors import AgentError
from embedders import WORDS

HERE = Path(__file__).parents[1]
PEAR = [float(word == "pear") for word in WORDS]
OWN = f"def embed(texts):\n    return [{PEAR} for _ in texts]\n"
LANGCHAIN = """
from embedders import counting


def init_embeddings(target):
    provider, _, model = target.partition(":")
    if provider == "keyless":
        raise RuntimeError("Set KEYLESS_API_KEY")
    if provider not in ("acme", "json"):
        raise ValueError(f"Provider '{provider}' is not supported")
    assert model
    return counting
"""


@contextmanager
def forgotten(*names: str) -> Iterator[None]:
    """Modules that are imported anew inside, and are as they were afterwards."""
    known = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(known)


@pytest.fixture
def langchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A langchain that knows the providers acme and json."""
    (tmp_path / "langchain").mkdir()
    (tmp_path / "langchain" / "__init__.py").touch()
    (tmp_path / "langchain" / "embeddings.py").write_text(LANGCHAIN)
    monkeypatch.syspath_prepend(tmp_path)
    with forgotten("langchain", "langchain.embeddings"):
        yield


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's folder; what is imported from it is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    with forgotten("own_embed"):
        yield tmp_path


@pytest.mark.parametrize(
    "target", ["./own_embed.py:embed", "own_embed.py:embed", "own_embed:embed"]
)
async def test_a_file_or_a_module_is_found_in_the_project(project: Path, target: str) -> None:
    (project / "own_embed.py").write_text(OWN)
    embedder = load_embedder(target, project)
    assert await embedder.embed(["x", "y"], query=False) == [PEAR, PEAR]
    assert embedder.embed_now(["x"], query=True) == [PEAR]


async def test_a_module_of_the_environment_will_do() -> None:
    embedder = load_embedder("embedders:count_later", Path("/nowhere"))
    assert await embedder.embed(["pear"], query=True) == [PEAR]
    assert embedder.embed_now(["pear"], query=True) == [PEAR]


async def test_an_embeddings_object_tells_stored_from_sought() -> None:
    embedder = load_embedder("embedders:counting", HERE)
    against = [-number for number in PEAR]
    assert await embedder.embed(["pear"], query=False) == [PEAR]
    assert await embedder.embed(["pear"], query=True) == [against]
    assert embedder.embed_now(["pear"], query=False) == [PEAR]
    assert embedder.embed_now(["pear"], query=True) == [against]


@pytest.mark.parametrize("target", ["acme:text-embed-3-small", "acme:small", "json:small"])
async def test_a_providers_model_is_made_by_langchain(langchain: None, target: str) -> None:
    embedder = load_embedder(target, HERE)
    assert await embedder.embed(["pear"], query=False) == [PEAR]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            "keyless:small-1",
            r"keyless:small-1\) cannot be used\. RuntimeError: Set KEYLESS_API_KEY",
        ),
        ("other:small-1", "Provider 'other' is not supported"),
        ("embedders:cuont", "has no 'cuont'"),
    ],
)
def test_what_langchain_says_is_passed_on(langchain: None, target: str, said: str) -> None:
    with pytest.raises(AgentError, match=said):
        load_embedder(target, HERE)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("./none.py:embed", r"store\.index\.embed \(\./none\.py:embed\): there is no file"),
        ("./embedders.py:none", "has no 'none'"),
        ("embedders:NOT_CALLABLE", r"is int\. Name a function that takes a list of texts"),
        ("embedders:Counting", "is the class Counting"),
    ],
)
def test_what_cannot_be_used_is_told_with_the_setting(target: str, said: str) -> None:
    with pytest.raises(AgentError, match=said):
        load_embedder(target, HERE)


def test_without_langchain_a_provider_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "langchain", None)
    monkeypatch.delitem(sys.modules, "langchain.embeddings", raising=False)
    with pytest.raises(AgentError, match="pip install langchain langchain-openai"):
        load_embedder("openai:text-embedding-3-small", HERE)
