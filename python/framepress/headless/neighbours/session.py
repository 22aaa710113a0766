"""What the neighbours of one installation share: the host that draws, settings, events, the clock, the open stage."""

from __future__ import annotations

from pxr import Usd

from framepress.headless.host import RELEASES, Host, Release
from framepress.headless.neighbours.events import Dispatcher
from framepress.headless.neighbours.settings import DEFAULTS, Settings
from framepress.headless.neighbours.stages import StageContext
from framepress.headless.neighbours.timeline import Timeline

__all__ = ["Session"]


class Session:
    """One installation; `host` draws, and the modules beside it read and change its stage, clock and settings.

    Attributes:
        exit_code: what the script asked for when it closed the application.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.settings = Settings(host.settings)
        for path, value in DEFAULTS.items():
            self.settings.set_default(path, value)
        self.dispatcher = Dispatcher()
        self.timeline = Timeline(host, self.dispatcher)
        self.context = StageContext(host, self.dispatcher, self.timeline.rest)
        self.exit_code = 0

    def at_least(self, release: Release) -> bool:
        """Whether the release stood in for is that one or a later one."""
        return RELEASES.index(self.host.release) >= RELEASES.index(release)

    def stage(self) -> Usd.Stage:
        """The open stage.

        Raises:
            RuntimeError: none is open.
        """
        stage = self.host.stage
        if stage is None:
            raise RuntimeError("no stage is open: call omni.usd.get_context().new_stage() or open_stage(path) first")
        return stage
