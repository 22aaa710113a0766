"""`rep.physics`: nothing falls or collides in the stand-in, so every call says so."""

from __future__ import annotations

from framepress.headless.rep.refused import refuse

__all__ = ["collider", "drive_properties", "mass", "physics_material", "rigid_body"]

_NO_PHYSICS = "the stand-in has no physics; place things where they come to rest, or remove the call"
collider = refuse("physics.collider", _NO_PHYSICS)
drive_properties = refuse("physics.drive_properties", _NO_PHYSICS)
mass = refuse("physics.mass", _NO_PHYSICS)
physics_material = refuse("physics.physics_material", _NO_PHYSICS)
rigid_body = refuse("physics.rigid_body", _NO_PHYSICS)
