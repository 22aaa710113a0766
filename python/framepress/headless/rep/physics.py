"""`rep.physics`: nothing falls or collides in the stand-in; what asks for it is told so once, and stays where it is."""

from __future__ import annotations

from framepress.headless.rep.refused import without_effect

__all__ = ["collider", "drive_properties", "mass", "physics_material", "rigid_body"]

NO_PHYSICS = "the stand-in has no physics, and everything stays where the script puts it"
collider = without_effect("physics.collider", NO_PHYSICS)
drive_properties = without_effect("physics.drive_properties", NO_PHYSICS)
mass = without_effect("physics.mass", NO_PHYSICS)
physics_material = without_effect("physics.physics_material", NO_PHYSICS)
rigid_body = without_effect("physics.rigid_body", NO_PHYSICS)
