"""Writes the generated parts of the documentation; with `--check`, tells which are out of date.

A generated part stands between `<!-- generated: name -->` and `<!-- end -->`. Everything around it
is written by hand.
"""

import argparse
import inspect
import re
import runpy
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import click

from demotic.bench.rows import METRICS, Row
from demotic.bench.workloads import ROWS, START
from demotic.cli import main as cli
from demotic.cli.dev import ELSEWHERE
from demotic.config import BUILD_ONLY, FILE_FORMS, NOT_YET, SETTINGS, VARIABLES, Setting, Variable
from demotic.dialects.acp import deferred as acp_deferred
from demotic.dialects.acp.choices import KINDS as ACP_KINDS
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.errors import ERRORS as ACP_ERRORS
from demotic.dialects.acp.routes import AcpDialect
from demotic.dialects.agent_protocol import deferred as agent_protocol_deferred
from demotic.dialects.agent_protocol.choices import MODES
from demotic.dialects.agent_protocol.errors import ERRORS as AGENT_PROTOCOL_ERRORS
from demotic.dialects.langgraph import deferred
from demotic.dialects.langgraph.choices import KINDS
from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.domain.assistants import AgentSchemas, Assistant
from demotic.domain.lifecycle import mermaid
from demotic.engine.core import Engine
from demotic.server.aliases import Aliases
from demotic.server.app import agent_protocol
from demotic.web.deferral import Deferred
from demotic.web.problems import ErrorTable
from demotic.web.routing import Operation

ROOT = Path(__file__).resolve().parent.parent

PART = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

TESTS = ROOT / "tests"


class Spoken(NamedTuple):
    """A dialect as the documentation tells of it. `folder` is that of its manifest, where it is
    written what each operation promises; `options` are fields that are planned, with the values."""

    folder: str
    built: Callable[[], Iterable[Operation]]
    planned: Iterable[Deferred]
    options: Mapping[str, tuple[Iterable[str], str]]
    errors: ErrorTable
    modes: Iterable[str]

    @property
    def manifest(self) -> Path:
        """Its manifest."""
        return TESTS / "dialects" / self.folder / "requirements.py"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def no_engine() -> Engine:
    """There is none: the dialect is only read, not used."""
    raise RuntimeError("The documentation needs no engine.")


async def no_schemas(assistant: Assistant) -> AgentSchemas:
    """There are none, either."""
    raise RuntimeError("The documentation needs no schemas.")


def routes_built(spoken: Spoken) -> str:
    """Every operation that is served."""
    promised = promises(spoken)
    rows = sorted((each.path, each.method) for each in spoken.built())
    if unknown := {(method, path) for path, method in rows} - promised.keys():
        raise LookupError(f"{spoken.manifest} does not tell what these promise: {sorted(unknown)}")
    return table(
        ("Method", "Path", "What it does"),
        [(method, f"`{path}`", capital(promised[method, path])) for path, method in rows],
    )


def promises(spoken: Spoken) -> Mapping[tuple[str, str], str]:
    """What each operation promises."""
    sys.path.insert(0, str(TESTS))
    requirements = runpy.run_path(str(spoken.manifest))["REQUIREMENTS"].values()
    return {each.operation: each.behavior for each in requirements if each.operation}


def aliases() -> str:
    """Every path of other dialects that is served at the root, and whose it is."""
    theirs = {"Agent Protocol": "agent-protocol-", "ACP": "acp-"}
    promised = {name: promises(DIALECTS[prefix]) for name, prefix in theirs.items()}
    rows = []
    for each in Aliases(no_engine, Contracts(no_schemas, {})).operations:
        told = {n: known[place] for n, known in promised.items() if (place := each[:2]) in known}
        what = capital(next(iter(told.values())))
        rows.append((each.path, each.method, ", ".join(told), what))
    return table(
        ("Method", "Path", "Of", "What it does"),
        [(method, f"`{path}`", whose, what) for path, method, whose, what in sorted(rows)],
    )


def routes_planned(spoken: Spoken) -> str:
    """Every operation that answers 501."""
    rows = sorted((each.path, each.method, each.name) for each in spoken.planned)
    return table(
        ("Method", "Path", "What it will do"),
        [(method, f"`{path}`", capital(name)) for path, method, name in rows],
    )


def options_planned(spoken: Spoken) -> str:
    """Every field and value that answers 501."""
    rows = [
        (f"{whose} `{field}`", values)
        for whose, (fields, values) in spoken.options.items()
        for field in fields
    ]
    return table(("Field", "Values that are planned"), rows)


def stream_modes(spoken: Spoken) -> str:
    """The stream modes that are served."""
    return quoted(spoken.modes) + "."


def errors(spoken: Spoken) -> str:
    """The dialect's error table."""
    rows = sorted((status, code, doc(each)) for each, (status, code) in spoken.errors.items())
    return table(("Status", "Code", "When"), [(str(s), f"`{c}`", text) for s, c, text in rows])


def capital(text: str) -> str:
    """A phrase as a table's cell begins."""
    return text[:1].upper() + text[1:]


def doc(thing: Any) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def settings() -> str:
    """Every setting."""
    return table(
        ("Variable", "Flag", "Default", "Meaning"),
        [
            (f"`{each.env}`", f"`{each.flag}`" if each.flag else "", default_of(each), each.meaning)
            for each in SETTINGS
        ],
    )


def default_of(setting: Setting) -> str:
    """What a setting is where nobody sets it."""
    if setting.shown:
        return setting.shown
    value = setting.default
    return f"`{int(value) if isinstance(value, float) else value}`"


def commands() -> str:
    """Every command with its options."""
    parts: list[str] = []
    for name, command in sorted(cli.commands.items()):
        usage = " ".join(command.collect_usage_pieces(click.Context(command, info_name=name)))
        rows = [(quoted(each.opts), help_of(each)) for each in options(command)]
        parts += [f"## `demotic {name}`", f"`demotic {name} {usage}`", doc(command.callback)]
        parts += [table(("Option", "Meaning"), rows)] if rows else []
    return "\n\n".join(parts)


def options(command: click.Command) -> list[click.Option]:
    """A command's options."""
    return [each for each in command.params if isinstance(each, click.Option)]


def help_of(option: click.Option) -> str:
    """What an option is for."""
    text = re.sub(r"\s+", " ", option.help or "")
    if isinstance(option.type, click.Choice):
        text += f" One of {quoted(option.type.choices)}."
    return text


def file_keys() -> str:
    """The keys of langgraph.json that are not honoured yet, and what happens instead."""
    rows = [(f"`{key}`", capital(effect)) for key, effect in sorted(NOT_YET.items())]
    return table(("Key", "What happens for now"), rows)


def build_keys() -> str:
    """The keys that only matter for building an image."""
    return quoted(sorted(key for key in BUILD_ONLY if not key.startswith("_"))) + "."


def file_forms() -> str:
    """The variables that stand for keys of langgraph.json."""
    rows = [(f"`{name}`", f"`{key}`") for name, key in sorted(FILE_FORMS.items())]
    return table(("Variable", "Key"), rows)


def variables_not_yet() -> str:
    """The variables of other agent servers that are warned of."""
    rows = [
        (f"`{each.name}`", sentence(each.instead), quoted(each.harmless))
        for each in sorted(VARIABLES, key=by_name)
        if not each.expected
    ]
    return table(("Variable", "What happens for now", "Not warned of"), rows)


def variables_needless() -> str:
    """The variables of other agent servers that change nothing here, or are read by others."""
    rows = [
        (f"`{each.name}`", sentence(each.instead))
        for each in sorted(VARIABLES, key=by_name)
        if each.expected
    ]
    return table(("Variable", "Why"), rows)


def by_name(variable: Variable) -> str:
    """How variables are sorted."""
    return variable.name


def sentence(text: str) -> str:
    """A text with a capital."""
    return text[0].upper() + text[1:]


def flags_elsewhere() -> str:
    """The options of `langgraph dev` that are not here."""
    rows = [(f"`{flag}`", instead) for flag, instead in sorted(ELSEWHERE.items())]
    return table(("Option", "Instead"), rows)


def bench_rows() -> str:
    """The rows of the benchmark and their targets."""
    rows = [
        (f"`{each.name}`", each.title + usual(each), each.floor or "", targets(each))
        for each in (START, *ROWS)
    ]
    return table(("Row", "What is measured", "Floor", "Targets"), rows)


def usual(row: Row) -> str:
    """Whether a row runs when none is named."""
    return "" if row.asked_only else " (*usual*)"


def targets(row: Row) -> str:
    """What is expected of a row."""
    return "; ".join(f"{METRICS[each.metric]} {each}" for each in row.targets)


def state_machine() -> str:
    """The run's life as a diagram."""
    return f"```mermaid\n{mermaid()}```"


def quoted(names: Iterable[str]) -> str:
    """Names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)


DIALECTS: Mapping[str, Spoken] = {
    "": Spoken(
        "langgraph",
        lambda: LangGraphDialect(no_engine).built,
        deferred.OPERATIONS,
        {},
        ERRORS,
        KINDS,
    ),
    "agent-protocol-": Spoken(
        "agent_protocol",
        lambda: agent_protocol(no_engine).built,
        agent_protocol_deferred.OPERATIONS,
        {},
        AGENT_PROTOCOL_ERRORS,
        MODES,
    ),
    "acp-": Spoken(
        "acp",
        lambda: AcpDialect(no_engine, Contracts(no_schemas, {})).built,
        acp_deferred.OPERATIONS,
        {},
        ACP_ERRORS,
        ACP_KINDS,
    ),
}
"""Every dialect, with what the names of its parts begin with."""


def has(spoken: Spoken, part: str) -> bool:
    """Whether there is something to tell: not every dialect has something planned."""
    if part == "options-planned":
        return any([*fields] for fields, _ in spoken.options.values())
    return part != "routes-planned" or bool([*spoken.planned])


OF_DIALECTS: Mapping[str, Callable[[Spoken], str]] = {
    "errors": errors,
    "options-planned": options_planned,
    "routes-built": routes_built,
    "routes-planned": routes_planned,
    "stream-modes": stream_modes,
}

PARTS: dict[str, Callable[[], str]] = {
    "aliases": aliases,
    "bench-rows": bench_rows,
    "build-keys": build_keys,
    "commands": commands,
    "file-forms": file_forms,
    "file-keys": file_keys,
    "flags-elsewhere": flags_elsewhere,
    "settings": settings,
    "state-machine": state_machine,
    "variables-needless": variables_needless,
    "variables-not-yet": variables_not_yet,
    **{
        prefix + name: partial(part, spoken)
        for prefix, spoken in DIALECTS.items()
        for name, part in OF_DIALECTS.items()
        if has(spoken, name)
    },
}


def renewed(page: str) -> tuple[str, list[str]]:
    """A page with its parts as they should be, and the names of the parts."""
    names: list[str] = []

    def part(found: re.Match[str]) -> str:
        names.append(found[2])
        return f"{found[1]}{PARTS[found[2]]()}\n{found[3]}"

    return PART.sub(part, page), names


def run(folder: Path, *, check: bool) -> int:
    """Write every page that changed, or name it; the exit code."""
    stale, seen = [], set[str]()
    for file in sorted(folder.rglob("*.md")):
        old = file.read_text(encoding="utf-8")
        new, names = renewed(old)
        seen.update(names)
        if new != old:
            stale.append(file.relative_to(folder).as_posix())
            if not check:
                file.write_text(new, encoding="utf-8")
    if missing := sorted(PARTS.keys() - seen):
        sys.stderr.write(f"No page holds: {', '.join(missing)}\n")
        return 1
    if stale and check:
        sys.stderr.write(f"Out of date: {', '.join(stale)}. Run scripts/generate_docs.py\n")
        return 1
    return 0


def main() -> NoReturn:
    """The command line."""
    parser = argparse.ArgumentParser(description=doc(sys.modules[__name__]))
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="the folder of the pages")
    given = parser.parse_args()
    sys.exit(run(given.docs, check=given.check))


if __name__ == "__main__":
    main()
