"""Data sets and records on any file system that Apache Beam knows: `gs://`, `s3://`, `hdfs://`, or a registered one.

The readers take files on a disk. So a data set far away is mirrored by names alone (pictures and `.mat` files empty,
tables whole), which is enough to find its faces, and the files of a face are fetched where it is cut.
"""

from __future__ import annotations

import itertools
import shutil
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from infer.files.atomic import atomic_file
from records.manifest import MANIFEST
from tools.make.staging import check_replaceable
from tools.read.face import Item

WHOLE = (".csv", ".json", ".jsonl", ".pts", ".txt", ".xml", ".zip")  # what finders read; of all else they want the name
AT_ONCE = 16  # files fetched side by side: an object store answers in tens of milliseconds, whatever the size
KIND = "application/octet-stream"
AHEAD = 256  # faces fetched before they are cut


def is_remote(place: str | Path) -> bool:
    """Whether a place is a URL, `scheme://...`, and no path."""
    return "://" in str(place)


def mirror(url: str, folder: Path) -> Path:
    """Makes a data set's local mirror: every file by its name, those of WHOLE with what is in them; its path.

    url: of a folder, or of a file, whose whole folder is then mirrored. It lies in `folder` under `<scheme>/<rest>`, as
    `origin_of` needs it. Raises FileNotFoundError where nothing is there, ValueError for an unknown scheme.
    """
    url, found = url.rstrip("/"), listed(f"{url.rstrip('/')}/**")
    if not found and listed(url):
        found = listed(f"{url.rpartition('/')[0]}/**")
    if not found:
        raise FileNotFoundError(f"{url}: found nothing there, expected a data set")
    whole = [one for one in found if one.lower().endswith(WHOLE)]
    for one in set(found) - set(whole):
        path = _mirrored(one, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda one: fetch(one, _mirrored(one, folder)), whole))
    return _mirrored(url, folder)


def _mirrored(url: str, folder: Path) -> Path:
    scheme, _, rest = url.partition("://")
    return folder / scheme / rest


def origin_of(path: Path, folder: Path) -> str:
    """The URL of a file in a mirror."""
    scheme, *rest = path.relative_to(folder).parts
    return f"{scheme}://{'/'.join(rest)}"


def fetched(items: Iterable[Item], mirrors: Path, folder: Path) -> Iterator[Item]:
    """The items with the files that their reader opens fetched into a folder; those outside the mirrors as they are.

    A file that is not there stays missing: the reader names it.
    """
    items = iter(items)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while chunk := list(itertools.islice(items, AHEAD)):
            yield from threads.map(lambda item: _fetched(item, mirrors, folder), chunk)


def _fetched(item: Item, mirrors: Path, folder: Path) -> Item:
    if not item.picture.is_relative_to(mirrors):
        return item
    for file in files_of(item):
        fetch(origin_of(file, mirrors), folder / file.relative_to(mirrors))
    picture, annotation = (folder / file.relative_to(mirrors) for file in (item.picture, item.annotation))
    return replace(item, picture=picture, annotation=annotation)


def files_of(item: Item) -> set[Path]:
    """The files that the item's reader opens: none for what a table's row holds already."""
    if item.data is not None:
        return {item.picture} - {item.annotation}
    files = {item.picture, item.annotation}
    return files | {item.picture.with_suffix(".mat")} if item.annotation.suffix == ".mat" else files  # with the pose


def fetch(url: str, path: Path) -> None:
    """Copies a file here, whole or not at all; nothing for one that is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() or not FileSystems.exists(url):
        return
    with FileSystems.open(url, KIND, CompressionTypes.UNCOMPRESSED) as source, atomic_file(path) as target:
        shutil.copyfileobj(source, target)


def upload(path: Path, place: str) -> None:
    """Copies a file to a place, a path or a URL, under a temporary name first: it appears there whole or not at all."""
    # its own name each time: a runner may do a task twice, and both may be at it at once
    partial = f"{place}.{uuid.uuid4().hex}.partial"
    with path.open("rb") as source, FileSystems.create(partial, KIND, CompressionTypes.UNCOMPRESSED) as target:
        shutil.copyfileobj(source, target)
    FileSystems.rename([partial], [place])


def read_bytes(place: str) -> bytes:
    """What is in a file at a place, a path or a URL."""
    with FileSystems.open(place, KIND, CompressionTypes.UNCOMPRESSED) as file:
        return file.read()


def listed(pattern: str) -> list[str]:
    """The files that a pattern finds; ValueError for a scheme without a file system."""
    try:
        return [file.path for file in FileSystems.match([pattern])[0].metadata_list]
    except (ValueError, BeamIOError) as error:  # BeamIOError is an OSError whose text runs over several lines
        said = str(error).strip().splitlines()[0]
        raise ValueError(f"{pattern.removesuffix('/**')}: found no way there ({said})") from None


def delete(place: str) -> None:
    """Removes a folder and all in it, if it is there."""
    found = listed(f"{place}/**")
    if found:
        FileSystems.delete(found)
    if FileSystems.exists(place):  # where there are folders besides their files
        FileSystems.delete([place])


class RemoteStaging:
    """An unfinished set beside its place on another file system, as `tools.make.staging.Staging` is one on a disk."""

    def __init__(self, out: str):
        self.out, self.root = out.rstrip("/"), out.rstrip("/") + ".partial"
        self.set = f"{self.root}/set"

    def check(self, overwrite: bool) -> None:
        """Raises ValueError where something lies at the set's place that may not be replaced."""
        found = listed(f"{self.out}/**")
        if found:
            check_replaceable(self.out, f"{self.out}/{MANIFEST}" in found, overwrite)

    def start(self) -> None:
        """Removes what an earlier run left."""
        delete(self.root)

    def remove(self) -> None:
        """Removes the folder and all in it."""
        delete(self.root)

    def publish(self) -> None:
        """Moves the finished set to its place, over an older one; the manifest last: without it there is no set."""
        if f"{self.out}/{MANIFEST}" in listed(f"{self.out}/*"):
            FileSystems.delete([f"{self.out}/{MANIFEST}"])
        delete(self.out)
        if not FileSystems.exists(self.out):
            FileSystems.mkdirs(self.out)
        found = listed(f"{self.set}/*.tfrecords")
        FileSystems.rename(found, [f"{self.out}/{path.rpartition('/')[2]}" for path in found])
        FileSystems.rename([f"{self.root}/{MANIFEST}"], [f"{self.out}/{MANIFEST}"])
        self.remove()
