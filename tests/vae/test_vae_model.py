"""`VAE`: the face of a flow, on images and vectors, fitted, saved and refused."""

import math

import pytest
import torch

import pushforward as pf
import tiny
from autoencoders import POSTERIORS, perturbed
from pushforward.diagnostics import properties
from pushforward.errors import ConfigurationError, PushforwardError, ShapeError
from pushforward.images import read_images
from pushforward.vae import Annealing, bdmc_gap, elbo, factor_analysis, importance_bound
from specimens import seeded


@pytest.fixture(scope="module")
def digits():
    return torch.as_tensor(read_images("digits8").pixels).float()


def small(**arguments):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return pf.VAE((1, 8, 8), **{"latent": 8, "hidden": 8, "values": 17, **arguments})


@pytest.mark.parametrize("shape", [(1, 12, 12), (3, 8, 4), (1, 9, 7), (2, 1, 1), (5,)])
@pytest.mark.parametrize("context_features", [0, 2])
@pytest.mark.parametrize("likelihood", ["logistics", "normal"])
def test_shapes_are_those_of_a_flow(shape, context_features, likelihood):
    vae = perturbed(
        shape, latent=3, hidden=4, context_features=context_features, likelihood=likelihood
    )
    context = torch.zeros(2).double() if context_features else None
    x = vae.sample((2, 4), context, seeded(0))
    assert x.shape == (2, 4, *shape)
    assert vae.log_prob(x, context).shape == (2, 4)
    assert bool(vae.log_prob(x, context).isfinite().all())
    assert vae.encode(x, context).shape == (2, 4, 3)
    assert vae.decode(vae.encode(x, context), context).shape == x.shape
    assert vae.event_shape == shape
    assert vae.kind == "bound"
    assert [step.value.shape for step in vae.steps(x=x, context=context)] == [(2, 4, 3), x.shape]
    assert vae.see(x[0], context).features.shape[0] == 4


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_log_q_is_that_of_the_autodiff_jacobian(posterior):
    vae = perturbed((1, 4, 4), latent=3, hidden=4, values=5, posterior=posterior, posterior_by=1)
    x = torch.randint(0, 5, (6, 1, 4, 4), generator=seeded(1)).double()
    seen = vae.see(x)
    layers = vae.layer.posterior.transform
    e = torch.randn(6, 3, generator=seeded(2)).double()
    assert properties.log_det_error(layers.forward, e, seen.features).max() < 1e-8
    z, log_q = seen.draw((), seeded(3))
    assert torch.allclose(seen.log_q(z), log_q, atol=1e-8)
    jacobian = properties.jacobian(layers.inverse, z, seen.features)
    start = seen.posterior.encode(z, seen.features)
    normal = torch.distributions.Normal(0, 1).log_prob(start).sum(-1)
    assert torch.allclose(log_q, normal + jacobian.slogdet().logabsdet, atol=1e-7)
    assert bool((z - seen.push(start)[0]).abs().max() < 1e-8)
    assert not torch.allclose(seen.log_q(z), seen.log_q(z.flip(0)))


def test_the_terms_are_the_prior_over_q_and_the_likelihood():
    vae = perturbed((1, 4, 4), latent=3, hidden=4, values=5)
    x = torch.randint(0, 5, (6, 1, 4, 4), generator=seeded(1)).double()
    vae.layer.generator = seeded(4)
    first, second = vae.terms(x)
    vae.layer.generator = seeded(4)
    assert torch.allclose(vae.log_prob(x), first + second)
    vae.layer.generator = seeded(4)
    z, log_det = vae.transform.inverse(torch.cat([x, x[-1:].expand(10, -1, -1, -1)]))
    seen = vae.see(x)
    z, log_det = z[:6], log_det[:6]
    assert torch.allclose(first, vae.base.log_prob(z) - seen.log_q(z))
    assert torch.allclose(second, seen.log_likelihood(z))
    assert torch.allclose(log_det, second - seen.log_q(z))


def test_a_row_does_not_depend_on_the_others():
    vae = perturbed((1, 8, 8), latent=4, hidden=4, values=17)
    x = torch.randint(0, 17, (50, 1, 8, 8), generator=seeded(1)).double()
    scores = []
    for n in (3, 20, 50):
        vae.layer.generator = seeded(2)
        scores.append(vae.log_prob(x[:n])[:3])
    assert torch.allclose(scores[0], scores[1], rtol=1e-12)
    assert torch.allclose(scores[0], scores[2], rtol=1e-12)
    assert torch.allclose(vae.encode(x)[:3], vae.encode(x[:3]), rtol=1e-12)


def test_draws_follow_their_generator():
    vae = small()
    assert torch.equal(vae.sample((5,), None, seeded(1)), vae.sample((5,), None, seeded(1)))
    z, x = vae.sample_joint(5, None, seeded(1))
    assert torch.equal(x, x.round())
    assert vae.decode(z).min() >= 0
    assert vae.decode(z).max() <= 16
    plan = Annealing(temperatures=3, chains=2)
    one, other = (bdmc_gap(vae, 2, plan, generator=seeded(1)) for _ in range(2))
    assert torch.equal(one.lower, other.lower)
    assert one.gap == other.gap


def test_a_fit_in_bfloat16_improves_the_bound(digits):
    vae = small()
    vae.initialize(digits[:500])
    before = elbo(vae, digits[:200], draws=5, generator=seeded(0)).mean()
    pf.fit(vae, digits[:500], epochs=4, batch_size=50, learning_rate=1e-2, precision="bf16")
    after = elbo(vae, digits[:200], draws=5, generator=seeded(0)).mean()
    assert after > before + 15
    sharper = importance_bound(vae, digits[:50], 20, generator=seeded(0)).mean()
    assert sharper > elbo(vae, digits[:50], draws=20, generator=seeded(0)).mean()


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_every_posterior_is_fitted_saved_and_loaded(digits, posterior, tmp_path):
    vae = small(posterior=posterior)
    result = pf.fit(vae, digits[:300], epochs=2, batch_size=64, memory="lean")
    assert math.isfinite(result.nll)
    pf.save(vae, tmp_path / "model")
    loaded = pf.load(tmp_path / "model")
    assert isinstance(loaded, pf.VAE)
    assert tiny.same(vae, loaded)
    numbers = [elbo(model, digits[:5], generator=seeded(1)) for model in (vae, loaded)]
    assert torch.equal(*numbers)
    assert loaded.made_by == vae.made_by


@pytest.mark.slow
def test_factor_analysis_is_fitted_nearly_to_the_truth():
    model = perturbed((4,), latent=2, likelihood="normal")
    x = model.sample((400,), generator=seeded(2))
    vae = pf.VAE((4,), latent=2, likelihood="normal").double()
    pf.fit(vae, x, epochs=200, batch_size=50, learning_rate=2e-2)
    truth, found = (factor_analysis(one).log_prob(x).mean() for one in (model, vae))
    assert found > truth - 0.1
    assert importance_bound(vae, x, 100, generator=seeded(1)).mean() > truth - 0.3


def test_a_fit_goes_on_bit_for_bit(digits, tmp_path):
    straight, halted = small(), small()
    pf.fit(straight, digits[:200], epochs=4, batch_size=64)
    options = {"batch_size": 64, "checkpoint": tmp_path}
    interrupt = pytest.MonkeyPatch()
    epochs = []

    def once(self, entries):
        save(self, entries)
        epochs.append(1)
        if len(epochs) == 2:
            raise KeyboardInterrupt

    from pushforward.training.checkpoint import Checkpoint

    save = Checkpoint.save
    interrupt.setattr(Checkpoint, "save", once)
    with pytest.raises(KeyboardInterrupt):
        pf.fit(halted, digits[:200], epochs=4, **options)
    interrupt.undo()
    pf.fit(halted, digits[:200], epochs=4, resume=True, **options)
    assert tiny.same(straight, halted)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shape": (8, 8)}, "shape must be"),
        ({"shape": 8}, "shape must be"),
        ({"shape": (1, 0, 8)}, r"shape\[1\] must be a whole number of at least 1, but is 0"),
        ({"latent": 0}, "latent must be"),
        ({"hidden": -1}, "hidden must be"),
        ({"posterior": "maf"}, "posterior must be .* 'maf'"),
        ({"posterior_layers": 0}, "posterior_layers must be"),
        ({"values": 1}, "values must be a whole number of at least 2"),
        ({"components": 0}, "components must be"),
        ({"likelihood": "bernoulli"}, "likelihood must be .* 'bernoulli'"),
        ({"context_features": -1}, "context_features must be"),
    ],
)
def test_senseless_arguments_are_refused_in_a_sentence(arguments, words):
    with pytest.raises(ConfigurationError, match=words):
        pf.VAE(**{"shape": (1, 8, 8), **arguments})


def test_what_does_not_fit_is_refused_in_a_sentence(digits):
    vae = small()
    with pytest.raises(ShapeError, match=r"must end in the event shape \(1, 8, 8\)"):
        vae.log_prob(digits[:, :, :7])
    with pytest.raises(ShapeError, match="must"):
        vae.see(digits[0])
    with pytest.raises(ShapeError, match="takes no context"):
        elbo(vae, digits[:2], torch.zeros(2, 1))
    with pytest.raises(ConfigurationError, match="draws must be"):
        elbo(vae, digits[:2], draws=0)
    with pytest.raises(ConfigurationError, match="k must be"):
        importance_bound(vae, digits[:2], 0)
    with pytest.raises(ConfigurationError, match="chains must be at least 2"):
        Annealing(chains=1)
    with pytest.raises(ConfigurationError, match="start must be"):
        Annealing(start="data")
    with pytest.raises(PushforwardError, match="not finite before the first step"):
        pf.fit(vae, digits[:50] + 0.5, epochs=1)
    with pytest.raises(ConfigurationError, match="latents have shape"):
        pf.check(vae)
