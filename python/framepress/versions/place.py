"""What a dataset folder knows of its versions: `.framepress/versions/`.

folder.json       {"schema": "framepress.versions", "version": 1, "store": path, "line": name, "base": sha256 or null};
                  `store` is relative to `.framepress/versions/` where it lies inside, else absolute; `base` is the
                  commit that the folder was last equal to
seen.msgpack      what the files were when they were last read (`seen`)
committing.json   the commit that the folder is about to become (`committing`)
taking_back.json  the version that the folder is on its way to (`take_back`)
store/            the store, where the dataset keeps its own
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from framepress.errors import InputError, OptionError
from framepress.storage.durable import sync_file
from framepress.storage.output import OWN, refused
from framepress.versions.refs import LINE, check_name

__all__ = ["INSIDE", "Place", "write_whole"]

INSIDE = f"{OWN}versions/"
_FILE = "folder.json"
_DOCUMENT = {"schema": "framepress.versions", "version": 1}
_OWN_STORE = "store"


@dataclass(frozen=True)
class Place:
    """Where a dataset folder stands.

    Args:
        dataset: the folder, absolute.
        store: the folder of its store.
        base: the commit that the folder was last equal to; None before the first.
    """

    dataset: Path
    store: Path
    line: str = LINE
    base: str | None = None

    @property
    def own(self) -> Path:
        return self.dataset / INSIDE

    @classmethod
    def new(cls, dataset: Path, store: Path | None, line: str = LINE) -> Place:
        dataset = dataset.resolve()
        return cls(dataset, dataset / INSIDE / _OWN_STORE if store is None else store.resolve(), line)

    @classmethod
    def of(cls, dataset: Path) -> Place | None:
        """None where no versions are kept of it.

        Raises:
            InputError: the file is damaged.
        """
        dataset = dataset.resolve()
        where = dataset / INSIDE / _FILE
        try:
            found = json.loads(where.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(
                f"{where}: cannot be read: {error}; delete it and run `framepress version init`"
            ) from error
        try:
            if {key: found.get(key) for key in _DOCUMENT} != _DOCUMENT:
                raise ValueError(f"schema {found.get('schema')!r}, version {found.get('version')!r}")
            store, line, base = found["store"], found["line"], found["base"]
            if not isinstance(store, str) or not store or ".." in Path(store).parts or "\0" in store:
                raise ValueError(f"store is {store!r:.200}")
            if base is not None and not (isinstance(base, str) and re.fullmatch("[0-9a-f]{64}", base)):
                raise ValueError(f"base is {base!r:.200}, no sha256")
            return cls(dataset, dataset / INSIDE / store, check_name(line), base)
        except (ValueError, TypeError, KeyError, AttributeError, OptionError) as error:
            raise InputError(
                f"{where}: is not what this framepress writes: {error}; delete it and run `framepress version init`"
            ) from error

    def at(self, base: str | None) -> Place:
        """The folder is now equal to another commit; written down.

        Raises:
            OutputError: the disk refused.
        """
        moved = replace(self, base=base)
        moved.write()
        return moved

    def write(self) -> None:
        inside = self.store.is_relative_to(self.own)
        store = self.store.relative_to(self.own).as_posix() if inside else str(self.store)
        document = {**_DOCUMENT, "store": store, "line": self.line, "base": self.base}
        write_whole(self.own / _FILE, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def write_whole(path: Path, content: bytes, *, lasting: bool = True) -> None:
    """A small file of our own, whole or as it was before.

    Args:
        lasting: so after a power cut too.

    Raises:
        OutputError: the disk refused.
    """
    temp = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            temp.unlink()
        with temp.open("xb") as stream:
            stream.write(content)
            if lasting:
                stream.flush()
                sync_file(stream.fileno())
        os.replace(temp, path)
    except OSError as error:
        with suppress(OSError):
            temp.unlink()
        raise refused(path, "written", error) from error
