"""What can be trusted, and what to do next, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pushforward.diagnostics.case import ALPHA, Case
from pushforward.diagnostics.dropped import dropped_levels, dropped_regions
from pushforward.diagnostics.fault import ASKED, DOUBT, NO, Fault
from pushforward.diagnostics.faults import faults

__all__ = [
    "ALPHA",
    "Answer",
    "Case",
    "Fault",
    "answers",
    "dropped_levels",
    "dropped_regions",
    "faults",
    "next_steps",
]

FEW = 1000  # held-out rows, below which only gross faults are sure to show

Answered = Literal["yes", "mostly", "no"]

NEXT = {
    "rows without density": "Look at the least likely rows: they lie outside the flow's support.",
    "samples not finite": "Run check on the flow: its forward direction breaks down.",
    "inverse inaccurate": "Run check on the flow, and try it in float64.",
    "memorised": "Fit a smaller flow, stop earlier or bring more rows; share none of its samples.",
    "overfit": "Stop earlier, fit a smaller flow, or bring more rows.",
    "mode dropped": "Fit longer, with splines (nsf) or a mixture base, until the cluster is met.",
    "level dropped": "Look at the rows of that category, and fit longer; without it no sample is "
    "like those rows.",
    "underfit": "Fit longer, or a richer flow: more layers, more hidden units, splines (nsf).",
    "tail thinned": "Look at the least likely rows for errors in the data; if they are real, fit "
    "with a heavy-tailed base (base='student_t').",
    "tail too heavy": "Where samples go too far out, bound or transform that column, or fit with a "
    "lighter-tailed base.",
    "correlation broken": "Fit with more layers or autoregressively, and with scaler='whiten'.",
}


NEXT_TYPED = NEXT | {
    "memorised": "Bring more rows, and fit for a shorter time; share none of its samples.",
    "overfit": "Bring more rows, or leave out columns of very many categories.",
    "mode dropped": "Fit longer, until the cluster is met.",
    "underfit": "Fit longer, and see that the schema says rightly what each column holds.",
    "tail thinned": "Look at the least likely rows for errors in the data; if they are real, fit "
    "longer.",
    "tail too heavy": "Where samples go too far out, write the column's bounds into the schema.",
    "correlation broken": "Fit longer.",
}


@dataclass(frozen=True)
class Answer:
    """Can you trust the densities, the samples, the tails? One word, and one sentence."""

    question: str
    answer: Answered
    sentence: str


def answers(case: Case, found: tuple[Fault, ...]) -> tuple[Answer, ...]:
    """Can you trust densities, samples, tails?"""
    return tuple(_answer(question, case, found) for question in NO)


def _answer(question: str, case: Case, found: tuple[Fault, ...]) -> Answer:
    against = [fault.name for fault in found if question in fault.spoils]
    doubts = [fault.name for fault in found if fault.name in DOUBT[question]]
    slight = [name for name in ASKED[question] if case.sure(name)]
    if against:
        return Answer(question, "no", f"Do not trust the {question}: {_listed(against)}.")
    if doubts:
        told = f"Trust the {question} with care: {_listed(doubts)}."
        return Answer(question, "mostly", told)
    if slight:
        told = f"You can mostly trust the {question}: a slight but sure misfit ({_listed(slight)})."
        return Answer(question, "mostly", told)
    few = " (so few that only gross faults would show)" if case.rows < FEW else ""
    reach = {
        "densities": f"no test on {case.rows:,} held-out rows speaks against them{few}",
        "samples": f"nothing told them from {case.rows:,} held-out rows{few}",
        "tails": f"as far out as one row in {max(10, case.rows // 10):,}; beyond that, "
        f"{case.rows:,} held-out rows can show nothing",
    }
    return Answer(question, "yes", f"You can trust the {question}: {reach[question]}.")


def next_steps(
    found: tuple[Fault, ...], told: tuple[Answer, ...], typed: bool = False
) -> tuple[str, ...]:
    """What to do, one sentence for each fault; other means serve typed columns."""
    if found:
        means = NEXT_TYPED if typed else NEXT
        return tuple(dict.fromkeys(means[fault.name] for fault in found))
    if any(answer.answer != "yes" for answer in told):
        return (
            "Nothing must be mended; a longer fit or a richer flow may remove the last misfit.",
        )
    return ("Nothing needs to be mended: use it.",)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
