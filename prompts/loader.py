"""Finds template files and turns them into templates.

``listwise.j2`` is English; ``listwise.zh.j2`` is the same prompt in Chinese.  A user's own folder is searched first, so
that a file there replaces the package's, or adds to them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields
from pathlib import Path

from .errors import TemplateInvalid, TemplateNotFound, near
from .header import VALUES, Header, split
from .template import Template

PACKAGE = Path(__file__).parent
_FILE = re.compile(r"([a-z0-9][a-z0-9_-]*)(?:\.([a-z]{2,3}))?\.j2")
_NAMING = "a template's file is named like 'listwise.j2' or 'listwise.zh.j2', in small letters."
_LARGEST = 64 * 1024


def names(folder: Path | None = None) -> list[str]:
    """Returns the names of all templates, the package's and those of the user's ``folder``, sorted."""
    return sorted({name for name, _ in _files(folder)})


def languages(name: str, folder: Path | None = None) -> list[str]:
    """Returns the languages in which a template is written, sorted."""
    return sorted(language for found, language in _files(folder) if found == name)


def load(name: str, *, language: str = "en", folder: Path | None = None) -> Template:
    """Reads, checks and compiles one template.

    Args:
        name: E.g. ``listwise``.
        language: E.g. ``en``, ``zh``, ``zh-CN`` (the region is not looked at).
        folder: The user's own templates, searched first.

    Raises:
        TemplateNotFound: If there is none of that name, or none in that language.
        TemplateInvalid: If its file cannot be used; with file and line.
    """
    files = _files(folder)
    wanted = language.replace("_", "-").split("-")[0].lower()
    path = files.get((name, wanted))
    if path is not None:
        return read(path)
    written = languages(name, folder)
    if written:
        raise TemplateNotFound(f"Template {name!r} is not written in {language!r}; there is {', '.join(written)}.")
    known = names(folder)
    raise TemplateNotFound(f"There is no template {name!r}.{near(name, known)} Known: {', '.join(known)}.")


def read(path: Path) -> Template:
    """Reads, checks and compiles the template of one file.

    Raises:
        TemplateInvalid: With file and line.
    """
    from .sandbox import compile_body

    content = _content(path)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TemplateInvalid(f"{path}:{line}: not UTF-8 text.") from error
    header, body = split(text, str(path))
    _check_name(path, header)
    compiled, uses, blocks = compile_body(body, str(path))
    if not blocks:
        raise TemplateInvalid(f"{path}: there is no block, e.g. {{% block user %}} ... {{% endblock %}}.")
    declared = header.needs | header.optional
    for name, line in uses:
        if name not in declared:
            hint = near(name, (*declared, *VALUES)) or " Add it to 'needs'."
            raise TemplateInvalid(f"{path}:{line}: the variable {name!r} is not declared in the front matter.{hint}")
    return Template(
        **{field.name: getattr(header, field.name) for field in fields(header)},
        blocks=blocks,
        digest=hashlib.sha256(content).hexdigest(),
        path=path,
        compiled=compiled,
    )


def paths(folder: Path | None = None) -> list[Path]:
    """Returns the template files of one folder (the package's own where None), sorted.

    Raises:
        TemplateNotFound: If there is no such folder.
    """
    if folder is not None and not folder.is_dir():
        raise TemplateNotFound(f"The folder of templates {folder} does not exist.")
    return sorted((folder or PACKAGE).glob("*.j2"))


def _files(folder: Path | None) -> dict[tuple[str, str], Path]:
    """(name, language) -> file; the user's folder wins."""
    found: dict[tuple[str, str], Path] = {}
    for place in (PACKAGE, folder):
        for path in paths(place) if place else ():
            if match := _FILE.fullmatch(path.name):
                found[match[1], match[2] or "en"] = path
            elif place is folder:
                raise TemplateInvalid(f"{path}: {_NAMING}")
    return found


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise TemplateInvalid(f"{path}: cannot be read: {error.strerror}.") from error
    if len(content) > _LARGEST:
        raise TemplateInvalid(f"{path}: larger than {_LARGEST // 1024} KiB.")
    return content


def _check_name(path: Path, header: Header) -> None:
    match = _FILE.fullmatch(path.name)
    if not match:
        raise TemplateInvalid(f"{path}: {_NAMING}")
    name, language = match[1], match[2] or "en"
    if (header.name, header.language) != (name, language):
        raise TemplateInvalid(
            f"{path}:1: the file's name says {name!r} in {language!r}, "
            f"its front matter {header.name!r} in {header.language!r}."
        )
