"""Types of the report's graphs."""

import operator
from typing import Annotated, TypedDict

from pydantic import BaseModel, Field


class Section(BaseModel):
    """A section of the report."""

    name: str = Field(description="Name of the section")
    research: bool = Field(description="Whether it needs research")
    content: str = ""


class ReportState(TypedDict):
    """The state of the report."""

    topic: str
    feedback: list[str]
    sections: list[Section]
    completed_sections: Annotated[list[Section], operator.add]
    final_report: str


class SectionState(TypedDict):
    """The state of one section."""

    section: Section
    queries: list[str]
    completed_sections: list[Section]
