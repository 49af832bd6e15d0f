"""Training steps of the project's two networks in PyTorch, for `benchmarks.pytorch`.

It runs in an environment with PyTorch and without the project. Each line on standard input,
`NETWORK STEPS`, is answered by the seconds that so many steps took. Eager, channels last, as
PyTorch recommends for convolutions on processors.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional

MARGIN, SCALE, NUM_CLASSES = 0.2, 20.0, 3634


class Block(nn.Module):
    """A residual block as in `models.networks`."""

    def __init__(self, before, filters, stride):
        super().__init__()
        self.first = nn.Conv2d(before, filters, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(filters) for _ in range(3))
        self.shortcut = None
        if stride > 1 or before != filters:
            self.shortcut = nn.Conv2d(before, filters, 1, stride, bias=False)

    def forward(self, x):
        y = functional.relu(self.norms[0](self.first(x)), inplace=True)
        y = self.norms[1](self.second(y))
        shortcut = self.norms[2](self.shortcut(x)) if self.shortcut else x
        return functional.relu(y + shortcut, inplace=True)


class Compact(nn.Module):
    """The compact encoder with the cosines to all classes."""

    def __init__(self, filters=32, embedding=256):
        super().__init__()
        sizes = [filters, *(filters * 2**stage for stage in range(4))]
        self.stem = nn.Sequential(
            nn.Conv2d(1, filters, 3, 1, 1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.blocks = nn.Sequential(
            *(Block(sizes[i], sizes[i + 1], 1 if i == 0 else 2) for i in range(4))
        )
        self.embedding = nn.Linear(8 * filters * 5 * 4, embedding, bias=False)
        self.norm = nn.BatchNorm1d(embedding)
        self.classes = nn.Parameter(torch.randn(embedding, NUM_CLASSES) * 0.02)

    def forward(self, images):
        x = self.blocks(self.stem(images / 127.5 - 1.0))
        x = functional.dropout(torch.flatten(x, 1), 0.3, self.training)
        x = functional.normalize(self.norm(self.embedding(x)))
        return x @ functional.normalize(self.classes, dim=0)


class Reference(nn.Module):
    """The reference network; both images of a pair in one batch."""

    def __init__(self):
        super().__init__()
        layers, before = [], 1
        for filters, kernel, pool in ((64, 10, 1), (128, 7, 1), (128, 4, 1), (256, 4, 0)):
            layers += [nn.Conv2d(before, filters, kernel), nn.BatchNorm2d(filters)]
            layers += [nn.ReLU(inplace=True)] + [nn.MaxPool2d(2)] * pool
            before = filters
        self.features = nn.Sequential(*layers)
        self.embedding = nn.Linear(9216, 4096)
        self.probability = nn.Linear(4096, 1)

    def forward(self, images):
        x = functional.dropout(torch.flatten(self.features(images), 1), 0.4, self.training)
        left, right = torch.sigmoid(self.embedding(x)).chunk(2)
        return self.probability((left - right).abs())


def compact_step():
    """The step of the compact network on 64 images."""
    network = Compact().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), 0.002, weight_decay=0.02, fused=True)
    images = (torch.rand(64, 1, 72, 58) * 255).to(memory_format=torch.channels_last)
    labels = torch.randint(0, NUM_CLASSES, (64,))
    margin = MARGIN * functional.one_hot(labels, NUM_CLASSES)

    def step():
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(SCALE * (network(images) - margin), labels).backward()
        optimizer.step()

    return step


def reference_step():
    """The step of the reference network on 32 pairs."""
    network = Reference().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 0.00005, fused=True)
    images = (torch.rand(64, 1, 105, 105) * 255).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 2, (32, 1)).float()

    def step():
        optimizer.zero_grad(set_to_none=True)
        functional.binary_cross_entropy_with_logits(network(images), labels).backward()
        optimizer.step()

    return step


def main():
    """Answers the lines of standard input."""
    steps = {"compact": compact_step(), "reference": reference_step()}
    for line in sys.stdin:
        name, count = line.split()
        started = time.perf_counter()
        for _ in range(int(count)):
            steps[name]()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
