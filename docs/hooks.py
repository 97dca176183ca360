"""What the site needs beyond mkdocs: files outside docs/ that pages link to come along, and a pattern in the nav stands for its pages.

On GitHub a page links to ``../CONTRIBUTING.md`` or ``../eswarn/pipeline.py``. The site has no such place, so each file that is linked
to is copied into ``repository/``, Markdown as a page and all else as plain text, and the link is turned to the copy. A link to what does
not exist is left as it is, and mkdocs refuses it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

LINK = re.compile(r"(\]\()([^)\s#:]+)(#[^)\s]*)?(?=\))")
COPIES = "repository/"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of a pattern into the nav, in the order of their names."""
    config.nav = _spelt_out(config.nav, Path(config.docs_dir)) if config.nav else config.nav
    return config


def _spelt_out(entry: Any, docs: Path) -> Any:
    if isinstance(entry, dict):
        return {title: _spelt_out(inner, docs) for title, inner in entry.items()}
    if isinstance(entry, list):
        return [page for inner in entry for page in (_matching(inner, docs) if isinstance(inner, str) else [_spelt_out(inner, docs)])]
    return entry


def _matching(entry: str, docs: Path) -> list[str]:
    return sorted(path.relative_to(docs).as_posix() for path in docs.glob(entry)) if "*" in entry else [entry]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files outside docs/ that pages link to, and those that added pages link to."""
    root = Path(config.config_file_path).parent
    waiting = [file for file in files if file.is_documentation_page()]
    while waiting:
        page = waiting.pop()
        for _, target in _outside(page.content_string, page.src_uri, root):
            if files.get_file_from_path(_copied(target)) is None:
                copy = File.generated(config, _copied(target), abs_src_path=str(root / target))
                files.append(copy)
                waiting += [copy] if copy.is_documentation_page() else []
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001, mkdocs passes all
    """Turn links that leave docs/ to the copies, and those of the copies back to the pages."""
    root, here = Path(config.config_file_path).parent, page.file.src_uri

    def turned(found: re.Match[str]) -> str:
        target = _target(found[2], here, root)
        to = "" if target is None else target.removeprefix("docs/") if target.startswith("docs/") else _copied(target)
        return f"{found[1]}{posixpath.relpath(to, posixpath.dirname(here) or '.')}{found[3] or ''}" if to else found[0]

    return LINK.sub(turned, markdown)


def _outside(text: str, here: str, root: Path) -> Iterable[tuple[str, str]]:
    """Links of a page to files of the repository outside docs/: as written, and from the top of the repository."""
    told = ((found[2], _target(found[2], here, root)) for found in LINK.finditer(text))
    return [(link, target) for link, target in told if target is not None and not target.startswith("docs/")]


def _target(link: str, here: str, root: Path) -> str | None:
    """The file that a link leads to, from the top of the repository; None where there is none inside it."""
    at = here.removeprefix(COPIES) if here.startswith(COPIES) else f"docs/{here}"
    target = posixpath.normpath(posixpath.join(posixpath.dirname(at), link))
    return target if not target.startswith(("..", "/")) and (root / target).is_file() else None


def _copied(target: str) -> str:
    """Where a file of the repository lies in the site; what is no page is shown as text and not run or fetched."""
    plain = PurePosixPath(target).suffix not in {".md", ".png", ".svg"}
    return f"{COPIES}{target}{'.txt' if plain else ''}"
