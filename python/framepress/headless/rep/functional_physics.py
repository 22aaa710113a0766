"""`rep.functional.physics`: nothing falls or collides in the stand-in, so every call says so."""

from __future__ import annotations

from framepress.headless.rep.refused import refuse

__all__ = ["apply_collider", "apply_rigid_body", "create_physics_scene"]

_NO_PHYSICS = "the stand-in has no physics; place things where they come to rest, or remove the call"
apply_collider = refuse("functional.physics.apply_collider", _NO_PHYSICS)
apply_rigid_body = refuse("functional.physics.apply_rigid_body", _NO_PHYSICS)
create_physics_scene = refuse("functional.physics.create_physics_scene", _NO_PHYSICS)
