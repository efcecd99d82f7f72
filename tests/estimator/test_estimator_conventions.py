"""scikit-learn's own checks of its conventions, on both estimators."""

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

import pushforward as pf

BUDGET = 0.02  # on the counting clock: a handful of steps

# The checks feed few rows, and columns of few values, to both; each is warned of, rightly.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SHARE = (
    "It asks that exactly the share `contamination` of the rows of the fit be flagged; here it "
    "bounds the false alarms among fresh rows, calibrated by rows that were set aside."
)
EXPECTED = {
    "FlowDensity": {
        "check_sample_weight_equivalence_on_dense_data": (
            "It has fewer rows than columns, to which no density can be fitted; and it takes a row "
            "repeated for a row of weight 2, which minibatches and rows set aside tell apart."
        ),
    },
    "FlowAnomaly": {"check_outliers_train": SHARE, "check_outliers_fit_predict": SHARE},
}


@parametrize_with_checks(
    [
        pf.FlowDensity(random_state=0, time_budget=BUDGET),
        pf.FlowAnomaly(random_state=0, time_budget=BUDGET),
    ],
    expected_failed_checks=lambda estimator: EXPECTED[type(estimator).__name__],
)
def test_convention(estimator, check):
    check(estimator)


class Timeless:
    """What is not deterministic is the clock, and here it counts: nothing need be skipped."""

    novelty = True  # as LocalOutlierFactor says that its threshold is for fresh rows

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = False
        return tags


class Density(Timeless, pf.FlowDensity):
    pass


class Anomaly(Timeless, pf.FlowAnomaly):
    pass


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Density, "check_pipeline_consistency"),
        (Density, "check_transformer_general"),
        (Density, "check_transformer_data_not_an_array"),
        (Density, "check_methods_sample_order_invariance"),
        (Density, "check_methods_subset_invariance"),
        (Density, "check_transformer_get_feature_names_out"),
        (Density, "check_transformer_get_feature_names_out_pandas"),
        (Density, "check_set_output_transform"),
        (Density, "check_set_output_transform_pandas"),
        (Density, "check_global_output_transform_pandas"),
        (Density, "check_dataframe_column_names_consistency"),
        (Density, "check_transformer_preserve_dtypes"),
        (Anomaly, "check_outliers_train"),
        (Anomaly, "check_pipeline_consistency"),
        (Anomaly, "check_methods_sample_order_invariance"),
        (Anomaly, "check_methods_subset_invariance"),
        (Anomaly, "check_dataframe_column_names_consistency"),
    ],
)
def test_convention_of_what_is_deterministic_or_for_sklearn_itself(kind, name):
    estimator = kind(random_state=0, time_budget=BUDGET)
    getattr(estimator_checks, name)(kind.__name__, estimator)
