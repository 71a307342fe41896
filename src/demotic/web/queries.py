"""Query parameters: typed, with errors that name the parameter and the fix."""

import orjson
from starlette.requests import Request

from demotic.domain.errors import BadInput

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off", ""})


def flag(request: Request, name: str) -> bool:
    """A boolean parameter; absent means false."""
    text = request.query_params.get(name, "").lower()
    if text not in TRUE and text not in FALSE:
        raise BadInput(f"Query parameter `{name}` must be true or false, not {text!r}.")
    return text in TRUE


def integer(request: Request, name: str, default: int, low: int, high: int) -> int:
    """An integer parameter between `low` and `high`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise BadInput(f"Query parameter `{name}` must be an integer, not {text!r}.") from None
    return bounded(f"Query parameter `{name}`", value, low, high)


def bounded(what: str, value: int, low: int, high: int) -> int:
    """`value`, if it lies between `low` and `high`."""
    if not low <= value <= high:
        raise BadInput(f"{what} must be between {low} and {high}, not {value}.")
    return value


def words(request: Request, *names: str) -> list[str]:
    """A list parameter: repeated, comma-separated or a JSON array; under any of `names`."""
    found: list[str] = []
    for name in names:
        for text in request.query_params.getlist(name):
            found += _split(name, text)
    return found


def _split(name: str, text: str) -> list[str]:
    if not text.startswith("["):
        return [each.strip() for each in text.split(",") if each.strip()]
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadInput(f"Query parameter `{name}` must be names or a JSON array of names.")
    return value
