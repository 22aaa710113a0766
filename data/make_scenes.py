"""Make the scenes: a warehouse aisle and a table-top, in USD, with all of their pictures.

    python data/make_scenes.py [OUT]

Needs usd-core, numpy and Pillow; writes below data/scenes unless told otherwise. The same files every time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image
from scenery.tabletop import write_tabletop
from scenery.textures import TEXTURES
from scenery.warehouse import write_warehouse

SCENES = Path(__file__).parent / "scenes"


def write_textures(folder: Path) -> None:
    """All pictures below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in TEXTURES.items():
        image = Image.fromarray(make())
        if name.endswith(".jpg"):
            image.save(folder / name, quality=90, subsampling=0)
        else:
            image.save(folder / name, optimize=True)


def write_scenes(out: Path) -> None:
    """warehouse/warehouse.usda with props/ and textures/, and tabletop/tabletop.usda, below `out`."""
    write_textures(out / "warehouse" / "textures")
    write_warehouse(out / "warehouse")
    write_tabletop(out / "tabletop")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=SCENES, metavar="OUT")
    arguments = parser.parse_args()
    write_scenes(arguments.out)
    files = [file for file in arguments.out.rglob("*") if file.is_file()]
    print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.2f} MB in {arguments.out}")


if __name__ == "__main__":
    main()
