"""From the protocol's words to the engine's; pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import UNSET

from demotic.dialects.streaming import wire
from demotic.dialects.streaming.channels import MAX_NAMESPACES, Filter, checked
from demotic.domain import configs
from demotic.domain.assistants import mirrored
from demotic.domain.errors import BadInput
from demotic.domain.ids import is_uuid, system_assistant_id
from demotic.domain.model import Json
from demotic.domain.runs import BusyPolicy, NewRun, RunRequest
from demotic.web.bodies import as_shape
from demotic.web.choosing import choose

KINDS = ("checkpoints", "custom", "messages", "tasks", "tools", "updates", "values")
"""What a run of this dialect records, so that a subscription may come late."""

BUSY = {policy.value: policy for policy in BusyPolicy}

ROLES = {"user": "user", "system": "system"}

MAX_POSITION = 2**53

PLACE = ("checkpoint_id", "checkpoint_ns", "checkpoint_map")
"""Keys of `config.configurable` by which the JS SDK names the checkpoint to fork from."""


class Answers(NamedTuple):
    """Answers to questions, by their ids, and what else the run is to do."""

    by_id: Mapping[str, Json]
    update: Json = None
    goto: Json = None

    @property
    def command(self) -> dict[str, Json]:
        """As the engine takes it."""
        more = {"update": self.update, "goto": self.goto}
        given = {key: value for key, value in more.items() if value is not None}
        return {"resume": dict(self.by_id), **given}


def subscription(body: wire.Subscribe) -> Filter:
    """What to show."""
    namespaces = body.namespaces or ()
    if len(namespaces) > MAX_NAMESPACES:
        raise BadInput(f"`namespaces` must name at most {MAX_NAMESPACES} namespaces.")
    if body.depth is not None and body.depth < 0:
        raise BadInput(f"`depth` must not be negative; not {body.depth}.")
    return Filter(checked(body.channels), [tuple(each) for each in namespaces], body.depth)


def since(body: wire.Subscribe) -> int | None:
    """The position to go on from; None for the beginning of what is recent."""
    if body.since is not None and not 0 <= body.since <= MAX_POSITION:
        raise BadInput(f"`since` must be between 0 and {MAX_POSITION}; not {body.since}.")
    return body.since


def assistant_id(text: str, graphs: Sequence[str]) -> str:
    """The assistant that a command names: by its id, or by its agent for the default one."""
    if text in graphs:
        return system_assistant_id(text)
    if is_uuid(text):
        return text.lower()
    raise BadInput(
        f"`assistant_id` must be a UUID or one of {', '.join(graphs) or 'no agents'}; not {text!r}."
    )


def busy_policy(text: str | None) -> BusyPolicy:
    """What to do where a run is in progress: by default the new one comes after it."""
    return choose("multitask_strategy", text or "enqueue", BUSY)


def answers(body: wire.Respond) -> Answers:
    """What input.respond answers: one question or several."""
    if body.responses is None:
        if body.interrupt_id is None:
            raise BadInput("Give `interrupt_id` and `response`, or `responses` for several.")
        if body.response is UNSET:
            raise BadInput("The field `response` is required: add it. It may be null.")
        return Answers({body.interrupt_id: body.response}, body.update, _goto(body.goto))
    if body.interrupt_id is not None:
        raise BadInput("Give either `interrupt_id` or `responses`.")
    if not body.responses:
        raise BadInput("`responses` must hold at least one answer.")
    entries = [_response(n, each) for n, each in enumerate(body.responses)]
    by_id = {entry.interrupt_id: entry.response for entry in entries}
    if len(by_id) < len(entries):
        raise BadInput("`responses` answers a question twice.")
    return Answers(by_id, body.update, _goto(body.goto))


def _response(n: int, given: Mapping[str, Json]) -> wire.Response:
    fields = wire.snake(given)
    if "response" not in fields:
        raise BadInput(f"The field `response` is required in `responses[{n}]`: add it.")
    return as_shape(fields, wire.Response)


def _goto(goto: Json) -> Json:
    for target in goto if isinstance(goto, list) else [goto] if goto is not None else []:
        sends = isinstance(target, dict) and isinstance(target.get("node"), str)
        if not sends and not isinstance(target, str):
            raise BadInput("`goto` must be a node's name, {node, input}, or an array of these.")
    return goto


def answered_by_input(given: Json, asked: Sequence[str]) -> Answers:
    """run.start on a thread that asks something: the input is the answer; to several questions, an
    object that holds the answers by the questions' ids."""
    if len(asked) == 1 and not (isinstance(given, dict) and set(given) == set(asked)):
        return Answers({asked[0]: given})
    if isinstance(given, dict) and given and set(given) <= set(asked):
        return Answers(given)
    raise BadInput(
        f"The thread asks {len(asked)} questions ({', '.join(asked)}): answer them with "
        "input.respond, or give an object that holds the answers by their ids."
    )


def message(body: wire.Inject) -> Json:
    """input.inject: the input that holds the message."""
    if body.namespace:
        raise BadInput("`namespace` must be [] or be left out: a message goes to the root agent.")
    given = wire.read(body.message, wire.Message)
    told = {"role": choose("message.role", given.role, ROLES), "content": given.content}
    return {"messages": [{**told, "name": given.name} if given.name else told]}


def place_of(config: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A config without the checkpoint that it names, and that checkpoint."""
    given = dict(config or {})
    configurable = given.get("configurable")
    if not isinstance(configurable, dict):
        return given, None
    place = {key: configurable[key] for key in PLACE if configurable.get(key)}
    rest = {key: value for key, value in configurable.items() if key not in PLACE}
    return {**given, "configurable": rest}, place or None


def new_run(
    *,
    run_id: str,
    thread_id: str,
    assistant: str,
    stamps: Mapping[str, str],
    input: Json = None,
    answers: Answers | None = None,
    config: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    checkpoint: Mapping[str, Any] | None = None,
    policy: BusyPolicy = BusyPolicy.ENQUEUE,
    tracing: Mapping[str, Any] | None = None,
    create_thread: bool = False,
) -> NewRun:
    """A run that records everything that there are channels for."""
    settings = mirrored(configs.clean(config, thread_id), {})
    return NewRun(
        id=run_id,
        thread_id=thread_id,
        assistant_id=assistant,
        request=RunRequest(
            input=None if answers else input,
            command=answers.command if answers else None,
            checkpoint=checkpoint,
            config=settings.config,
            context=settings.context or None,
            modes=KINDS,
            subgraphs=True,
            tracing=tracing,
        ),
        metadata=metadata or {},
        busy_policy=policy,
        create_thread=create_thread,
        stamps=stamps,
        reply_format={"dialect": "streaming", "resumable": True},
        answers=tuple(answers.by_id) if answers else (),
    )
