"""A stand-in for Isaac Sim where there is none: a USD renderer in Warp kernels, Replicator's payloads and its Python
interface. What it makes is marked as the stand-in's.
"""
