"""Contracts: what agents promise, with every schema compiled once and kept."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import orjson
import structlog

from demotic.dialects.acp.choices import KINDS
from demotic.dialects.acp.descriptors import ANY_QUESTION, Specs, specs_of
from demotic.dialects.acp.errors import Mismatch
from demotic.dialects.acp.manifest import SILENT, Manifest
from demotic.dialects.acp.schemas import ANY_OBJECT, Check, Schema, compiled
from demotic.domain.assistants import AgentSchemas, Assistant
from demotic.domain.errors import BadInput, DemoticError
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import Json
from demotic.domain.runs import Claim, Outcome

log = structlog.get_logger("demotic.acp")

KEPT = 256
"""Contracts that are kept; the one not used for longest is made anew."""


class Kind(NamedTuple):
    """A kind of interrupt, compiled."""

    type: str
    asked: Check | None
    answer: Check | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What an agent promises, ready to be checked. Every check raises `Mismatch`."""

    specs: Specs
    input: Check | None = None
    output: Check | None = None
    config: Check | None = None
    kinds: Sequence[Kind] = ()

    def check_input(self, value: Json) -> None:
        """What a run is given."""
        _demand("input", "input", self.input, value)

    def check_config(self, value: Json) -> None:
        """What a run is configured with; nothing means the defaults."""
        if value:
            _demand("config.configurable", "config", self.config, value)

    def check_answer(self, type: str, value: Json) -> None:
        """What an interrupt of a type is answered with."""
        for kind in self.kinds:
            if kind.type == type:
                what = f"resume_payload of interrupt {type!r}"
                _demand("", what, kind.answer, value)

    def type_of(self, payload: Json) -> str:
        """The type of an interrupt: the first whose schema the payload fits."""
        for kind in self.kinds:
            if kind.asked is None or kind.asked(payload) is None:
                return kind.type
        return ANY_QUESTION.type


def _demand(field: str, spec: str, check: Check | None, value: Json) -> None:
    if check is not None and (misfit := check(value)) is not None:
        place = f"{field}{misfit.place}".removeprefix(".")
        where = f"`{place}`" if place else "The request body"
        raise Mismatch(f"{where} does not fit the agent's descriptor ({spec}): {misfit.problem}")


NEUTRAL = Contract(
    specs=Specs(
        input={},
        output={},
        config={},
        state={},
        update=ANY_OBJECT,
        questions=[ANY_QUESTION],
        modes=KINDS,
        threads=True,
        callbacks=True,
    )
)
"""For runs whose agent is gone: it promises nothing."""


class Contracts:
    """The contracts of assistants, by the graphs' schemas and manifests.

    `schemas_of` asks an assistant's agent; `manifests` are by agent.
    """

    def __init__(
        self,
        schemas_of: Callable[[Assistant], Awaitable[AgentSchemas]],
        manifests: Mapping[str, Manifest],
    ) -> None:
        self._schemas_of, self._manifests = schemas_of, manifests
        self._kept: OrderedDict[tuple[str, int, int], Contract] = OrderedDict()

    def manifest(self, agent: str) -> Manifest:
        """The manifest of an agent; one that says nothing where it has none."""
        return self._manifests.get(agent, SILENT)

    async def of(self, assistant: Assistant) -> Contract:
        """What an assistant promises, in its present version. Raises `AgentNotFound`."""
        key = (assistant.id, assistant.version, assistant.updated_us)
        contract = self._kept.get(key)
        if contract is None:
            schemas = await self._schemas_of(assistant)
            contract = _compiled(specs_of(schemas, self.manifest(assistant.agent)))
            self._kept[key] = contract
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return contract

    async def review(self, claim: Claim, outcome: Outcome) -> Outcome:
        """A run whose output does not fit what its agent promises has failed."""
        try:
            contract = await self.of(claim.assistant)
        except DemoticError as error:  # its factory tells nothing now: there is no promise to keep
            log.warning("output is not checked", run=claim.run.id, error=error.message)
            return outcome
        if contract.output is None or outcome.values is None:
            return outcome
        values = shown(orjson.loads(outcome.values), contract.specs.output_keys)
        if (misfit := contract.output(values)) is None:
            return outcome
        told = f"`output{misfit.place}` does not fit the agent's descriptor: {misfit.problem}"
        failure = {"error": "InvalidOutput", "message": told}
        state, reason = RunState.FAILED, Reason.INVALID_OUTPUT
        return replace(outcome, state=state, reason=reason, error=failure)


def shown(values: Json, keys: frozenset[str] | None) -> Json:
    """The part of a state that is the agent's output."""
    if keys is None or not isinstance(values, dict):
        return values
    return {key: value for key, value in values.items() if key in keys}


def _compiled(specs: Specs) -> Contract:
    return Contract(
        specs=specs,
        input=_check(specs.input),
        output=_check(specs.output),
        config=_check(specs.config),
        kinds=[
            Kind(each.type, _check(each.asked), _check(each.answer)) for each in specs.questions
        ],
    )


def _check(schema: Schema) -> Check | None:
    try:
        return compiled(schema)
    except BadInput as error:  # of a graph's own type; a manifest's was checked when it was read
        log.warning("schema cannot be checked", schema=schema.get("title"), error=error.message)
        return None
