"""Reading a page back, as a browser would, with what Python has."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "input", "br", "hr", "img", "link", "wbr"}
SVG_SHAPES = {"line", "circle", "rect", "path"}


class Page(HTMLParser):
    """Elements with their attributes, the text, and whether tags close properly."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.errors: list[str] = []
        self.feed(text)
        self.close()
        self.errors += [f"never closed: {tag}" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"closed out of order: {tag} at {self.getpos()}")

    def handle_data(self, data):
        self.texts.append((tuple(self.open), data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def visible(self) -> str:
        shown = [t for path, t in self.texts if not {"script", "style"} & set(path)]
        return " ".join(" ".join(shown).split())


def leadership_of(page: str) -> str:
    """Return the page up to the appendix."""
    head, found, _ = page.partition('<section class="appendix"')
    assert found
    return head
