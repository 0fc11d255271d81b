"""A collection on a plane."""

from __future__ import annotations

import numpy as np
import pytest

from console.search.maps.projection import Method, project


def two_groups() -> np.ndarray:
    """Ten vectors around one axis, ten around another, in 16 dimensions."""
    noise = np.random.default_rng(7).normal(scale=0.05, size=(20, 16)).astype(np.float32)
    return noise + np.repeat(np.eye(2, 16, dtype=np.float32), 10, axis=0)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_what_is_alike_is_near_and_the_query_stands_among_its_like(method: Method) -> None:
    vectors = two_groups()
    made = project(vectors, np.eye(1, 16, dtype=np.float32)[0], method)
    first, second = made.points[:10].mean(axis=0), made.points[10:].mean(axis=0)
    assert made.points.shape == (20, 2)
    assert made.query is not None
    assert np.linalg.norm(made.query - first) < np.linalg.norm(made.query - second)
    assert np.linalg.norm(made.points[:10] - first, axis=1).max() < np.linalg.norm(first - second)


def test_the_share_of_the_variance_is_told_for_straight_axes_only() -> None:
    assert 0.5 < (project(two_groups(), None, "pca").kept or 0) <= 1
    assert project(two_groups(), None, "tsne").kept is None
    assert project(np.ones((5, 4), dtype=np.float32), None, "pca").kept is None


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_the_same_vectors_give_the_same_map(method: Method) -> None:
    vectors = two_groups()
    assert np.array_equal(project(vectors, None, method).points, project(vectors, None, method).points)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_few_vectors_make_a_map_too(method: Method, count: int) -> None:
    made = project(two_groups()[:count], two_groups()[19], method)
    assert made.points.shape == (count, 2)
    assert np.isfinite(made.points).all()
