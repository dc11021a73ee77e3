import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce.treat.patch import Facts, NoFaithfulEdit
from convalesce.treat.patch.source.edit import Splice, moved, spliced
from convalesce.treat.patch.source.script import read

LINES = st.lists(st.sampled_from(["a = 1", "b = [1,", "2]", "", "  # c", "x = 'é'"]), max_size=8)


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, list[Splice]]:
    text = "\n".join(draw(LINES))
    marks = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pairs = zip(marks[::2], marks[1::2], strict=False)
    texts = st.sampled_from(["", "new", "two\nlines\n"])
    return text, [Splice(start, end, draw(texts)) for start, end in pairs]


@given(edits())
def test_a_character_that_stays_is_found_again(case: tuple[str, list[Splice]]) -> None:
    text, splices = case
    after = spliced(text, splices)
    for offset, character in enumerate(text):
        if not any(s.start <= offset < s.end for s in splices):
            assert after[moved(offset, splices)] == character


@given(edits())
def test_a_line_whose_start_stays_is_found_again(case: tuple[str, list[Splice]]) -> None:
    text, splices = case
    before = read(text, Facts())
    after = before.edited(splices)
    assert len(after.lines) == len(before.lines)
    for line, now in enumerate(after.lines, 1):
        start = before.starts[line - 1]
        first = start + len(before.indent(start))
        kept = not any(s.start <= first < s.end for s in splices) and first < len(text)
        if kept:
            assert after.line_at(moved(first, splices)) == now


def test_two_edits_of_the_same_characters_are_refused() -> None:
    with pytest.raises(NoFaithfulEdit, match="two edits concern the same code"):
        spliced("abcdef", [Splice(0, 3, "x"), Splice(2, 4, "y")])


def test_insertions_at_one_place_keep_their_order() -> None:
    splices = [Splice(1, 2, "-"), Splice(1, 1, "first "), Splice(1, 1, "second ")]
    assert spliced("abc", splices) == "afirst second -c"
