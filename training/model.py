"""The network: the encoder of all-MiniLM-L6-v2 read over two texts, and two small heads.

The published encoder was trained to average its token vectors, not to speak through ``[CLS]``, so
the heads see averages too: of each text's tokens, each already read in the light of the other
text, and how the two differ. The greatest values over the claim's tokens are there because one
word that the evidence does not bear out is enough.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel

from medrag.models.pair_input import ROLES

HIDDEN = 256


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
    """Two texts to ``claim`` logits (n, 3) and ``relevance`` logits (n, 1)."""

    def __init__(self, folder: Path, dropout: float = 0.1, attention: str = "eager") -> None:
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

    def tokens(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """A vector for each token, (n, tokens, width)."""
        hidden: Tensor = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return hidden

    def pooled(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """What the heads see, (n, 5 * width)."""
        hidden = self.tokens(input_ids, attention_mask, token_type_ids)
        live = attention_mask.unsqueeze(-1).to(hidden.dtype)
        other = (token_type_ids % 2).unsqueeze(-1).to(hidden.dtype) * live
        mine = live - other
        first = (hidden * mine).sum(1) / mine.sum(1)
        second = (hidden * other).sum(1) / other.sum(1)
        most = (hidden - (1 - mine) * 1e4).amax(1)
        return torch.cat([first, second, (first - second).abs(), first * second, most], dim=-1)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        pooled = self.pooled(input_ids, attention_mask, token_type_ids)
        return self.claim(pooled), self.relevance(pooled)
