"""`Buffers` and a `Scene` as Replicator's annotator values.

`value`, `nothing` and `passes_for` are the annotators by name, `layouts` puts values into the dict that a writer gets.
"""

from framepress.headless.payloads.annotators import NAMES, nothing, passes_for, value
from framepress.headless.payloads.shot import Quirks, Shot, Value

__all__ = ["NAMES", "Quirks", "Shot", "Value", "nothing", "passes_for", "value"]
