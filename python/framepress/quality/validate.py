"""All rules of a profile over a dataset: its editions' files, its images, its frames, its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from framepress.dataset.index import Index
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.state import state_of
from framepress.errors import InputError, JournalError, LabelError
from framepress.formats import by_name
from framepress.quality.columns import Columns
from framepress.quality.export.export import export_of
from framepress.quality.findings import Findings
from framepress.quality.frames import UNREADABLE, check_frames, rules_for_frames
from framepress.quality.images.pictures import Picture, Pictures, pictures
from framepress.quality.issue import ERROR, Issue, at_least, inside
from framepress.quality.look import Bare, ImageFile, Look, look_of
from framepress.quality.profile import Chosen, Profile
from framepress.quality.rule import EXPORT, FILE, IMAGE, IMAGES, INDEX
from framepress.quality.sample import sampled

__all__ = ["Edition", "Validation", "validate"]

_PIXELS = frozenset({"instance", "semantic", "depth", "range"})

_NO_PICTURE = ("FILE-003", "FILE-004")
"""Told of a file, there is nothing to decode: links out, pipes, folders, empty files, git-lfs pointers."""

Progress = Callable[[str, int, int], None]
"""Called with what is being looked at, how many of it are done, and how many there are (0 = not known)."""


@dataclass(frozen=True)
class Edition:
    """One format's files in the dataset; `prefix` is its folder there, with a slash behind it, "" at the root."""

    format: str
    root: Path
    look: Look | None
    prefix: str = ""

    def placed(self, issues: Iterable[Issue]) -> Iterator[Issue]:
        """With the names of files relative to the dataset, not to the edition."""
        for issue in issues:
            named = {of: self.prefix + name for of in ("file", "image") if self.prefix and (name := getattr(issue, of))}
            message = inside(issue.message, self.root)
            yield replace(issue, message=message, **named) if named or message != issue.message else issue

    def images(self) -> list[ImageFile]:
        """Every image once, by its name in the dataset."""
        found = [] if self.look is None else self.look.images()
        return [replace(image, name=self.prefix + image.name, edition=self.format) for image in found]


@dataclass
class Validation:
    """What was looked at and what was found.

    Args:
        source: as it was opened; None where that failed.
        checked: what -> how many: files, images, frames, objects.
        ran: the codes of the rules that looked at something.
        left_out: what the profile or a sample left out, as sentences.
    """

    path: Path
    profile: Profile
    editions: tuple[Edition, ...]
    findings: Findings = field(default_factory=Findings)
    source: Dataset | None = None
    columns: Columns | None = None
    pictures: Pictures | None = None
    checked: dict[str, int] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing was found that the profile fails on."""
        return not any(
            count and at_least(self.findings.severities[code], self.profile.fail_on)
            for code, count in self.findings.counts.items()
        )

    def take(self, chosen: Chosen, issues: Iterable[Issue], edition: Edition | None = None) -> None:
        """Add what a rule found; in the files of an edition, where it looked at those."""
        self.ran.add(chosen.rule.code)
        if edition is None:
            self.findings.add(chosen.rule.code, chosen.severity, issues)
        else:
            self.findings.add(chosen.rule.code, chosen.severity, edition.placed(issues), edition.format)


def validate(
    path: Path | str,
    profile: Profile,
    *,
    format: str | None = None,
    sample: int | None = None,
    workers: int | None = None,
    on_progress: Progress = lambda what, done, of: None,
) -> Validation:
    """Run a profile's rules over a dataset: ours with all its editions, a foreign one, a raw capture.

    Args:
        format: of a foreign dataset, or one of our editions; None finds out, and takes all editions.
        sample: how many frames have their pixels looked at; the same ones each time. None: all.
        workers: threads that decode; None for one a core.

    Raises:
        InputError: nothing is there, or nothing that a format knows.
        OptionError: the format is unknown.
    """
    path = Path(path)
    result = Validation(path, profile, ())
    try:
        source = open_dataset(path, format)
    except JournalError as error:
        _unreadable(result, str(error))
        return result
    result.source = source
    result.editions = tuple(_editions(source, path, format, result))
    for edition in result.editions:
        _check_files(result, edition)
    result.columns = _columns(result, source)
    if result.columns is not None:
        result.checked.update(frames=result.columns.frames.rows, objects=result.columns.objects.rows)
        for chosen in profile.chosen(INDEX):
            result.take(chosen, chosen.rule(result.columns, **chosen.thresholds))
    if not profile.pixels:
        result.left_out.append("pixels: no image was decoded, no channels were compared")
        return result
    chosen_frames = _sample(result, sample)
    for edition in result.editions:
        _check_whole_files(result, edition, chosen_frames)
    _check_images(result, chosen_frames, workers, on_progress)
    if source.format.carries & _PIXELS:
        result.ran.update(chosen.rule.code for rules in rules_for_frames(profile) for chosen in rules)
        check_frames(source, path, profile, result.findings, chosen_frames, workers, on_progress)
    _check_exports(result, source)
    return result


def _editions(source: Dataset, path: Path, format: str | None, result: Validation) -> list[Edition]:
    """All formats that a dataset of ours has, or the one that was asked for or found."""
    if source.job is None or format is not None:
        roots = {source.format.name: source.path}
    else:
        roots = {name: path / source.job.prefix(name) for name in source.job.formats}
    found = []
    for name, root in roots.items():
        make = look_of(name)
        look: Look | None = None
        try:
            if not root.exists():
                raise InputError(
                    f"{root} is missing: all files of the dataset's {name} edition; restore them from a copy"
                )
            look = None if make is None else make(root)
        except InputError as error:
            _unreadable(result, str(error), name)
            look = Bare(root) if root.is_dir() else None
        prefix = root.relative_to(path).as_posix() + "/" if root != path else ""
        found.append(Edition(name, root, look, prefix))
    return found


def _check_files(result: Validation, edition: Edition) -> None:
    if edition.look is None:
        return
    for chosen in result.profile.chosen(FILE):
        if _suits(chosen, edition) and not chosen.rule.decodes:
            result.take(chosen, chosen.rule(edition.look, **chosen.thresholds), edition)


def _check_whole_files(result: Validation, edition: Edition, frames: frozenset[str] | None) -> None:
    if edition.look is None:
        return
    for chosen in result.profile.chosen(FILE):
        if _suits(chosen, edition) and chosen.rule.decodes:
            result.take(chosen, chosen.rule(edition.look, frames, **chosen.thresholds), edition)


def _suits(chosen: Chosen, edition: Edition) -> bool:
    """Of what could not be taken in, the files alone are looked at."""
    return chosen.rule.is_for(edition.format) and not (chosen.rule.format and isinstance(edition.look, Bare))


def _columns(result: Validation, source: Dataset) -> Columns | None:
    """Of a dataset of ours from its journal, of a foreign one from the look; else by reading it."""
    looks = [edition.look for edition in result.editions if edition.look is not None]
    if source.job is None and looks:
        return looks[0].columns()
    if source.job is None and look_of(source.format.name) is not None:
        return None  # it has one, which could not be had: that is told already
    try:
        return Index.of(source)
    except (InputError, LabelError) as error:
        _unreadable(result, str(error))
        return None


def _sample(result: Validation, count: int | None) -> frozenset[str] | None:
    """None: all."""
    if count is None or result.columns is None or count >= result.columns.frames.rows:
        return None
    result.left_out.append(f"pixels: of {count} frames of {result.columns.frames.rows} only (a sample)")
    return sampled(result.columns.frames.texts("id"), count)


def _check_images(
    result: Validation, frames: frozenset[str] | None, workers: int | None, on_progress: Progress
) -> None:
    of_edition = [edition.images() for edition in result.editions]
    told = {finding.issue.file for code in _NO_PICTURE for finding in result.findings.of(code)}
    images = _once(
        [
            [found for found in one if found.name not in told and (frames is None or found.frame in frames)]
            for one in of_edition
        ]
    )
    of_image = result.profile.chosen(IMAGE)

    def checked() -> Iterator[Picture]:
        for done, picture in enumerate(pictures(images, workers=workers), start=1):
            for chosen in of_image:
                result.take(chosen, chosen.rule(picture, **chosen.thresholds))
            yield picture
            on_progress("images", done, len(images))

    result.pictures = Pictures.of(checked())
    result.checked["images"] = len(images)
    for chosen in result.profile.chosen(IMAGES):
        result.take(chosen, chosen.rule(result.pictures, **chosen.thresholds))


def _check_exports(result: Validation, source: Dataset) -> None:
    """Each edition of a dataset of ours, as its reader reads it, beside the journal."""
    rules = result.profile.chosen(EXPORT)
    if source.job is None or not isinstance(result.columns, Index) or not rules:
        return
    if _is_open(source):
        result.left_out.append("the editions beside the journal: the dataset is not finished")
        return
    for edition in result.editions:
        if by_name(edition.format).read is None or edition.look is None or isinstance(edition.look, Bare):
            continue
        try:
            export = export_of(result.path, source.job, source, result.columns, edition.format)
            for chosen in rules:
                result.take(chosen, chosen.rule(export, **chosen.thresholds))
        except (InputError, LabelError) as error:
            _unreadable(result, str(error), edition.format)


def _is_open(source: Dataset) -> bool:
    try:
        state = state_of(source)
    except InputError:
        return True  # nobody can tell; GEN-010 has told why
    return state is not None and state.state == "open"


def _once(editions: Sequence[Sequence[ImageFile]]) -> list[ImageFile]:
    """Without the files that an edition before has too; two names of one file in one edition are two pictures."""
    seen: set[tuple[int, int] | str] = set()
    kept: list[ImageFile] = []
    for images in editions:
        of_edition = [(_identity(image), image) for image in images]
        kept += [image for identity, image in of_edition if identity not in seen]
        seen.update(identity for identity, _ in of_edition)
    return kept


def _identity(image: ImageFile) -> tuple[int, int] | str:
    try:
        found = image.path.stat()
    except OSError:
        return image.name  # the picture itself tells what is wrong
    return found.st_dev, found.st_ino


def _unreadable(result: Validation, message: str, edition: str = "") -> None:
    result.findings.add(UNREADABLE, ERROR, [Issue(message=inside(message, result.path))], edition)
