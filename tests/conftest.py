"""What holds for every test."""

import pytest
import torch

# Tensors here are small, and a figure must not depend on how many cores the machine has.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def first_weights():
    """A flow's first weights come from torch's own generator: the same in every order of tests."""
    torch.manual_seed(0)
