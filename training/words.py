"""Learning words from what stands around them (Devlin et al. 2019, "BERT"): an encoder that was
trained to place whole sentences has forgotten how to look one word up in another text."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.batches import Batch
from training.model import PairModel

_MASK, _MARKS = 103, (101, 102)
_HIDDEN = (0.3, 0.15)  # of the first text's words and of the second's
_LEFT = 0.1  # of the hidden ones are left to be seen


class WordHead(nn.Module):  # type: ignore[misc]
    """Token vectors to logits over the encoder's words, whose vectors it shares. Not shipped."""

    def __init__(self, width: int, words: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(words))

    def forward(self, hidden: Tensor, vectors: Tensor) -> Tensor:
        turned = self.norm(nn.functional.gelu(self.inner(hidden)))
        return nn.functional.linear(turned, vectors.to(turned.dtype), self.bias.to(turned.dtype))


def word_loss(model: PairModel, head: WordHead, batch: Batch) -> Tensor:
    """How far the model is from the words that were hidden from it, a different choice each time.

    Where a word is hidden, its role tells only which text it is of.
    """
    ids, mask, roles = batch.inputs
    share = torch.where(roles % 2 == 0, *_HIDDEN)
    marks = torch.isin(ids, torch.tensor(_MARKS, device=ids.device))
    hidden = (torch.rand(ids.shape, device=ids.device) < share) & (mask == 1) & ~marks
    covered = hidden & (torch.rand(ids.shape, device=ids.device) >= _LEFT)
    vectors = model.tokens(
        ids.masked_fill(covered, _MASK), mask, torch.where(covered, roles % 2, roles)
    )
    said = head(vectors[hidden], model.encoder.embeddings.word_embeddings.weight)
    return nn.functional.cross_entropy(said.float(), ids[hidden])
