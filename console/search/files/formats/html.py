"""Pages of the web: the words, a line for each block; tags, scripts and styles are no text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

from console.search.files.decoding import decoded
from console.search.files.formats.sections import Job, Section, counted, tidy

_BLOCKS = (
    "address,article,aside,blockquote,br,caption,dd,details,div,dl,dt,fieldset,figcaption,figure,footer,form,h1,h2,h3,h4,"
    "h5,h6,header,hr,legend,li,main,nav,ol,option,p,pre,section,summary,table,title,tr,ul"
)
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "pre", "title"}
_LINE, _CELL = "\ufdd0", "\ufdd1"
"""Stand for the end of a line and of a cell until white space is joined; they are no characters of any text."""
_HEAD = re.compile(
    rb"^[\s\xef\xbb\xbf]*(<\?xml[^>]*>\s*)?(<!--.{0,500}?-->\s*)?<(!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]+)|^\s*<\?xml[^>]{0,80}encoding=[\"']([\w.-]+)",
    re.IGNORECASE,
)


def looks_like_html(content: bytes) -> bool:
    """Whether a file that calls itself text is a page of the web."""
    return _HEAD.match(content[:2_000]) is not None


def declared_charset(content: bytes) -> str:
    """The encoding that a page names in its head; "" when it names none."""
    found = _CHARSET.search(content[:4_096])
    return (found[1] or found[2]).decode("ascii") if found else ""


def parsed(content: bytes) -> LexborHTMLParser:
    """A page of the web. Raises Refused: it is no text."""
    return LexborHTMLParser(decoded(content, declared_charset(content)))


def read_html(job: Job) -> Iterator[Section]:
    """All of a page as one section."""
    page = parsed(job.content)
    say_embedded(job, page)
    if pictures := len(page.css("img:not([alt]),svg,canvas")):
        job.lost(f"{counted(pictures, 'picture')} left out")
    yield Section(html_text(page))


def say_embedded(job: Job, page: LexborHTMLParser, place: int | None = None) -> None:
    """Say what a page shows of other files."""
    for thing, names in {"embedded page": "iframe,frame,object,embed", "recording": "audio,video"}.items():
        if number := len(page.css(names)):
            job.lost(f"{counted(number, thing)} left out", place)


def html_text(page: LexborHTMLParser) -> str:
    """The words of a page; changes it."""
    for node in page.css("script,style,template,noscript"):
        node.decompose()
    for node in page.css("img[alt],input[value]"):
        node.insert_after(f" {node.attributes.get('alt') or node.attributes.get('value') or ''} ")
    for node in page.css(_BLOCKS):
        end = _LINE * 2 if node.tag in _PARAGRAPHS else _LINE
        node.insert_before(end)
        node.insert_after(end)
    for node in page.css("td,th"):
        node.insert_after(_CELL)
    root = page.root
    words = re.sub(r"\s+", " ", root.text(deep=True) if root else "")
    return tidy(re.sub(rf" ?([{_LINE}{_CELL}]) ?", lambda end: "\n" if end[1] == _LINE else "\t", words))
