"""Workers are taken only where their figures would be ours."""

from __future__ import annotations

from convalesce.lab.ray.staff import differing


def test_other_versions_are_named_with_what_is_expected() -> None:
    ours = {"keras": "3.15.0", "numpy": "2.4.0"}
    assert not differing(dict(ours), ours)
    said = differing({"keras": "3.14.0", "numpy": "2.4.0"}, ours)
    assert said == "it has keras 3.14.0 where this machine has keras 3.15.0: install equal versions"
    assert "numpy none" in differing({"keras": "3.15.0"}, ours)
