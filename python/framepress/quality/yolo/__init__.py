"""YOLO as Ultralytics reads it: what data.yaml and the label files say, and rules for it."""
