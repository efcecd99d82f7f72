"""What holds for every test."""

import torch

# Tensors here are small, and a figure must not depend on how many cores the machine has.
torch.set_num_threads(1)
