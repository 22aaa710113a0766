"""`carb` and what is below it."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from framepress.headless.neighbours.events import Event, NamedEvent, Subscription
from framepress.headless.neighbours.module import unsupported
from framepress.headless.neighbours.session import Session
from framepress.headless.neighbours.settings import ChangeEventType, Settings

__all__ = ["modules"]

LEVELS = {"VERBOSE": -2, "INFO": -1, "WARN": 0, "ERROR": 1, "FATAL": 2}

_log = logging.getLogger("carb")


class Float2(NamedTuple):
    x: float = 0.0
    y: float = 0.0


class Float3(NamedTuple):
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


class Float4(NamedTuple):
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    w: float = 0.0


class Tokens:
    """`carb.tokens.ITokens`, without any token: they name folders of an Isaac Sim."""

    def resolve(self, text: str) -> str:
        if "${" in text:
            raise unsupported(f"the token in {text!r}", "give the path itself")
        return text


def modules(session: Session) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""
    tokens = Tokens()
    found: dict[str, dict[str, Any]] = {
        "carb": {
            "log_verbose": _log.debug,
            "log_info": _log.info,
            "log_warn": _log.warning,
            "log_error": _log.error,
            "Float2": Float2,
            "Float3": Float3,
            "Float4": Float4,
        },
        "carb.logging": {f"LEVEL_{name}": level for name, level in LEVELS.items()},
        "carb.settings": {
            "get_settings": lambda: session.settings,
            "acquire_settings_interface": lambda: session.settings,
            "ISettings": Settings,
            "ChangeEventType": ChangeEventType,
        },
        "carb.tokens": {"get_tokens_interface": lambda: tokens},
        "carb.events": {"IEvent": Event, "ISubscription": Subscription},
    }
    if session.at_least("5.0"):
        found["carb.eventdispatcher"] = {"get_eventdispatcher": lambda: session.dispatcher, "Event": NamedEvent}
    return found
