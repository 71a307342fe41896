"""Every kind of run there is, by the name that a row's `work` has."""

from collections.abc import Mapping

from demotic.bench import works, works_full

KINDS: Mapping[str, type[works.Served]] = {**works.WORKS, **works_full.WORKS}
