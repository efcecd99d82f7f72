"""Normalizing flows on PyTorch: exact densities, samples and latents from your own data.

    import pushforward as pf

    flow = pf.flows.nsf(features=2)
    pf.fit(flow, x)
    flow.log_prob(x), flow.sample((100,)), flow.encode(x)

Names load when they are first used, so that importing the package costs next to nothing and the
command line answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# name -> the module that holds it ("" for a module that is itself the name)
_PUBLIC = {
    "univariate": "",
    "nets": "",
    "transforms": "",
    "distributions": "",
    "flows": "",
    "training": "",
    "storage": "",
    "datasets": "",
    "schema": "",
    "tables": "",
    "images": "",
    "diagnostics": "",
    "errors": "",
    "vae": "",
    "Flow": "flow",
    "Step": "flow",
    "VAE": "vae",
    "fit": "training",
    "fit_target": "training",
    "fit_density": "density",
    "check": "diagnostics",
    "diagnose": "diagnostics",
    "FlowDensity": "estimator",
    "FlowAnomaly": "estimator",
    "save": "storage",
    "load": "storage",
}

__all__ = [*_PUBLIC, "__version__"]

if TYPE_CHECKING:
    from pushforward import (
        datasets,
        diagnostics,
        distributions,
        errors,
        flows,
        images,
        nets,
        schema,
        storage,
        tables,
        training,
        transforms,
        univariate,
        vae,
    )
    from pushforward.density import fit_density as fit_density
    from pushforward.diagnostics.check import check as check
    from pushforward.diagnostics.diagnose import diagnose as diagnose
    from pushforward.estimator import FlowAnomaly as FlowAnomaly
    from pushforward.estimator import FlowDensity as FlowDensity
    from pushforward.flow import Flow as Flow
    from pushforward.flow import Step as Step
    from pushforward.storage import load as load
    from pushforward.storage import save as save
    from pushforward.training import fit_target as fit_target
    from pushforward.training.fit import fit as fit
    from pushforward.vae import VAE as VAE


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'pushforward' has no attribute {name!r}")
    home = _PUBLIC[name]
    module = importlib.import_module(f"pushforward.{home or name}")
    value = getattr(module, name) if home else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
