"""Writing files whole or not at all.

May import: the standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replacing", "write_whole"]


@contextmanager
def replacing(file: str | os.PathLike[str]) -> Iterator[Path]:
    """A path beside `file` to write to; when the block ends well it takes the place of `file` in one move.

    If the block fails, or the process is killed, `file` is as it was: never half-written.
    Raises the operating system's own kind of OSError, in one sentence, when the place cannot be written to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/notes.txt") as scratch:
    ...         _ = scratch.write_text("whole, or not at all")
    ...     print(Path(f"{folder}/notes.txt").read_text())
    whole, or not at all
    """
    target = Path(file)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield scratch
        os.replace(scratch, target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        # The cause would name the scratch file, which nobody asked for.
        cure = "give a file in a folder that exists and that you may write to"
        raise type(error)(error.errno, f"cannot write {str(file)!r} ({reason}); {cure}") from None
    finally:
        with suppress(OSError):
            scratch.unlink()


def write_whole(file: str | os.PathLike[str], content: bytes | str) -> None:
    """Write `content` to `file`, whole or not at all; text is written as UTF-8.

    Raises OSError (FileNotFoundError, PermissionError, IsADirectoryError, ...) when it cannot be written.

    >>> write_whole("no such folder/file.txt", "hello")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] cannot write 'no such folder/file.txt' (no such file or directory); give a file in \
a folder that exists and that you may write to
    """
    data = content.encode() if isinstance(content, str) else content
    with replacing(file) as scratch, open(scratch, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
