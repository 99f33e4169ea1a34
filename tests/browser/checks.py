"""What holds for every page that otpferry writes, and reading what a page shows.

`python checks.py` prints what this machine lacks for it: nothing when all is there.
"""

import importlib.util
import io
import math
import re
from typing import NamedTuple

import driver

PACKAGES = {"PIL": "pillow", "pypdfium2": "pypdfium2", "zxingcpp": "zxing-cpp"}
INCH = 25.4
PAPERS = {"a4": (210, 297), "letter": (215.9, 279.4)}
DOTS = 200
"""Dots of an inch of paper that is looked at, as a plain scanner has."""


def missing():
    """What has to be installed."""
    browser = [] if driver.program() else ["chromium"]
    return browser + packages_missing()


def packages_missing():
    return [name for module, name in PACKAGES.items() if not importlib.util.find_spec(module)]


def clean(name):
    """A name as it may be shown: what could turn the text around it is replaced."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", name)


def equal(found, wanted, what):
    assert found == wanted, f"{what}:\n  found  {found!r}\n  wanted {wanted!r}"


class Code(NamedTuple):
    """A QR code as zxing-cpp sees it; lengths are in pixels."""

    payload: str
    module: float
    left: float
    top: float
    right: float
    bottom: float


def codes(picture):
    """The QR codes of a picture, from top to bottom."""
    import zxingcpp

    def code(barcode):
        at = barcode.position
        corners = [(p.x, p.y) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)]
        modules = 17 + 4 * int(barcode.extra["Version"])
        sides = [math.dist(corners[index - 1], corners[index]) for index in range(4)]
        across, along = zip(*corners)
        place = (min(across), min(along), max(across), max(along))
        return Code(barcode.bytes.decode(), min(sides) / modules, *place)

    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    return sorted(map(code, found), key=lambda code: code.top)


def codes_shown(png):
    from PIL import Image

    return codes(Image.open(io.BytesIO(png)))


class Paper(NamedTuple):
    """A printed page: its size and its codes in millimetres."""

    size: tuple
    text: str
    codes: list


def printed(tab, size):
    """The pages that come out of a printer with this paper."""
    return pages(tab.paper(*size))


def pages(document):
    """The pages of a PDF."""
    import pypdfium2

    def page(page):
        millimetres = INCH / DOTS
        found = codes(page.render(scale=DOTS / 72).to_pil())
        scaled = [Code(code.payload, *(millimetres * length for length in code[1:])) for code in found]
        text = page.get_textpage().get_text_range().replace("\r\n", "\n")
        return Paper(tuple(round(points / 72 * INCH, 1) for points in page.get_size()), text, scaled)

    with pypdfium2.PdfDocument(document) as opened:
        return [page(each) for each in opened]


def is_quiet(tab):
    """The page asks for nothing, breaks none of its own rules, and complains about nothing."""
    equal(tab.complaints(), [], f"complaints of {tab.url}")


def fits(tab):
    """Nothing has to be moved sideways to be read."""
    width, window = tab.value("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window, f"{width} pixels in a window of {window}"


def is_sealed(tab):
    """The policy of the page holds: it cannot be made to load, send, run or style anything. It complains from here on."""
    attempts = """(async () => {
        const seen = new Set();
        addEventListener('securitypolicyviolation', (event) => seen.add(event.effectiveDirective));
        fetch('https://otpferry.invalid/').catch(() => {});
        const add = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
        add('script', { textContent: 'window.ran = true' });
        add('style', { textContent: 'body { display: none }' });
        add('img', { src: 'https://otpferry.invalid/x.png' });
        add('iframe', { src: 'https://otpferry.invalid/' });
        document.body.setAttribute('style', 'color: red');
        for (let rest = 100; rest && seen.size < 6; rest--) await new Promise((done) => setTimeout(done, 50));
        return [window.ran === true, ...[...seen].sort()];
    })()"""
    wanted = [False, "connect-src", "frame-src", "img-src", "script-src-elem", "style-src-attr", "style-src-elem"]
    equal(tab.value(attempts), wanted, "what the policy forbids")


def count_of(pages):
    """How many pages there are, as each of them says."""
    for number, page in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in page.text, f"page {number} does not say that it is of {len(pages)}"
    return len(pages)


if __name__ == "__main__":
    print(", ".join(missing()))
