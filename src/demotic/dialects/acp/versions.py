"""The versions of ACP that are spoken, and what differs between them; data.

All have the same 30 operations. ACP 0.2.2 added events that tell of interrupts and errors to
streams; ACP 0.2.3 lets input, output, state, configuration and answers be any JSON value, where
earlier versions have objects only.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """One version, served below its mount.

    `ends_by_values`: a stream tells of an interrupt or an error by an event of type `values`,
    whose `status` says which. `objects_only`: values, input and answers are objects.
    """

    name: str
    mount: str
    ends_by_values: bool
    objects_only: bool


NEWEST = Version("0.2.3", "/acp", ends_by_values=False, objects_only=False)
"""ACP 0.2.3; clients of 0.2.2 understand it, too."""

STRICT = Version("0.2.1", "/acp/0.2.1", ends_by_values=True, objects_only=True)
"""ACP 0.2.1 to the letter: its clients raise on what later versions added."""

VERSIONS = (STRICT, NEWEST)
"""In the order in which they are mounted: a longer path goes before the one that it begins with."""
