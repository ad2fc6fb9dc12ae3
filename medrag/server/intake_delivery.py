"""Files on their way in: from the body of a request straight to the disk, never whole in memory."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from medrag.errors import LibraryError, TooLarge, UsageError
from medrag.server.intake_job import part_of, sync

MAX_FILES = 1000
"""Files in one upload."""
_FIELD_BYTES = 4096
# Parts of a form: its files, and some fields. Nameless files count as well, which are not kept.
_MAX_PARTS = MAX_FILES + 24
# Bytes gathered before a thread is asked to write them.
_BATCH = 1 << 20


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that came in whole: the name it was sent under, and which part it is."""

    name: str
    number: int
    size: int


class Delivery:
    """The files of one upload, written to a folder that is deleted at the end of the ``with``
    block, unless ``accepted`` was called. Its methods block: call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[Sent] = []
        self._name = ""
        self._size = 0
        self._file: BinaryIO | None = None
        self._accepted = False

    def __enter__(self) -> Delivery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.discard()

    def discard(self) -> None:
        """Delete all of it, unless it was accepted."""
        self._close()
        if not self._accepted:
            shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, name: str) -> None:
        """The next file, by the name it was sent under.

        Raises:
            TooLarge: there are too many.
            LibraryError: it cannot be written.
        """
        if len(self.files) >= MAX_FILES:
            raise TooLarge(f"More than {MAX_FILES} files at once.", "Send them in several uploads.")
        self._name, self._size = name, 0
        try:
            self._file = part_of(self.folder, len(self.files)).open("xb")
        except OSError as error:
            raise _refused(error) from error

    def write(self, data: bytes) -> None:
        """More of that file.

        Raises:
            LibraryError: the disk is full.
        """
        assert self._file is not None
        try:
            self._file.write(data)
        except OSError as error:
            raise _refused(error) from error
        self._size += len(data)

    def end(self) -> None:
        """That file is whole, and on the disk.

        Raises:
            LibraryError: the disk is full.
        """
        assert self._file is not None
        number = len(self.files)
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _refused(error) from error
        finally:
            self._close()
        if not self._name and not self._size:  # a form sent with no file chosen
            part_of(self.folder, number).unlink()
            return
        self.files.append(Sent(self._name, number, self._size))

    def accepted(self) -> None:
        """The folder stays: somebody else has it now."""
        sync(self.folder.parent)
        self._accepted = True

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # what could not be written was told, or is thrown away now
                file.close()


def _refused(error: OSError) -> LibraryError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return LibraryError("The disk has no room for the upload.", "Make room, and try again.")
    return LibraryError(
        f"The upload cannot be written ({error.strerror}).", "Check the library folder's rights."
    )


class Form:
    """A multipart form, read piece by piece: files go to the delivery, short fields to a dict.

    Raises:
        UsageError: the content type is not that of a multipart form.
    """

    def __init__(self, content_type: str, delivery: Delivery) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise UsageError(
                "The upload is no multipart form.",
                "Send the fields collection and files as multipart/form-data.",
            )
        self.fields: dict[str, str] = {}
        self._delivery = delivery
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._field: str | None = None
        self._value = bytearray()
        self._ended = False
        self._parts = 0
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begin,
                    "on_part_data": self._part_data,
                    "on_part_end": self._part_end,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _torn() from error

    def write(self, data: bytes) -> None:
        """The next bytes of the body.

        Raises:
            UsageError: they are no multipart form.
            TooLarge: a field is too long, or there are too many files.
            LibraryError: the disk is full.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _torn() from error

    def finish(self) -> None:
        """There are no more.

        Raises:
            UsageError: the form is not whole.
        """
        if not self._ended:
            raise _torn()

    def _part_begin(self) -> None:
        self._headers.clear()
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise TooLarge(
                f"The form has more than {_MAX_PARTS} parts.", "Send the files in several uploads."
            )

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"name" not in options:
            raise _torn()
        name = options[b"name"].decode("utf-8", "replace")
        if b"filename" in options:
            self._field = None
            self._delivery.begin(options[b"filename"].decode("utf-8", "replace"))
            return
        self._field, self._value = name, bytearray()

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._delivery.write(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > _FIELD_BYTES or len(self.fields) > 16:
            raise TooLarge("A field of the form is too long.", "Send files as files.")

    def _part_end(self) -> None:
        if self._field is None:
            self._delivery.end()
        else:
            self.fields[self._field] = self._value.decode("utf-8", "replace")

    def _end(self) -> None:
        self._ended = True


async def receive(
    headers: Mapping[str, str], body: AsyncIterator[bytes], delivery: Delivery, limit: int
) -> dict[str, str]:
    """Read an upload's body into ``delivery``; the form's other fields come back.

    Raises:
        UsageError: it is no multipart form, or a torn one.
        TooLarge: it has more than ``limit`` bytes.
        LibraryError: the disk is full.
    """
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise _too_large(limit)
    form = Form(headers.get("content-type", ""), delivery)
    waiting, total = bytearray(), 0
    async for piece in body:
        total += len(piece)
        if total > limit:
            raise _too_large(limit)
        waiting += piece
        if len(waiting) >= _BATCH:
            await asyncio.to_thread(form.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(form.write, bytes(waiting))
    form.finish()
    return form.fields


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The upload has more than {limit:,} bytes.", "Send the files in several uploads."
    )


def _torn() -> UsageError:
    return UsageError("The multipart form is damaged or not whole.", "Send it again.")
