"""What `store` of `langgraph.json` means, and what is said about what it cannot mean."""

import json
from pathlib import Path
from typing import Any

import pytest

from demotic.config import Config, ConfigError, read_config
from demotic.domain.items import ItemIndex, ItemRules

EMBED = {"dims": 3, "embed": "./embed.py:embed"}


def read(folder: Path, store: Any, **environ: str) -> Config:
    """The configuration with this store."""
    keys = {"graphs": {"agent": "./agent.py:graph"}, "store": store}
    (folder / "langgraph.json").write_text(json.dumps(keys))
    return read_config(folder, environ)


@pytest.mark.parametrize(
    ("store", "rules"),
    [
        ({}, ItemRules()),
        (None, ItemRules()),
        ({"index": None, "ttl": {}}, ItemRules()),
        (
            {"index": {**EMBED, "fields": ["text", "tags[*]"]}},
            ItemRules(
                index=ItemIndex(dims=3, embed="./embed.py:embed", fields=("text", "tags[*]"))
            ),
        ),
        (
            {"index": {"dims": 1536, "embed": "openai:text-embedding-3-small"}},
            ItemRules(index=ItemIndex(dims=1536, embed="openai:text-embedding-3-small")),
        ),
        (
            {"ttl": {"default_ttl": 1.5, "refresh_on_read": False, "sweep_interval_minutes": 10}},
            ItemRules(default_ttl_s=90, refresh_on_read=False, sweep_s=600),
        ),
        ({"ttl": {"default_ttl": None, "refresh_on_read": None}}, ItemRules()),
    ],
)
def test_a_store_is_read(tmp_path: Path, store: Any, rules: ItemRules) -> None:
    config = read(tmp_path, store)
    assert (config.memory, config.warnings) == (rules, ())


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ([1], r"store: must be an object"),
        ({"index": [1]}, r"store\.index: must be an object"),
        ({"ttl": "1h"}, r"store\.ttl: must be an object"),
        ({"index": {"embed": "a:b"}}, r"store\.index\.dims: must be how many numbers"),
        ({"index": {**EMBED, "dims": True}}, r"store\.index\.dims"),
        ({"index": {**EMBED, "dims": 0}}, r"store\.index\.dims"),
        ({"index": {"dims": 3}}, r"store\.index\.embed: must name what makes the vectors"),
        ({"index": {**EMBED, "embed": "embed"}}, r"store\.index\.embed"),
        ({"index": {**EMBED, "embed": "a:"}}, r"store\.index\.embed"),
        ({"index": {**EMBED, "fields": "text"}}, r"store\.index\.fields: must be a list of paths"),
        ({"index": {**EMBED, "fields": [""]}}, r"store\.index\.fields"),
        ({"ttl": {"default_ttl": "5"}}, r"store\.ttl\.default_ttl: must be a number of minutes"),
        ({"ttl": {"default_ttl": 0}}, r"store\.ttl\.default_ttl: must be more than 0"),
        ({"ttl": {"sweep_interval_minutes": -1}}, r"store\.ttl\.sweep_interval_minutes"),
        ({"ttl": {"refresh_on_read": 1}}, r"store\.ttl\.refresh_on_read: must be true or false"),
        ({"path": "store.py"}, r"store\.path: must name a store, .* it is 'store\.py'\."),
        ({"path": ["a:b"]}, r"store\.path: must name a store"),
        ({"path": "a:b", "index": EMBED}, r"store\.index: is for the server's own store"),
        ({"path": "a:b", "ttl": {"default_ttl": 1}}, r"store\.ttl: .* Remove it, or store\.path"),
    ],
)
def test_what_it_cannot_mean_stops_the_start(tmp_path: Path, store: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, store)


def test_a_store_of_the_users_own_is_named(tmp_path: Path) -> None:
    config = read(tmp_path, {"path": "./stores.py:make"})
    assert (config.store, config.warnings) == ("./stores.py:make", ())
    assert read(tmp_path, {}).store is None


def test_keys_that_do_not_exist_are_told(tmp_path: Path) -> None:
    store = {"index": {**EMBED, "feilds": ["x"]}, "ttl": {"default": 1}}
    index, ttl = read(tmp_path, store).warnings
    assert "store.index.feilds: there is no such setting" in index
    assert "Did you mean 'store.index.fields'?" in index
    assert "store.ttl.default: there is no such setting" in ttl


def test_the_variable_wins_over_the_file(tmp_path: Path) -> None:
    config = read(
        tmp_path, {"ttl": {"default_ttl": 1}}, LANGGRAPH_STORE='{"ttl": {"default_ttl": 2}}'
    )
    assert config.memory.default_ttl_s == 120
    with pytest.raises(ConfigError, match=r"^LANGGRAPH_STORE: store\.ttl\.default_ttl"):
        read(tmp_path, {}, LANGGRAPH_STORE='{"ttl": {"default_ttl": "x"}}')
