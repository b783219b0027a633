"""A file system of Apache Beam for tests, `far://`: a folder of this machine that no path leads to.

As of an object store, what is asked of it comes as URLs. The folder is named by the environment variable FAR, so that
worker processes, which import this by `--beam_plugin tests.far_files`, know it too.
"""

import os
from pathlib import Path

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem

SCHEME = "far"


def local(url: str) -> str:
    """Where a URL's file really is."""
    assert url.startswith(f"{SCHEME}://"), url
    return os.path.join(os.environ["FAR"], url.removeprefix(f"{SCHEME}://"))


class FarFiles(LocalFileSystem):
    """URLs in, URLs out."""

    @classmethod
    def scheme(cls):
        return SCHEME

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        return tuple(path.rsplit("/", 1))

    def _url_dirname(self, url_or_path):
        return url_or_path.rpartition("/")[0]

    def mkdirs(self, path):
        super().mkdirs(local(path))

    def _list(self, dir_or_prefix):
        root = Path(os.environ["FAR"])
        for path in sorted(Path(local(dir_or_prefix)).rglob("*")):
            if path.is_file():
                yield FileMetadata(f"{SCHEME}://{path.relative_to(root).as_posix()}", path.stat().st_size)

    def create(self, path, *others):
        return super().create(local(path), *others)

    def open(self, path, *others):
        return super().open(local(path), *others)

    def rename(self, source_file_names, destination_file_names):
        super().rename([local(one) for one in source_file_names], [local(one) for one in destination_file_names])

    def exists(self, path):
        return super().exists(local(path))

    def metadata(self, path):
        return FileMetadata(path, os.path.getsize(local(path)))

    def delete(self, paths):
        for path in paths:
            LocalFileSystem({}).delete([local(path)])
