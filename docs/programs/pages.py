"""What MkDocs does beside mkdocs.yml: pages of files that lie elsewhere in the repository, or are no Markdown.

A page links to a file as it lies in the repository, so that the link works there, too; here the file becomes a page.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# Pages of the manual that lie where readers of a repository look for them.
ELSEWHERE = {"security.md": ROOT / "SECURITY.md", "changelog.md": ROOT / "CHANGELOG.md"}
# Where it says what a link is to: not a URL, not an anchor of the page itself.
LINK = re.compile(r"(?<=\]\()[^)#:\s]+(?=[)#])")
LANGUAGES = {".conf": "ini", ".md": "markdown", ".svg": "xml", ".txt": "text", "": "text"}
NOT_SHOWN = {"build", "node_modules", "vendor", "__pycache__"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/, and one for each file that a page links to."""
    for uri, path in ELSEWHERE.items():
        files.append(File.generated(config, uri, content=path.read_text(encoding="utf-8")))
    for page in list(files.documentation_pages()):
        _add_linked(files, config, page.src_uri, page.content_string)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files of the repository into links to their pages."""
    here = page.file.src_uri

    def turned(link: re.Match[str]) -> str:
        target = _target(here, link[0])
        return posixpath.relpath(_uri(target), posixpath.dirname(here) or ".") if target else link[0]

    return LINK.sub(turned, markdown)


def _add_linked(files: Files, config: MkDocsConfig, here: str, text: str) -> None:
    for link in LINK.findall(text):
        target = _target(here, link)
        if target is None or files.get_file_from_path(uri := _uri(target)):
            continue
        content = _listed(target) if target.is_dir() else _shown(target)
        files.append(File.generated(config, uri, content=content))
        _add_linked(files, config, uri, content)


def _target(here: str, link: str) -> Path | None:
    """The file or folder of the repository that a page links to."""
    origin = ELSEWHERE.get(here, DOCS / here)
    if here.startswith("files/"):
        origin = ROOT / here.removeprefix("files/").removesuffix(".md")
    target = (origin.parent / link).resolve()
    return target if target.is_relative_to(ROOT) and target.exists() else None


def _uri(target: Path) -> str:
    """Where in the manual a file is: what is in docs/ and is a page or a picture, where it is there."""
    for uri, path in ELSEWHERE.items():
        if target == path:
            return uri
    if target.is_relative_to(DOCS) and target.suffix in {".md", ".svg"}:
        return target.relative_to(DOCS).as_posix()
    return f"files/{target.relative_to(ROOT).as_posix()}.md"


def _shown(file: Path) -> str:
    """A file as a page. What it holds may have fences of its own."""
    language = LANGUAGES.get(file.suffix, file.suffix.removeprefix("."))
    text = file.read_text(encoding="utf-8").rstrip("\n")
    return f"# {file.relative_to(ROOT).as_posix()}\n\n~~~~~~{language}\n{text}\n~~~~~~\n"


def _listed(folder: Path) -> str:
    """A folder as a page, with links to what is in it."""
    entries = (f"- [{path.name}]({folder.name}/{path.name})" for path in _entries(folder))
    return "\n".join([f"# {folder.relative_to(ROOT).as_posix()}/", "", *entries, ""])


def _entries(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name not in NOT_SHOWN and not path.name.startswith(".") and (path.is_dir() or _is_text(path)):
            yield path


def _is_text(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True
