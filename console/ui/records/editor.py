"""What the page of one record needs to know about its kind; cases and judges each bring one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from console.actions.configuration.version_results import VersionResults
from console.records import Case, Judge, User, ports
from console.ui.frame.controls.drafts import Values
from console.ui.records.fields import Field, Form

R = TypeVar("R", bound=Case | Judge)


class Editor(Protocol[R]):
    """Reads, shows and writes records of one kind."""

    kind: str
    """The word for one of them; also the name in the address and in keys."""

    @property
    def records(self) -> ports.Versioned[R]:
        """Where they are stored."""

    @property
    def fields(self) -> Sequence[Field]:
        """What a form edits, in the order of the form."""

    @property
    def kept_on_restore(self) -> Sequence[str]:
        """Fields that stay as they are when an old version is restored."""

    def results(self, record_id: str) -> VersionResults:
        """What the runs of each version look like."""

    def title(self, record: R) -> str:
        """What the page is headed with; any text."""

    def values(self, record: R) -> Values:
        """The record as a form says it."""

    def blank(self) -> Values:
        """The form of a new record."""

    def show(self, record: R) -> None:
        """Draw everything of a version, to read."""

    def form(self, form: Form, values: Values, before: R | None) -> None:
        """Draw the widgets. `before` is the record that is edited, if it is not a new one."""

    def problems(self, values: Values, base: Values) -> dict[str, str]:
        """What stands in the way of saving, by field. `base` is empty for a new record."""

    def create(self, actor: User, values: Values) -> str:
        """Store a new record; returns its id."""

    def save(self, actor: User, record: R, values: Values, revision: int | None) -> str:
        """Store how `values` differ from `record`, which was at `revision`; says what came of it."""

    def deactivate(self, actor: User, record: R) -> None:
        """Take the record out of use."""

    def activate(self, actor: User, record: R) -> None:
        """Put this version into use."""

    def consequences(self, record: R) -> str:
        """What taking it out of use means, in our words."""
