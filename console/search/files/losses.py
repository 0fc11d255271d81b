"""What was not read of a file, in words: "pages 3-5, 9: damaged, left out"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_MOST = 20
"""Places that are named; of more, how many."""

TOO_LONG = "takes too long, left out"
"""Said of a page that was given up; another time, or another machine, may have the time."""


class Losses:
    """What is left out, as it is found."""

    def __init__(self) -> None:
        self._found: dict[str, list[int]] = {}

    def add(self, what: str, places: Iterable[int] = ()) -> None:
        """Something was left out, at the pages or rows of these numbers."""
        self._found.setdefault(what, []).extend(places)

    def words(self, unit: str) -> list[str]:
        """A phrase for each kind of loss.

        Args:
            unit: what the numbers count, such as "page".
        """
        return [f"{_places(numbers, unit)}: {what}" if numbers else what for what, numbers in self._found.items()]


def _places(numbers: list[int], unit: str) -> str:
    ranges = list(_ranges(sorted(set(numbers))))
    said = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges[:_MOST])
    more = sum(last - first + 1 for first, last in ranges[_MOST:])
    one = ranges[0][0] == ranges[-1][1]
    return f"{unit}{'' if one else 's'} {said}" + (f" and {more:,} more" if more else "")


def _ranges(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number > last + 1:
            yield first, last
            first = number
        last = number
    yield first, last
