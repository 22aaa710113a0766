"""The parts that `make_scenes.py` builds its scenes from. Metres, z up, matrices for row vectors."""
