"""The network: the encoder of all-MiniLM-L6-v2 read over two texts, and two small heads.

The published encoder was trained to average its token vectors, not to speak through ``[CLS]``, so
the heads see averages too: of each text's tokens, each already read in the light of the other
text, and how the two differ. The greatest values over the claim's tokens are there because one
word that the evidence does not bear out is enough.
"""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel
from transformers.masking_utils import create_bidirectional_mask

from medrag.models.pair_input import ROLES

HIDDEN = 256
OWN = 2
"""The layers that claims and relevance each have for themselves, where they are parted."""


class Head(nn.Module):  # type: ignore[misc]
    """Pooled token vectors to logits."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.inner = nn.Linear(5 * width, HIDDEN)
        self.outer = nn.Linear(HIDDEN, outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, pooled: Tensor) -> Tensor:
        logits: Tensor = self.outer(self.dropout(torch.tanh(self.inner(self.dropout(pooled)))))
        return logits


class PairModel(nn.Module):  # type: ignore[misc]
    """Two texts to ``claim`` logits (n, 3) and ``relevance`` logits (n, 1).

    ``parted`` gives claims their own copy of the last ``OWN`` layers: what tells whether a passage
    answers a question and what tells whether it bears out a claim then no longer undo each other.
    """

    def __init__(
        self, folder: Path, dropout: float = 0.1, attention: str = "eager", *, parted: bool = False
    ) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(
            folder, local_files_only=True, attn_implementation=attention, add_pooling_layer=False
        )
        embeddings = self.encoder.embeddings
        plain = embeddings.token_type_embeddings.weight[0]
        roles = nn.Embedding(ROLES, plain.shape[0])
        with torch.no_grad():
            # Each role begins as what the published model knows, told apart by a little noise.
            roles.weight.copy_(plain + 0.02 * torch.randn(ROLES, plain.shape[0]))
        embeddings.token_type_embeddings = roles
        self.encoder.config.type_vocab_size = ROLES
        width = self.encoder.config.hidden_size
        self.claim = Head(width, 3, dropout)
        self.relevance = Head(width, 1, dropout)
        layers = self.encoder.encoder.layer
        self.claim_layers = copy.deepcopy(layers[-OWN:]) if parted else None
        # Where the ways part, claims add what is theirs. (A graph in which two layers read the very
        # same values is not fused.)
        self.claim_shift = nn.Parameter(torch.zeros(width)) if parted else None

    def tokens(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """A vector for each token as relevance sees it, (n, tokens, width)."""
        hidden, mask = self._shared(input_ids, attention_mask, token_type_ids)
        return _through(self.encoder.encoder.layer[-OWN:], hidden, mask)

    def claims(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """The logits of claims alone, (n, 3)."""
        hidden, mask = self._shared(input_ids, attention_mask, token_type_ids)
        seen = pooled(self._said(hidden, mask), attention_mask, token_type_ids)
        logits: Tensor = self.claim(seen)
        return logits

    def answers(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """The logits of relevance alone, (n, 1)."""
        hidden = self.tokens(input_ids, attention_mask, token_type_ids)
        logits: Tensor = self.relevance(pooled(hidden, attention_mask, token_type_ids))
        return logits

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        hidden, mask = self._shared(input_ids, attention_mask, token_type_ids)
        about = _through(self.encoder.encoder.layer[-OWN:], hidden, mask)
        said = about if self.claim_layers is None else self._said(hidden, mask)
        return (
            self.claim(pooled(said, attention_mask, token_type_ids)),
            self.relevance(pooled(about, attention_mask, token_type_ids)),
        )

    def _said(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """A vector for each token as claims see it."""
        if self.claim_layers is None:
            return _through(self.encoder.encoder.layer[-OWN:], hidden, mask)
        return _through(self.claim_layers, hidden + self.claim_shift, mask)

    def _shared(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Token vectors below the layers that can be parted, and what is added to attention."""
        hidden = self.encoder.embeddings(input_ids=input_ids, token_type_ids=token_type_ids)
        mask = create_bidirectional_mask(
            config=self.encoder.config, inputs_embeds=hidden, attention_mask=attention_mask
        )
        return _through(self.encoder.encoder.layer[:-OWN], hidden, mask), mask


def _through(layers: nn.ModuleList, hidden: Tensor, mask: Tensor | None) -> Tensor:
    for layer in layers:
        hidden = layer(hidden, mask)
    return hidden


def pooled(hidden: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
    """What a head sees of token vectors (n, tokens, width): (n, 5 * width)."""
    live = attention_mask.unsqueeze(-1).to(hidden.dtype)
    other = (token_type_ids % 2).unsqueeze(-1).to(hidden.dtype) * live
    mine = live - other
    first = (hidden * mine).sum(1) / mine.sum(1)
    second = (hidden * other).sum(1) / other.sum(1)
    most = (hidden - (1 - mine) * 1e4).amax(1)
    return torch.cat([first, second, (first - second).abs(), first * second, most], dim=-1)


def load(folder: Path, state: Path, attention: str = "eager", *, part: bool = False) -> PairModel:
    """The model of the published encoder in ``folder`` with the weights of ``state``: parted where
    these are, or, with ``part``, parted now."""
    held = torch.load(state, map_location="cpu", weights_only=True)
    own = [name for name in held if name.startswith("claim_layers.")]
    model = PairModel(folder, attention=attention, parted=part or bool(own))
    if part and not own:
        held["claim_shift"] = torch.zeros(model.encoder.config.hidden_size)
        first = model.encoder.config.num_hidden_layers - OWN
        for layer in range(OWN):
            upper = f"encoder.encoder.layer.{first + layer}."
            for name in [name for name in held if name.startswith(upper)]:
                held[f"claim_layers.{layer}.{name.removeprefix(upper)}"] = held[name].clone()
    model.load_state_dict(held)
    return model
