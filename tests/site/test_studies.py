"""Numbers of the study of few reviews on a page: put where they are asked for, and refused where there is none."""

from __future__ import annotations

import pytest

from course_utils.errors import CourseError
from course_utils.runs.small_data import load_small_data
from course_utils.site.studies import with_studies


def test_a_page_shows_what_the_study_has_stored() -> None:
    study = load_small_data()
    shares = 100 * study.accuracy("bag of words")
    shown = with_studies("a {{ small-data: bag of words.accuracy }} b")
    assert shown == f"a {shares.mean():.1f} % ({shares.min():.1f} to {shares.max():.1f}) b"
    last = 100 * study.accuracy("plain", stopped=False)
    assert with_studies("{{ small-data: plain.last }}").startswith(f"{last.mean():.1f} % (")
    assert with_studies("{{ small-data: GRU.parameters }}") == f"{study.card.parameters['GRU']:,}"
    assert with_studies("{{ small-data: frozen vectors.trainable }}") == "12,449"
    assert float(with_studies("{{ small-data: rate 0.01.seconds }}")) > 0, "a name with a point in it"


def test_what_the_study_does_not_have_is_refused() -> None:
    with pytest.raises(CourseError, match="has no 'LSTMM'"):
        with_studies("{{ small-data: LSTMM.accuracy }}")
    with pytest.raises(CourseError, match="shows no 'loss'"):
        with_studies("{{ small-data: plain.loss }}")
    assert with_studies("{{ measured: speed }}") == "{{ measured: speed }}"
