"""Looks at the page of a plan in a browser.

usage: plan.py PAGE EXPECTED

EXPECTED is a JSON file: `steps` (titles), `accounts` (names, in the order of the page), `ticks` (how many boxes there are).
"""

import json
import sys
from pathlib import Path

from checks import PAPERS, clean, equal, fits, is_quiet, is_sealed, printed
from driver import Browser, Tab


def texts(tab, selector):
    return tab.value(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.innerText.trim())")


def says_everything(tab, wanted):
    equal(texts(tab, ".steps h2"), wanted["steps"], "steps")
    equal(texts(tab, ".names"), [clean(name) for name in wanted["accounts"]], "accounts")
    equal(tab.value("document.querySelectorAll('input[type=checkbox]').length"), wanted["ticks"], "boxes")
    equal(tab.value("document.querySelectorAll('script, img, a, [style], [onclick]').length"), 0, "what has no place here")


def can_be_ticked(tab):
    tab.click(".accounts label")
    equal(tab.value("document.querySelectorAll('input:checked').length"), 1, "ticks")


def main(page, expected):
    wanted = json.loads(Path(expected).read_text())
    with Browser() as browser:
        for options in [{}, {"scripts": False}, {"width": 360, "height": 780, "touch": True}, {"dark": True}]:
            with Tab(browser, page, **options) as tab:
                if options.get("scripts", True):
                    says_everything(tab, wanted)
                    fits(tab)
                    can_be_ticked(tab)
                    is_quiet(tab)
        with Tab(browser, page) as tab:
            for size in PAPERS.values():
                pages = printed(tab, size)
                text = "\n".join(page.text for page in pages)
                for step in wanted["steps"]:
                    assert " ".join(step.split()) in " ".join(text.split()), f"{step!r} is not printed"
                assert 2 <= len(pages) <= 9, f"{len(pages)} pages"
                equal([page.codes for page in pages], [[] for _ in pages], "QR codes in a plan")
            is_sealed(tab)


main(*sys.argv[1:])
