"""Looks at enrolment sheets in a browser, and at a PDF of them.

usage: handout.py PAGE EXPECTED [PDF]

EXPECTED is a JSON file: `paper`, and `sheets` in order, each with `payload`, `key`, `name`, `login` and `serial`.
"""

import json
import sys
from pathlib import Path

from checks import PAPERS, clean, codes_shown, equal, fits, is_quiet, is_sealed, pages, printed
from driver import Browser, Tab

MODULE = 0.7
"""Millimetres of a module that every phone can read."""


def texts(tab, selector):
    return tab.value(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.innerText.trim())")


def says_everything(tab, sheets):
    equal(texts(tab, "h1"), [" ".join(clean(sheet["name"]).split()) for sheet in sheets], "names")
    equal(texts(tab, ".key"), [sheet["key"] for sheet in sheets], "keys")
    equal(tab.value("document.querySelectorAll('script, img, a, [style], [onclick]').length"), 0, "what has no place here")


def compact(text):
    return "".join(text.split())


def is_one_each(found, sheets, size):
    """Each person has one page with one code and one key, all of it large enough and on the paper."""
    equal(len(found), len(sheets), "pages")
    for page, sheet in zip(found, sheets):
        assert all(abs(length - wanted) < 0.5 for length, wanted in zip(page.size, size)), f"paper of {page.size}"
        equal([code.payload for code in page.codes], [sheet["payload"]], "codes of a page")
        code = page.codes[0]
        assert code.module >= MODULE, f"a module of {code.module} mm"
        quiet = 4 * code.module
        assert code.left >= 10 + quiet and code.bottom <= size[1] - 10 - quiet, f"too near to the edge: {code}"
        assert code.top > size[1] / 3, "the code is not in the part that is folded up"
        text = compact(page.text)
        for other in sheets:
            equal(compact(other["key"]) in text, other is sheet, "whose key is on the page")
        assert sheet["serial"] in text, "no serial number"
        assert "Destroyafteruse" in text and "Foldthelowerpart" in text, "the end of the page is missing"


def main(page, expected, document=None):
    wanted = json.loads(Path(expected).read_text())
    sheets, size = wanted["sheets"], PAPERS[wanted["paper"]]
    with Browser() as browser:
        for options in [{}, {"width": 360, "height": 780, "touch": True}, {"dark": True}]:
            with Tab(browser, page, **options) as tab:
                says_everything(tab, sheets)
                fits(tab)
                is_quiet(tab)
                equal([code.payload for code in codes_shown(tab.picture(whole=True))], [sheet["payload"] for sheet in sheets], "codes on a screen")
        with Tab(browser, page) as tab:
            is_one_each(printed(tab, size), sheets, size)
            Path(page).with_suffix(".printed.pdf").write_bytes(tab.paper(*size))
            is_sealed(tab)
    if document:
        is_one_each(pages(Path(document).read_bytes()), sheets, size)


main(*sys.argv[1:])
