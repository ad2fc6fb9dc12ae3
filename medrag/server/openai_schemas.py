"""What the OpenAI-compatible door takes and gives, as pydantic models for its OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Said = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Counted = Annotated[int, Field(ge=0)]


class _In(BaseModel):
    # Numbers are not read out of strings. What is not named here is taken, and ignored.
    model_config = ConfigDict(extra="allow", strict=True)


class TextPart(_In):
    """A part of a message. Nothing but text can be read."""

    type: Literal["text"]
    text: Said


class UserMessage(_In):
    """What the user said: the last one is the question."""

    role: Literal["user"]
    content: Said | Annotated[list[TextPart], Field(min_length=1)]

    @property
    def text(self) -> str:
        """Its parts as one text."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)


class OtherMessage(_In):
    """What somebody else said: of these only the assistant's answers are read, as history."""

    role: Literal["assistant", "system", "developer", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """Its text, as far as there is one."""
        if isinstance(self.content, list):
            texts = (part.get("text") for part in self.content if part.get("type") == "text")
            return "\n".join(text for text in texts if isinstance(text, str))
        return self.content or ""


Message = Annotated[UserMessage | OtherMessage, Field(discriminator="role")]
_ASKS = {"contains": {"properties": {"role": {"const": "user"}}, "required": ["role"]}}


class StreamOptions(_In):
    """``include_usage``: whether a last chunk says what the answer cost."""

    include_usage: bool | None = None


class ChatRequest(_In):
    """A chat. ``model`` is "medrag", or "medrag/COLLECTION" for one collection alone.

    Whatever steers a language model (temperature, tools and the like) is accepted and ignored:
    the answer is made of checked sentences. ``medrag.ignored`` of the response names it.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "medrag",
                    "messages": [
                        {"role": "user", "content": "At what eGFR should metformin be stopped?"}
                    ],
                }
            ]
        }
    )

    model: Annotated[str, StringConstraints(min_length=1)]
    messages: Annotated[list[Message], Field(min_length=1, json_schema_extra=_ASKS)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None


class UrlCitation(BaseModel):
    """The page of a quote; the indices are of the sentence in the message, the end exclusive."""

    start_index: Counted
    end_index: Counted
    url: str
    title: str


class Annotation(BaseModel):
    """A citation."""

    type: Literal["url_citation"]
    url_citation: UrlCitation


class AssistantMessage(BaseModel):
    """The answer. ``medrag`` is the same answer as /v1/ask gives it, with its verdicts."""

    role: Literal["assistant"]
    content: str
    refusal: None = None
    annotations: list[Annotation]
    medrag: dict[str, Any]


class Choice(BaseModel):
    """The one choice."""

    index: Literal[0]
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop"]


class PromptDetails(BaseModel):
    """Of the prompt's tokens, those that were known from the request before."""

    cached_tokens: Counted


class CompletionDetails(BaseModel):
    """Of the completion's tokens, those that were thought."""

    reasoning_tokens: Counted


class ChatUsage(BaseModel):
    """Tokens (0 where no language model wrote)."""

    prompt_tokens: Counted
    completion_tokens: Counted
    total_tokens: Counted
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


class Ignored(BaseModel):
    """What of the request had no effect, by name."""

    ignored: list[str]


class ChatCompletion(BaseModel):
    """An answer as a chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: Annotated[list[Choice], Field(min_length=1, max_length=1)]
    usage: ChatUsage
    system_fingerprint: str
    medrag: Ignored


class Model(BaseModel):
    """All that the caller may see ("medrag"), or one collection of it."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """What can be asked."""

    object: Literal["list"]
    data: list[Model]


class Fault(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class FaultForm(BaseModel):
    """An error, as OpenAI's clients expect it."""

    error: Fault
