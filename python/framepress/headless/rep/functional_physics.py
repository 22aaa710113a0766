"""`rep.functional.physics`: see `rep.physics`."""

from __future__ import annotations

from framepress.headless.rep.physics import NO_PHYSICS
from framepress.headless.rep.refused import without_effect

__all__ = ["apply_collider", "apply_rigid_body", "create_physics_scene"]

apply_collider = without_effect("functional.physics.apply_collider", NO_PHYSICS)
apply_rigid_body = without_effect("functional.physics.apply_rigid_body", NO_PHYSICS)
create_physics_scene = without_effect("functional.physics.create_physics_scene", NO_PHYSICS)
