"""The rows of the lecture, in its order."""

from pushforward.lecture.rows import (
    autoencoder,
    change_of_variable,
    cost,
    determinants,
    digits,
    distribution_functions,
    families,
    jacobians,
    latents,
    likelihood,
    models,
    not_bijective,
    planar,
)

_CHAPTERS = (
    models,
    not_bijective,
    distribution_functions,
    planar,
    families,
    digits,
    autoencoder,
    determinants,
    likelihood,
    change_of_variable,
    jacobians,
    latents,
    cost,
)
ROWS = sorted((row for part in _CHAPTERS for row in part.ROWS), key=lambda row: row.number)
