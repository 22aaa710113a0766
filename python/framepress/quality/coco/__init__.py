"""COCO files: a tolerant look at them, and the rules COCO-001 and on."""
