"""Reading ``multipart/form-data``: fields as text, files as bytes."""

from __future__ import annotations

import re

import msgspec

from quotah_server.mock.desk import BadRequestError
from quotah_server.mock.exchange import Request

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'[; ]name="([^"]*)"')
_FILE_NAME = re.compile(rb'filename="([^"]*)"')


class Upload(msgspec.Struct, frozen=True):
    """One file of a form."""

    name: str
    data: bytes


class Form(msgspec.Struct):
    """Fields by name (the last one wins) and files in order."""

    fields: dict[str, str]
    files: dict[str, list[Upload]]

    def file(self, name: str) -> Upload:
        """The first file of this name, also as ``name[]``; raises BadRequestError without one."""
        found = self.files.get(name) or self.files.get(f"{name}[]")
        if not found:
            raise BadRequestError(f"{name}: a file is required")
        return found[0]

    def count(self, name: str) -> int:
        """How many files came under this name."""
        return len(self.files.get(name, [])) + len(self.files.get(f"{name}[]", []))


def read_form(request: Request) -> Form:
    """Read a form; raises BadRequestError for what is none."""
    found = _BOUNDARY.search(request.headers.get("content-type", ""))
    if found is None:
        raise BadRequestError("The request is not multipart/form-data")
    form = Form({}, {})
    for part in request.body.split(b"--" + found[1].encode())[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is None:
            raise BadRequestError("A part of the form has no name")
        data = data.removesuffix(b"\r\n")
        key = name[1].decode()
        if file_name := _FILE_NAME.search(head):
            form.files.setdefault(key, []).append(Upload(file_name[1].decode(), data))
        else:
            form.fields[key] = data.decode(errors="replace")
    return form
