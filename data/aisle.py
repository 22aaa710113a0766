"""Randomise the warehouse aisle: cameras, lights, cones, barrels, and things of any colour or texture in the way.

    framepress render data/aisle.py OUT --frames 24 --to coco,yolo,kitti --seed 4

An ordinary Replicator script: it records what changes from frame to frame, and two cameras that look at it.
"""

from pathlib import Path

import omni.replicator.core as rep
import omni.usd

SCENE = Path(__file__).parent / "scenes" / "warehouse" / "warehouse.usda"
TEXTURES = [str(SCENE.parent / "textures" / name) for name in ("wood.jpg", "concrete.jpg", "hazard.jpg", "denim.jpg")]
RESOLUTION = (960, 540)

omni.usd.get_context().open_stage(str(SCENE))

uniform = rep.distribution.uniform

with rep.new_layer():
    for name in ("Front", "Aisle"):
        rep.create.render_product(f"/World/Cameras/{name}", RESOLUTION, name=name)

    front = rep.get.prim_at_path("/World/Cameras/Front")
    aisle = rep.get.prim_at_path("/World/Cameras/Aisle")
    cones = rep.get.prims(path_pattern="/World/Cones/Cone_[0-9]+$")
    barrels = rep.get.prims(path_pattern="/World/Barrels/Barrel_[0-9]+$")
    lamps = rep.get.prims(path_pattern="/World/Lights/Lamp_[0-9]+$")
    daylight = rep.get.prims(path_pattern="/World/Lights/Daylight$")
    floor = rep.create.plane(position=(0, -3, 0.002), scale=(5, 5, 1), visible=False)

    # Distractors: they stand in the way, reflect and cast shadows, and are nothing that is to be found.
    balls = rep.create.sphere(scale=(0.3, 0.3, 0.3), count=4)
    blocks = rep.create.cube(scale=(0.35, 0.35, 0.35), count=3)

    def traffic():
        with cones:
            rep.randomizer.scatter_2d(floor, check_for_collisions=True)
            rep.modify.pose(rotation=uniform((0, 0, -180), (0, 0, 180)))
        with barrels:
            rep.modify.pose(rotation=uniform((0, 0, -180), (0, 0, 180)))
        return cones.node

    def distractors():
        with balls:
            rep.modify.pose(position=uniform((-2.0, -5.0, 0.15), (2.0, 6.0, 0.15)))
            rep.randomizer.color(colors=uniform((0.1, 0.1, 0.1), (0.9, 0.9, 0.9)))
        with blocks:
            rep.modify.pose(
                position=uniform((-2.2, -5.0, 0.175), (2.2, 0.0, 0.175)), rotation=uniform((0, 0, -90), (0, 0, 90))
            )
            rep.randomizer.texture(textures=TEXTURES)
        return balls.node

    def light():
        with lamps:
            rep.modify.attribute("inputs:intensity", uniform(10.0, 45.0))
        with daylight:
            rep.modify.pose(rotation=uniform((-50, -40, 0), (-10, 40, 0)))
            rep.modify.attribute("inputs:color", uniform((0.85, 0.85, 0.8), (1.0, 1.0, 1.0)))
        return lamps.node

    for randomiser in (traffic, distractors, light):
        rep.randomizer.register(randomiser)

    with rep.trigger.on_frame():
        rep.randomizer.traffic()
        rep.randomizer.distractors()
        rep.randomizer.light()
        with front:
            rep.modify.pose(position=uniform((-1.2, -8.2, 1.4), (1.6, -6.8, 3.0)), look_at=(0.0, 0.5, 1.1))
        with aisle:
            rep.modify.pose(position=uniform((-0.9, 9.0, 1.8), (0.9, 11.5, 3.4)), look_at=(0.1, 2.0, 1.0))
