"""The small tables that come inside scikit-learn: nothing to fetch.

Their targets (a class, or the progress of a disease) are left out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pushforward.datasets.dataset import Dataset

if TYPE_CHECKING:
    import pyarrow as pa


def read(name: str) -> pa.Table:
    """The features of `sklearn.datasets.load_<name>`, as float64, in their published units.

    Source: scikit-learn, BSD-3-Clause.

    Example:
        >>> read("diabetes").column_names[:4]
        ['age', 'sex', 'bmi', 'bp']
    """
    import numpy as np
    import pyarrow as pa
    from sklearn import datasets

    # scikit-learn would rescale this one table unless told not to.
    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{name}")(**options)
    columns = np.asarray(bunch.data, dtype=np.float64).T
    return pa.table(dict(zip(map(str, bunch.feature_names), columns, strict=True)))


def _entry(name: str, rows: int, columns: tuple[str, ...], summary: str, credit: str) -> Dataset:
    return Dataset(
        name=name,
        summary=summary,
        licence="BSD-3-Clause",
        rows=rows,
        columns=columns,
        reader=partial(read, name),
        credit=credit,
    )


_CELL_FEATURES = (
    *("radius", "texture", "perimeter", "area", "smoothness"),
    *("compactness", "concavity", "concave points", "symmetry", "fractal dimension"),
)
_CELLS = (
    *(f"mean {feature}" for feature in _CELL_FEATURES),
    *(f"{feature} error" for feature in _CELL_FEATURES),
    *(f"worst {feature}" for feature in _CELL_FEATURES),
)
_WINE = (
    *("alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols"),
    *("flavanoids", "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue"),
    *("od280/od315_of_diluted_wines", "proline"),
)
_DIABETES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
_IRIS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
_PIXELS = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))

ENTRIES = (
    _entry(
        "breast_cancer",
        569,
        _CELLS,
        "Cell nuclei of breast tumours: ten measures, each as mean, error and worst over an image. "
        "The diagnosis is left out.",
        "Wolberg, Mangasarian, Street and Street (1993)",
    ),
    _entry(
        "wine",
        178,
        _WINE,
        "Chemical analyses of wines of three growers. The grower is left out.",
        "Aeberhard and Forina (1992)",
    ),
    _entry(
        "diabetes",
        442,
        _DIABETES,
        "Patients with diabetes: age, sex (1 or 2), body mass index, blood pressure and six blood "
        "values, not rescaled. The progress of the disease is left out.",
        "Efron, Hastie, Johnstone and Tibshirani (2004)",
    ),
    _entry(
        "iris",
        150,
        _IRIS,
        "Iris flowers: length and width of sepals and petals in cm. The species is left out.",
        "Fisher (1936)",
    ),
    _entry(
        "digits",
        1_797,
        _PIXELS,
        "Handwritten digits of 8 x 8 pixels with values 0 to 16, row by row; three pixels are "
        "always 0. The digit is left out.",
        "Alpaydin and Kaynak (1998)",
    ),
)
