"""Loads graphs from the user's files and modules, and explains what went wrong there."""

import difflib
import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from langchain_core.runnables import Runnable
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from demotic.agents.langgraph.factories import HOW, Factory, Graph, factory_slots
from demotic.agents.langgraph.wrapping import one_node
from demotic.domain.errors import AgentError

PACKAGE = Path(__file__).resolve().parents[2]

DISTRIBUTIONS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dotenv": "python-dotenv",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Distributions that are not called what their module is called."""


def load_graph(
    name: str, target: str, base_dir: Path, import_paths: Sequence[Path] = ()
) -> Graph | Factory:
    """The graph that `target` (`path.py:attribute`, `package.module:attribute`) means, or the
    factory that makes it.

    A builder is compiled; a function or Runnable that is no factory becomes a graph of one node.
    Files are sought in `base_dir`; `sys.path` gets it, the `import_paths` and the folder of a
    file. Raises `AgentError`, whose message is for the user.
    """
    where = f"Graph '{name}' ({target})"
    module, attribute = load_module(where, target, base_dir, import_paths)
    return _compiled(where, _attribute(where, module, attribute), base_dir.resolve())


def load_module(
    where: str, target: str, base_dir: Path, import_paths: Sequence[Path] = ()
) -> tuple[ModuleType, str]:
    """The module that `target` names, and the name of what is wanted in it; `where` says what
    that is, for errors (`AgentError`)."""
    place, _, attribute = target.rpartition(":")
    roots = list(dict.fromkeys([base_dir.resolve(), *import_paths]))
    sys.path[:0] = [str(root) for root in roots if str(root) not in sys.path]
    try:
        return _load(where, place, roots), attribute
    except AgentError:
        raise
    except (Exception, SystemExit) as error:
        raise AgentError(f"{where} cannot be loaded.\n{_explain(error, roots[0])}") from error


def load_object(
    where: str, target: str, base_dir: Path, import_paths: Sequence[Path] = ()
) -> object:
    """What `target` (`path.py:attribute`, `package.module:attribute`) names."""
    module, attribute = load_module(where, target, base_dir, import_paths)
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise AgentError(f"{where}: {module.__file__} has no '{attribute}'.") from None


def _load(where: str, place: str, roots: Sequence[Path]) -> ModuleType:
    importlib.invalidate_caches()
    if not place.endswith(".py") and not re.search(r"[/\\]", place):
        return importlib.import_module(place)
    file = (roots[0] / place).resolve()
    if not file.is_file():
        raise AgentError(f"{where}: there is no file {file}. Correct the path in langgraph.json.")
    return _load_file(file, roots)


def _load_file(file: Path, roots: Sequence[Path]) -> ModuleType:
    """Import a file under the name by which the user's other files import it, where it has one.

    Its types then are the same whoever imports them, and keep their name when they are stored.
    """
    _add_last(file.parent)
    for root in _roots_of(file, roots):
        parts = file.relative_to(root).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            _add_last(root)
            if _is_at(".".join(parts), file):
                return importlib.import_module(".".join(parts))
    return _load_alone(file, roots[0])


def _roots_of(file: Path, roots: Sequence[Path]) -> Iterator[Path]:
    """Folders from which the file may be imported, the likeliest first: the one around its
    outermost package, unless that is outside the project; then the nearest root."""
    package = file.parent
    while (package / "__init__.py").is_file() and package != package.parent:
        package = package.parent
    if package != file.parent and (str(package) in sys.path or package.is_relative_to(roots[0])):
        yield package
    around = [root for root in roots if root in file.parents]
    yield from sorted(around, key=lambda root: len(root.parts), reverse=True)


def _is_at(name: str, file: Path) -> bool:
    """Whether this name imports this file. Imports the packages that hold it."""
    if name in sys.modules:
        origin = getattr(sys.modules[name], "__file__", None)
    else:
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError as error:
            if f"{name}.".startswith(f"{error.name}."):
                return False
            raise  # a package around the file lacks something
        origin = spec and spec.origin
    return bool(origin) and Path(str(origin)).resolve() == file


def _load_alone(file: Path, base_dir: Path) -> ModuleType:
    """Import a file that no import statement can reach, under a name made of its path."""
    path = (file.relative_to(base_dir) if file.is_relative_to(base_dir) else file).as_posix()
    digest = hashlib.sha256(path.encode()).hexdigest()[:8]
    words = re.sub(r"\W+", "_", path.removesuffix(".py")).strip("_")
    name = f"demotic_graph_{words}_{digest}"
    present = sys.modules.get(name)
    if present is not None and present.__file__ == str(file):
        return present
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _add_last(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _attribute(where: str, module: ModuleType, attribute: str) -> object:
    found: object = getattr(module, attribute, None)
    if found is not None or attribute in vars(module):
        return found
    names = sorted(name for name, value in vars(module).items() if _is_graph(value))
    close = difflib.get_close_matches(attribute, names, n=1) or names[:1]
    hint = f" Did you mean '{close[0]}'?" if close else ""
    others = f" Its graphs are: {', '.join(names)}." if len(names) > 1 else ""
    raise AgentError(f"{where}: {module.__file__} has no '{attribute}'.{hint}{others}")


def _is_graph(value: object) -> bool:
    return isinstance(value, Pregel | StateGraph)


def _compiled(where: str, found: object, base_dir: Path) -> Graph | Factory:
    if isinstance(found, Pregel):
        return found
    if inspect.isclass(found) or not (isinstance(found, StateGraph | Runnable) or callable(found)):
        raise AgentError(
            f"{where} is {_kind(found)}. A compiled graph is needed, as in "
            f"`graph = builder.compile()`, a function that makes one, or an agent's function. {HOW}"
        )
    try:
        if isinstance(found, StateGraph):
            return found.compile()
        return one_node(found) if isinstance(found, Runnable) else _called(where, found)
    except AgentError as error:
        raise AgentError(f"{where} {error.message}") from None
    except Exception as error:
        raise AgentError(f"{where} cannot be compiled.\n{_explain(error, base_dir)}") from error


def _called(where: str, found: Callable[..., Any]) -> Graph | Factory:
    slots = factory_slots(found)
    return one_node(found) if slots is None else Factory(where, found, slots)


def _kind(found: object) -> str:
    if inspect.isclass(found):
        return f"the class {found.__name__}"
    return f"of the type {type(found).__name__}"


def _explain(error: BaseException, base_dir: Path) -> str:
    """The user's own part of the traceback, the error, and what may help."""
    lines = [_frame(each) for each in traceback.extract_tb(error.__traceback__) if _is_own(each)]
    lines += [line.rstrip("\n") for line in traceback.format_exception_only(error)]
    return "\n".join([*lines, *_hints(error, base_dir)])


def _frame(frame: traceback.FrameSummary) -> str:
    code = f"\n    {frame.line}" if frame.line else ""
    return f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}{code}'


def _is_own(frame: traceback.FrameSummary) -> bool:
    """Whether a frame is in a file of the user's."""
    file = Path(frame.filename)
    if frame.filename.startswith("<"):
        return False
    if file.is_relative_to(PACKAGE):
        return file.is_relative_to(PACKAGE / "example")
    if {"site-packages", "dist-packages"} & set(file.parts):
        return False
    return not file.is_relative_to(sysconfig.get_path("stdlib"))


def _hints(error: BaseException, base_dir: Path) -> Iterator[str]:
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        yield from _missing(top, base_dir)
    elif isinstance(error, ImportError) and "relative import" in str(error):
        yield (
            "Hint: relative imports need a package: put an __init__.py beside the file, "
            "or import by the full name."
        )


def _missing(module: str, base_dir: Path) -> Iterator[str]:
    for folder in sorted(
        each for each in base_dir.iterdir() if each.is_dir() and each.name[0] != "."
    ):
        if (folder / module).is_dir() or (folder / f"{module}.py").is_file():
            yield (
                f'Hint: {module} is in ./{folder.name}: add "./{folder.name}" to the '
                "dependencies in langgraph.json."
            )
            return
    distribution = DISTRIBUTIONS.get(module, module.replace("_", "-"))
    yield f"Hint: install it where Demotic runs: {sys.executable} -m pip install {distribution}"
