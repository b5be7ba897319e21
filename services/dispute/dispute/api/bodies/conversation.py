"""Body of a message."""

from __future__ import annotations

from dispute.domain.conversations.messages import PostMessage
from shared.http.command_body import CommandBody
from shared.http.request.body import example


class MessageBody(CommandBody, of=PostMessage):
    """What somebody writes, and to whom: to all where nobody is named (S44)."""

    model_config = example(text="Which number is on the box?", to="seller")
