"""What would go wrong with an evaluation, said before it begins."""

from __future__ import annotations

from console.judging.judging import SIMILARITY
from console.judging.providers.port import reached
from console.records import Judge
from console.services import Services


def preflight(services: Services, judge: Judge, *, reference: bool, provider: bool = True) -> list[str]:
    """One sentence for each thing that is missing; none where nothing is. No request when the case is cached.

    Args:
        reference: whether the texts come with references.
        provider: look also whether the judge's provider has what it needs.
    """
    found = []
    similarity = judge.metric.type == SIMILARITY
    if provider and not similarity and judge.llm.type != "local":
        where, _ = reached(judge.llm.type, services.settings)
        if missing := where.missing():
            found.append(f"{missing} is not set: the provider {judge.llm.type} cannot be asked, every run would fail.")
    if similarity and not reference:
        found.append("This judge compares the text with a reference, and there is none: every run would fail.")
    elif not similarity and not reference and services.cases.get(judge.case_id).requires_reference:
        found.append("The case asks for a reference, and there is none: the judge would go by the text alone.")
    return found
