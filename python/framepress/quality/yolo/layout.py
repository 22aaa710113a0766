"""Which images a data.yaml names, split by split, and where each one's labels are expected.

Nothing is opened but lists. As in `formats.yolo_read`, `../` in front is taken for the folder itself where that is what
exists, and so is `data/`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.formats.yolo_names import label_path
from framepress.quality.issue import Issue
from framepress.quality.yolo.document import Document, Scalar, shown
from framepress.quality.yolo.tree import ASTRAY, FILE, FOLDER, Tree

__all__ = ["IMAGES", "Layout", "laid_out"]

IMAGES = frozenset(".avif .bmp .dng .heic .heif .jp2 .jpeg .jpg .mpo .png .tif .tiff .webp".split())
"""What Ultralytics takes for an image."""
_SPLITS = ("train", "val", "test")
_LARGEST = 64 << 20
_MOST_TOLD = 20


@dataclass(frozen=True, eq=False)
class Layout:
    """Paths relative to the dataset.

    Args:
        splits: name -> images, each image in one; "" where there are no splits.
        labels: the label files that are there, each once, in the order of the images.
        label_of: of each image, in the order of the splits: its label file's number, -1 where there is none.
        orphans: label files that no image leads to.
        missing: images that lists name and that are not there, or are there twice.
        astray: splits that lead to no images.
        machine: entries that other machines, or other folders, take for something else.
        unread: what could not be looked at.
    """

    tree: Tree
    prefix: str
    splits: Mapping[str, list[str]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    label_of: list[int] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    missing: list[Issue] = field(default_factory=list)
    astray: list[Issue] = field(default_factory=list)
    machine: list[Issue] = field(default_factory=list)
    unread: list[Issue] = field(default_factory=list)

    @property
    def images(self) -> list[str]:
        return [image for listed in self.splits.values() for image in listed]


def laid_out(root: Path, said: Document) -> Layout:
    """Find the images and label files of a set.

    Args:
        root: the folder of the data.yaml.
    """
    tree = Tree(root)
    found = _Finder(tree, said, _prefix(tree, said))
    splits = found.splits()
    images = [image for listed in splits.values() for image in listed]
    expected = [label_path(image) for image in images]
    labels = {path: number for number, path in enumerate(_there(tree, expected, found.unread))}
    orphans = _orphans(tree, set(expected))
    for folder, reason in sorted(tree.unlisted.items()):
        found.unread.append(Issue(message=f"the folder cannot be listed: {reason}", file=folder))
    return Layout(
        tree,
        found.prefix,
        splits,
        list(labels),
        [labels.get(path, -1) for path in expected],
        orphans,
        found.missing,
        found.astray,
        found.machine,
        found.unread,
    )


def _prefix(tree: Tree, said: Document) -> str:
    """The folder below `root` that paths start from: `path` is believed where it leads inside."""
    stated = said.path.text if said.path is not None else ""
    plain = PurePosixPath(stated)
    if not stated or plain.is_absolute() or ".." in plain.parts or str(plain) == ".":
        return ""
    return str(plain) if tree.kind(str(plain)) == FOLDER else ""


class _Finder:
    """Follows the entries of the splits."""

    def __init__(self, tree: Tree, said: Document, prefix: str) -> None:
        self.tree, self.said, self.prefix = tree, said, prefix
        self.missing: list[Issue] = []
        self.astray: list[Issue] = []
        self.machine: list[Issue] = []
        self.unread: list[Issue] = []

    def splits(self) -> dict[str, list[str]]:
        """As `yolo_read` names them: one that repeats another counts once, and a single one has no name."""
        listed = {key: self._images(key, items) for key, items in self.said.splits.items()}
        if not self.said.splits:
            listed = {key: self._folder(f"images/{key}") for key in _SPLITS if self.tree.kind(f"images/{key}")}
        listed = {key: images for key, images in listed.items() if images}
        kept: dict[str, list[str]] = {}
        for key, images in listed.items():
            if images not in kept.values():
                kept[key] = images
        known: dict[str, str] = {}
        splits = {}
        for key, images in kept.items():
            shared = [image for image in images if image in known]
            for image in shared[:_MOST_TOLD]:
                more = f" ({len(shared)} images are in two splits)" if len(shared) > 1 else ""
                words = f"the image is in {known[image]} and in {key}{more}"
                self.missing.append(Issue(message=words, file=image, place=key, image=image))
            own = [image for image in images if image not in known]
            known.update(dict.fromkeys(own, key))
            if own:
                splits[key] = own
        return {"": next(iter(splits.values()))} if len(splits) == 1 and len(listed) > 1 else splits

    def _images(self, key: str, items: list[Scalar]) -> list[str]:
        found: list[str] = []
        for item in items:
            found += self._entry(key, item)
        return list(dict.fromkeys(found))

    def _entry(self, key: str, item: Scalar) -> list[str]:
        own = key in _SPLITS  # another key may be a split, or anything else
        at = Issue(message="", file=self.said.name, line=item.line, place=key)
        place, words = self._resolved(item.text)
        if place is None or (kind := self.tree.kind(place)) is None:
            if own:
                self.astray.append(_with(at, f"{key} is {shown(item.text)}, {words or 'which is not there'}"))
            return []
        if kind == ASTRAY:
            if own:
                self.unread.append(_with(at, f"{shown(item.text)} is a link, which is not followed; put a copy there"))
            return []
        if kind == FOLDER:
            images = self._folder(place)
        elif PurePosixPath(place).suffix.lower() == ".txt" and (own or _suffix(place) in IMAGES):
            images = self._list(key, place)
        elif _suffix(place) in IMAGES:
            images = [place]
        else:
            images = []
        if words and (own or images):
            self.machine.append(_with(at, f"{key} is {shown(item.text)}, {words}"))
        if not images and own:
            self.astray.append(_with(at, f"{key} is {shown(item.text)}, where no image is"))
        return images

    def _resolved(self, text: str, folder: str | None = None) -> tuple[str | None, str]:
        """Where it leads, None for outside; and what is wrong with saying it so."""
        base = self.prefix if folder is None else folder
        words = ""
        if "\\" in text or "\0" in text:
            return None, "with a backslash, which only Windows takes for a folder" if "\\" in text else "with a NUL"
        if text.startswith("/") or text[1:3] == ":/":
            words = "an absolute path, which is another on another machine"
            inside = Path(text)
            root = self.tree.root.absolute()
            if not inside.is_relative_to(root):
                return None, "an absolute path outside of the dataset"
            base, text = "", inside.relative_to(root).as_posix()
        plain = PurePosixPath(text.removeprefix("../"))
        if ".." in plain.parts:
            return None, "which leads out of the dataset"
        for relative in (str(plain), str(plain).removeprefix("data/")):
            place = str(PurePosixPath(base) / relative)
            if self.tree.kind(place) is not None:
                return ("" if place == "." else place), words
        return str(PurePosixPath(base) / plain), words

    def _folder(self, folder: str) -> list[str]:
        found, linked = [], []
        for path in self.tree.files(folder):
            kind = self.tree.kind(path)
            if kind == FILE and _suffix(path) in IMAGES:
                found.append(path)
            elif kind == ASTRAY:
                linked.append(path)
        self.unread += [
            Issue(message="is a link that leads out of the dataset, to a folder, or nowhere; or a pipe", file=path)
            for path in linked
        ]
        return found

    def _list(self, key: str, place: str) -> list[str]:
        """The images of a list, one path a line, in its order."""
        try:
            with open_file(self.tree.root / place) as stream:
                content = stream.read(_LARGEST + 1)
        except InputError as error:
            self.unread.append(Issue(message=str(error).partition(": ")[2], file=place))
            return []
        if len(content) > _LARGEST:
            self.unread.append(Issue(message=f"the list has more than {_LARGEST} bytes", file=place))
            return []
        found: list[str] = []
        elsewhere: list[tuple[int, str]] = []
        seen: dict[str, int] = {}
        for line, text in enumerate(content.decode("utf-8-sig", "surrogateescape").splitlines(), 1):
            text = text.strip()
            if not text:
                continue
            elsewhere += [] if text.startswith("./") else [(line, text)]
            image = self._listed(key, text, place, line)
            if image is None:
                continue
            if image in seen:
                words = f"{shown(image)} is in line {seen[image]} already"
                self.missing.append(Issue(message=words, file=place, line=line, place=key, image=image))
            seen.setdefault(image, line)
            found.append(image)
        if elsewhere:
            line, text = elsewhere[0]
            count = f"{len(elsewhere)}, such as {shown(text)}"
            words = f"paths that do not begin with './': {count}; readers start from elsewhere"
            self.machine.append(Issue(message=words, file=place, line=line, place=key))
        return found

    def _listed(self, key: str, text: str, place: str, line: int) -> str | None:
        image, words = None, ""
        folders = [str(PurePosixPath(place).parent), self.prefix] if text.startswith("./") else [self.prefix]
        for folder in folders:
            image, words = self._resolved(text, "" if folder == "." else folder)
            if image is not None and self.tree.kind(image) == FILE and _suffix(image) in IMAGES:
                return image
        kind = None if image is None else self.tree.kind(image)
        if image is None:
            words = f"is {words}" if words.startswith("an") else words
        elif kind == FILE:
            words = "is no image that readers know"
        else:
            words = "is a link out of the dataset" if kind == ASTRAY else "is not there"
        self.missing.append(Issue(message=f"{shown(text)} {words}", file=place, line=line, place=key))
        return None


def _with(at: Issue, message: str) -> Issue:
    return Issue(message=message, file=at.file, line=at.line, place=at.place)


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _there(tree: Tree, expected: list[str], unread: list[Issue]) -> Iterator[str]:
    """Those label files that can be opened."""
    for path in dict.fromkeys(expected):
        kind = tree.kind(path)
        if kind == FILE:
            yield path
        elif kind is not None:
            words = "is a folder, not a label file" if kind == FOLDER else "is a link that is not followed, or a pipe"
            unread.append(Issue(message=words, file=path))


def _orphans(tree: Tree, expected: set[str]) -> list[str]:
    """Files in folders `labels` that belong to no image of the set, nor to one that lies in `images` unlisted."""
    found = []
    for folder in tree.folders_named("labels"):
        for path in tree.files(folder):
            if path.endswith(".txt") and path not in expected and path.rpartition("/")[2] != "classes.txt":
                head, _, tail = f"/{path}".rpartition("/labels/")
                place, _, stem = f"{head}/images/{tail[:-4]}"[1:].rpartition("/")
                if not any(f"{stem}{extension}" in tree.entries(place) for extension in _written(IMAGES)):
                    found.append(path)
    return found


def _written(extensions: frozenset[str]) -> list[str]:
    return sorted(extensions | {extension.upper() for extension in extensions})
