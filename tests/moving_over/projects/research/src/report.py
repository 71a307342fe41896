"""Plans a report, asks for approval, researches its sections in parallel, writes it."""

import os
from typing import Any, Literal

from langgraph.checkpoint.memory import MemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from report_types import ReportState, Section
from section import builder as section_builder


def generate_report_plan(state: ReportState) -> dict[str, Any]:
    """The sections, with what was said of earlier ones."""
    names = ["history", "future", *state.get("feedback", [])]
    return {"sections": [Section(name=f"{state['topic']} {n}", research=True) for n in names]}


def human_feedback(
    state: ReportState,
) -> Command[Literal["generate_report_plan", "build_section"]]:
    """Ask whether the plan is good."""
    plan = ", ".join(each.name for each in state["sections"])
    feedback = interrupt(f"Approve this plan with true, or say what is missing: {plan}")
    if isinstance(feedback, str):
        return Command(goto="generate_report_plan", update={"feedback": [feedback]})
    if feedback is not True:
        raise TypeError(f"Interrupt value of type {type(feedback)} is not supported.")
    return Command(goto=[Send("build_section", {"section": each}) for each in state["sections"]])


def compile_report(state: ReportState) -> dict[str, Any]:
    """Write it, in the order of the plan."""
    by_name = {each.name: each.content for each in state["completed_sections"]}
    parts = [f"{each.name}: {by_name[each.name]}" for each in state["sections"]]
    return {"final_report": f"({os.environ['REPORT_STYLE']}) " + "; ".join(parts)}


builder = StateGraph(ReportState)
builder.add_node("generate_report_plan", generate_report_plan)
builder.add_node("human_feedback", human_feedback)
builder.add_node("build_section", section_builder.compile())
builder.add_node("compile_report", compile_report)
builder.add_edge(START, "generate_report_plan")
builder.add_edge("generate_report_plan", "human_feedback")
builder.add_edge("build_section", "compile_report")
builder.add_edge("compile_report", END)
graph = builder.compile(checkpointer=MemorySaver())
