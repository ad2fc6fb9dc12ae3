"""What is compared with what: "A is better than B" and "B is worse than A" say the same."""

from __future__ import annotations

from collections.abc import Iterator

from medrag.verify.problem import Problem
from medrag.verify.reading import Reading

_MORE = frozenset("more higher greater better larger longer superior faster".split())
_LESS = frozenset("less lower fewer worse smaller shorter inferior slower".split())


def exchanged(mine: Reading, theirs: Reading) -> Iterator[Problem]:
    """ "A is better than B" against "B is better than A"."""
    for my_left, my_right, my_way in _sides(mine):
        for their_left, their_right, their_way in _sides(theirs):
            crossed = (my_left & their_right) - their_left
            back = (my_right & their_left) - their_right
            if crossed and back and my_way * their_way >= 0:
                yield Problem(
                    "swapped",
                    "The source compares these the other way round: "
                    f"“{min(back)}” and “{min(crossed)}” have changed places.",
                )
                return


def turned_round(mine: Reading, theirs: Reading) -> frozenset[str]:
    """The stems of the sides that are compared, where "A is more … than B" is said as "B is less …
    than A"; none elsewhere."""
    out: set[str] = set()
    for my_left, my_right, my_way in _sides(mine):
        for their_left, their_right, their_way in _sides(theirs):
            over, back = my_left & their_right, my_right & their_left
            if my_way * their_way < 0 and over and back:
                out |= over | back
    return frozenset(out)


def _sides(reading: Reading) -> Iterator[tuple[set[str], set[str], int]]:
    """What stands on either side of a comparison, and whether it says more (1) or less (-1)."""
    for place, token in enumerate(reading.tokens):
        if token.word not in {"than", "versus", "vs", "instead"}:
            continue
        if place + 1 < len(reading.tokens) and _counted(reading, place + 1):
            continue  # "more than 3 g" compares nothing but the number
        before = reading.tokens[max(0, place - 10) : place]
        left = {t.stem for t in before if t.naming and t.clause == token.clause}
        after = reading.tokens[place + 1 : place + 6]
        right = {t.stem for t in after if t.naming and t.clause == token.clause}
        near = {t.word for t in before[-4:]}
        way = int(bool(near & _MORE)) - int(bool(near & _LESS))
        shared = left & right
        yield left - shared, right - shared, way


def _counted(reading: Reading, place: int) -> bool:
    token = reading.tokens[place]
    return any(q.start <= token.start < q.end for q in reading.quantities)
