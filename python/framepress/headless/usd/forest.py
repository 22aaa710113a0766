"""The stage's prims and, beside them, those of every prototype that an instancer multiplies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

import numpy as np
from pxr import Sdf, Usd

from framepress.headless.usd.instances import Points, points_of, points_vary, prototype_paths
from framepress.headless.usd.nodes import Instancer
from framepress.headless.usd.poses import Locals
from framepress.headless.usd.prims import Branch, Kind, Walker, first_of

__all__ = ["Forest", "grown"]


@dataclass(slots=True)
class _Source:
    """An instancer prim; `points` are what its rows hold, `labelled` are the roots of prototypes with labels."""

    prim: Usd.Prim
    points: Points
    finding: str
    varies: bool
    labelled: dict[int, Sdf.Path] = field(default_factory=dict)


@dataclass(slots=True)
class Forest:
    """Args: kinds: by a prim's key. lights: their paths and all above them. labels_vary: some have time samples."""

    stage: Branch
    kinds: dict[Sdf.Path, Kind]
    instancers: dict[Sdf.Path, Instancer]
    local: Locals
    lights: frozenset[Sdf.Path]
    labels_vary: bool
    _findings: tuple[str, ...]
    _sources: dict[Sdf.Path, _Source] = field(default_factory=dict)

    @property
    def findings(self) -> list[str]:
        points = [f"{source.prim.GetPath()}: {source.finding}" for source in self._sources.values() if source.finding]
        return [*self._findings, *points]

    @property
    def merged(self) -> Iterator[str]:
        """Of prototypes with labels that several points show, a sentence each: who reads ids would count the points."""
        for source in self._sources.values():
            for prototype, root in source.labelled.items():
                if np.count_nonzero(source.points.prototypes == prototype) > 1:
                    yield f"{source.prim.GetPath()}: all its points of {root} are one object, as in Isaac Sim"

    def surfaces(self) -> list[Usd.Prim]:
        """All that may have a material: gprims and subsets, those of prototypes too."""
        prototypes = {branch.root: branch for found in self.instancers.values() for branch in found.branches if branch}
        return [
            prim
            for branch in (self.stage, *prototypes.values())
            for prim, kind in zip(branch.prims, branch.kinds, strict=True)
            if kind in ("mesh", "shape", "subset")
        ]

    def read_points(self, edited: Set[Sdf.Path], later: bool, time: Usd.TimeCode) -> tuple[set[int], bool]:
        """Reads again the points of edited instancers and, at another time (`later`), of those that vary.

        Returns the rows that changed, and whether other prototypes stand at the points than before: then all points
        have other rows, and nodes are to be made anew.
        """
        rows: set[int] = set()
        replaced = False
        for key, source in self._sources.items():
            if key not in edited and not (later and source.varies):
                continue
            instancer = self.instancers[key]
            source.varies = points_vary(source.prim)
            source.points, source.finding = points_of(source.prim, time, len(instancer.branches))
            replaced |= not np.array_equal(source.points.prototypes, instancer.prototypes)
            instancer.prototypes = source.points.prototypes
            if not replaced:
                self.local.place(instancer.row, source.points.matrices, source.points.shown)
                rows.update(range(instancer.row, instancer.row + len(source.points.shown)))
        if replaced:
            self.place_points()
        return rows, replaced

    def place_points(self) -> None:
        """Gives the points their rows."""
        sources = self._sources
        firsts = self.local.set_points([len(source.points.shown) for source in sources.values()])
        for (key, source), row in zip(sources.items(), firsts, strict=True):
            self.instancers[key].row = row
            self.local.place(row, source.points.matrices, source.points.shown)


def grown(stage: Usd.Stage, time: Usd.TimeCode) -> Forest:
    """Walks all of the stage, and reads where its prims and points are."""
    walker = Walker(time)
    branch = walker.stage(stage)
    growth = _Growth(stage, time, walker)
    growth.add(branch)
    growth.cut_circles(branch, [])
    lights = {path for light in walker.lights for path in light.GetPrefixes()}
    findings = (*_composition(stage), *walker.findings, *growth.findings)
    forest = Forest(
        branch,
        growth.kinds,
        growth.instancers,
        growth.local,
        frozenset(lights),
        walker.labels_vary,
        findings,
        growth.sources,
    )
    forest.place_points()
    forest.local.read_all(time)
    return forest


class _Growth:
    """Branches as they are found: the stage's first, then those of its instancers, then those of theirs."""

    def __init__(self, stage: Usd.Stage, time: Usd.TimeCode, walker: Walker) -> None:
        self.kinds: dict[Sdf.Path, Kind] = {}
        self.instancers: dict[Sdf.Path, Instancer] = {}
        self.sources: dict[Sdf.Path, _Source] = {}
        self.local = Locals()
        self.findings: dict[str, None] = {}
        self._stage = stage
        self._time = time
        self._walker = walker
        self._prototypes: dict[Sdf.Path, Branch] = {}
        self._whole: set[Sdf.Path] = set()

    def add(self, branch: Branch) -> None:
        for prim, key, kind in zip(branch.prims, branch.keys, branch.kinds, strict=True):
            self.kinds[key] = kind
            self.local.add(prim, key)
        for prim, key, kind, drawn in zip(branch.prims, branch.keys, branch.kinds, branch.drawn, strict=True):
            if kind == "instancer" and drawn and key not in self.instancers:
                targets = prototype_paths(prim)
                points, finding = points_of(prim, self._time, len(targets))
                instancer = self.instancers[key] = Instancer(points.prototypes, -1, [])
                source = self.sources[key] = _Source(prim, points, finding, points_vary(prim))
                instancer.branches += [self._prototype(prim, target) for target in targets]
                branches = enumerate(instancer.branches)
                source.labelled = {
                    k: branch.root for k, branch in branches if branch is not None and any(branch.labels)
                }

    def cut_circles(self, branch: Branch, within: list[Sdf.Path]) -> None:
        """Takes a prototype from an instancer that is a part of it. Args: within: roots of the branches around."""
        for prim, key in zip(branch.prims, branch.keys, strict=True):
            instancer = self.instancers.get(key)
            for k, prototype in enumerate(instancer.branches if instancer else ()):
                if instancer is None or prototype is None:
                    continue
                if prototype.root in within:
                    self.findings[f"{prim.GetPath()}: its prototype {prototype.root} holds itself: left out"] = None
                    instancer.branches[k] = None
                elif prototype.root not in self._whole:
                    self.cut_circles(prototype, [*within, prototype.root])
                    self._whole.add(prototype.root)

    def _prototype(self, prim: Usd.Prim, target: Sdf.Path) -> Branch | None:
        root = self._stage.GetPrimAtPath(target)
        if not root:
            self.findings[f"{prim.GetPath()}: its prototype {target} does not exist"] = None
            return None
        if target not in self._prototypes:
            self._prototypes[target] = self._walker.prototype(root)
            self.add(self._prototypes[target])
        return self._prototypes[target]


def _composition(stage: Usd.Stage) -> list[str]:
    """What USD could not compose: references, payloads and sublayers that are missing, broken or circular."""
    # Errors come in the order of USD's threads, and name the session layer by its address.
    prims: dict[str, set[Sdf.Path]] = {}
    for error in stage.GetCompositionErrors():
        without_session = re.sub(r"(,@anon:0x[0-9a-f]+:[^@]*@)|(@anon:0x[0-9a-f]+:[^@]*@,)", "", str(error))
        prims.setdefault(" ".join(without_session.split()), set()).add(error.rootSite.path)
    return sorted(f"{first_of(sorted(paths))}: {text}" for text, paths in prims.items())
