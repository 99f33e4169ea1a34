"""Looks at the page of a sheet in a browser.

usage: sheet.py PAGE EXPECTED FOLDER

EXPECTED is a JSON file: `at` (Unix seconds), `cards` (each with `payload`, `several` and `accounts`: `names`, `code` and `next`, `key`,
`period`), `left_out` (names), `paper` (that the page asks for, or null), `pages` (fewest and most of `a4` and `letter` paper: fonts
differ). A `payload` that is null may be
any, but the same everywhere. A picture of each card is put into FOLDER, and what its QR code says into `payloads.json` beside it.
"""

import json
import sys
import time
from itertools import combinations
from pathlib import Path

from checks import PAPERS, clean, codes_shown, count_of, equal, fits, is_quiet, is_sealed, printed
from driver import Browser, Tab

NARROWEST = 0.7
"""Millimetres of a module that a phone needs."""
GAP = 40
"""Millimetres between codes on paper, so that a phone sees one at a time."""
START = "All accounts"
"""What the page says of its place at the start."""
UNITS = [("h", 3600), ("min", 60), ("s", 1)]


class Sheet:
    def __init__(self, page, expected, folder):
        self.page = page
        self.folder = Path(folder)
        wanted = json.loads(Path(expected).read_text())
        keys = ("at", "cards", "left_out", "paper", "pages")
        self.at, self.cards, self.left_out, self.paper, self.pages = (wanted[key] for key in keys)
        self.total = len(self.cards)

    def tab(self, browser, **options):
        return Tab(browser, self.page, at=self.at, **options)


def titles(account):
    issuer, name = map(clean, account["names"])
    if not issuer and not name:
        return ["An account without a name", ""]
    return [issuer, name] if issuer else [name, ""]


def text_of(tab, selector):
    return tab.value(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")


def place(tab):
    """Where the page is, and how much is ticked."""
    return [text.rstrip(" ▾") for text in text_of(tab, "#place, #ticked")]


def arrives(tab, wanted):
    """A touch is dealt with a little later than it is made; on a busy machine, much later."""
    end = time.monotonic() + 5
    while place(tab)[0] != wanted and time.monotonic() < end:
        time.sleep(0.02)
    equal(place(tab)[0], wanted, "place")


def shows_its_code(tab, card):
    tab.until("[...document.querySelectorAll('.now .code')].every((e) => e.textContent)")
    wanted = [account["code"] for account in card["accounts"] if account["code"]]
    equal(text_of(tab, ".now .code"), wanted, "codes")
    without = [account for account in card["accounts"] if not account["code"]]
    reasons = text_of(tab, ".now .none")
    equal(len(reasons), len(without), "codes that cannot be worked out")
    assert all("Compare with the old phone." in reason for reason in reasons), reasons


def shows_its_names(tab, card):
    if len(card["accounts"]) == 1 and not card["several"]:
        equal(text_of(tab, ".now h2, .now .user"), titles(card["accounts"][0]), "names")
    else:
        wanted = [" ".join(titles(account)) for account in card["accounts"]]
        equal(text_of(tab, ".now .held .line"), wanted, "names")


def every_card_on_a_phone(browser, sheet):
    """Each QR code is read from the screen, beside the right names and the code of this moment."""
    with sheet.tab(browser, width=360, height=740, scale=2, touch=True) as tab:
        equal(place(tab), [START, "0 ticked"], "start")
        fits(tab)
        for number, card in enumerate(sheet.cards, 1):
            tab.tap("#next")
            equal(place(tab), [f"{number} of {sheet.total}", "0 ticked"], "place")
            equal(tab.value("document.querySelectorAll('.slide:not(.now)').length"), sheet.total + 1, "other slides")
            shows_its_names(tab, card)
            shows_its_code(tab, card)
            fits(tab)
            picture = tab.picture()
            [code] = codes_shown(picture)
            card["payload"] = card["payload"] or code.payload
            equal(code.payload, card["payload"], "QR code on the screen")
            (sheet.folder / f"{number:03}.png").write_bytes(picture)
        tab.tap("#next")
        equal(place(tab)[0], "End", "end")
        equal(text_of(tab, "#end .left-out b"), sheet.left_out, "left out")
        equal(len(text_of(tab, "#open .entries li")), sheet.total, "not ticked")
        fits(tab)
        payloads = [card["payload"] for card in sheet.cards]
        sheet.folder.with_name("payloads.json").write_text(json.dumps(payloads))
        equal(tab.value("document.querySelectorAll('main img, main script, main b[onmouseover]').length"), 0, "markup in names")
        is_quiet(tab)


def other_screens(browser, sheet):
    """The codes are read on a desk, in the dark, and on the smallest phone."""
    for options in [{}, {"dark": True}, {"width": 320, "height": 640, "scale": 2}]:
        with sheet.tab(browser, **options) as tab:
            for card in sheet.cards:
                tab.press("ArrowRight")
                fits(tab)
                equal([code.payload for code in codes_shown(tab.picture())], [card["payload"]], f"QR code, {options}")
            is_quiet(tab)


def ways_to_move(browser, sheet):
    first, second = (f"{number} of {sheet.total}" for number in (1, 2))
    with sheet.tab(browser) as tab:
        for step, wanted in [
            (lambda: tab.press("ArrowLeft"), START),
            (lambda: tab.press("ArrowRight"), first),
            (lambda: tab.press(" "), second),
            (lambda: tab.press("ArrowLeft"), first),
            (lambda: tab.click("#next"), second),
            (lambda: tab.click("#back"), first),
        ]:
            step()
            arrives(tab, wanted)
        is_quiet(tab)
    with sheet.tab(browser, width=390, height=844, touch=True) as tab:
        middle = {"x": 200, "y": 400}
        for step, wanted in [
            (lambda: tab.tap("#next"), first),
            (lambda: tab.swipe(middle, -150), second),
            (lambda: tab.swipe(middle, 150), first),
            (lambda: tab.swipe(middle, -20), first),
            (lambda: tab.tap("#back"), START),
        ]:
            step()
            arrives(tab, wanted)
        is_quiet(tab)


def ticks(browser, sheet):
    """They count, outlive a reload, and are not taken over by another sheet."""
    with sheet.tab(browser) as tab:
        tab.click("#next")
        tab.click(".now .tick")
        tab.click("#next")
        wanted = [f"2 of {sheet.total}", "1 ticked"]
        equal(place(tab), wanted, "one tick")
        tab.load()
        equal(place(tab), wanted, "after a reload")
        for _ in sheet.cards:
            tab.press("ArrowRight")
        equal(len(text_of(tab, "#open .entries li")), sheet.total - 1, "not ticked")
        tab.value("location.hash = '#00000000.1.3'")
        tab.load()
        equal(place(tab), [START, "0 ticked"], "marks of another sheet")
        equal(tab.value("[localStorage.length, sessionStorage.length, document.cookie].join()"), "0,0,", "what is stored")
        is_quiet(tab)


def the_list(browser, sheet):
    """Finds a card by its name."""
    wanted = sheet.total - 1
    name = titles(sheet.cards[wanted]["accounts"][-1])[0]
    with sheet.tab(browser) as tab:
        tab.click("#where")
        equal(len(text_of(tab, "#found li")), sheet.total, "entries")
        tab.press("ArrowRight")
        tab.write(name.upper())
        numbers = text_of(tab, "#found li span:first-child")
        assert str(wanted + 1) in numbers, f"{name} is not found"
        tab.press("Escape")
        equal(place(tab)[0], START, "place after leaving the list")
        tab.click("#where")
        tab.write(name)
        tab.click(f"#found [data-go='{wanted + 1}']")
        equal(place(tab)[0], f"{wanted + 1} of {sheet.total}", "place")
        is_quiet(tab)


def the_key(browser, sheet):
    """Is hidden until it is asked for."""
    with sheet.tab(browser) as tab:
        tab.click("#next")
        is_open = "document.querySelector('.now .typed').checkVisibility()"
        equal(tab.value(is_open), False, "key")
        tab.click(".now .disclosure")
        equal(tab.value(is_open), True, "key after a click")
        keys = [account["key"] for account in sheet.cards[0]["accounts"]]
        equal(text_of(tab, ".now .key"), keys, "key")
        tab.press(" ")
        equal(tab.value(is_open), False, "key after the space bar")
        equal(place(tab)[0], f"1 of {sheet.total}", "place after the space bar")


def codes_go_on(browser, sheet):
    """The next code comes when the old one ends, and the time that is left is told."""
    shown = [index for index, card in enumerate(sheet.cards) if not card["several"] and card["accounts"][0]["period"]]
    with sheet.tab(browser) as tab:
        for index in shown:
            [account] = sheet.cards[index]["accounts"]
            while place(tab)[0] != f"{index + 1} of {sheet.total}":
                tab.press("ArrowRight")
            if not account["code"]:
                continue
            left = account["period"] - sheet.at % account["period"]
            unit, seconds = next((unit, seconds) for unit, seconds in UNITS if left >= 2 * seconds or seconds == 1)
            equal(text_of(tab, ".now .seconds"), [f"{left // seconds} {unit} left"], "time that is left")
            tab.value(f"Date.now = () => {1000 * (sheet.at + left)}")
            if account["next"] != account["code"]:
                tab.until(f"document.querySelector('.now .code').textContent !== '{account['code']}'")
            equal(text_of(tab, ".now .code"), [account["next"]], "next code")
            tab.value(f"Date.now = () => {1000 * sheet.at}")
        is_quiet(tab)
    with sheet.tab(browser, prelude="Object.defineProperty(crypto, 'subtle', { value: undefined });") as tab:
        tab.click("#next")
        if sheet.cards[0]["accounts"][0]["code"]:
            tab.until("document.querySelector('.now .code').textContent.includes('Compare with the old phone.')")


def on_paper(browser, sheet):
    """Every code is on one page with its number, its key and its box, wide and far from the next."""
    payloads = [card["payload"] for card in sheet.cards]
    with sheet.tab(browser) as tab:
        tab.value("window.print = () => { window.isPrinted = true }")
        tab.click("#print")
        equal(tab.value("window.isPrinted"), True, "printing by the button")
        tab.click("#next")
        for name in PAPERS:
            pages = printed(tab, PAPERS[name])
            size = PAPERS[sheet.paper or name]
            equal([code.payload for page in pages for code in page.codes], payloads, f"QR codes on {name} paper")
            cards = iter(enumerate(sheet.cards, 1))
            for page in pages:
                equal(page.text.count("on my new phone"), len(page.codes), f"boxes on a page of {name} paper")
                assert all(abs(found - wanted) < 0.5 for found, wanted in zip(page.size, size)), page.size
                for code, (number, card) in zip(page.codes, cards):
                    assert code.module >= NARROWEST, f"{name}, {number}: a module of {code.module} mm"
                    assert f"{number} of {sheet.total}" in page.text, f"{name}, {number}: the card is split"
                    together = "".join(page.text.split())
                    for account in card["accounts"]:
                        assert "".join(account["key"].split()) in together, f"{name}, {number}: no key"
                        for text in filter(str.isascii, titles(account)):
                            assert "".join(text.split()) in together, f"{name}, {number}: not the whole of {text}"
                for one, other in combinations(page.codes, 2):
                    apart = max(other.top - one.bottom, other.left - one.right, one.left - other.right)
                    assert apart >= GAP, f"{name}: {apart} mm between codes"
            if sheet.left_out:
                assert not pages[-1].codes and all(text in pages[-1].text for text in sheet.left_out), "the last page"
            fewest, most = sheet.pages[name]
            assert fewest <= count_of(pages) <= most, f"{len(pages)} pages of {name} paper"
        is_quiet(tab)


def without_scripts(browser, sheet):
    """All codes and keys are there, one below the other, and no window shows two."""
    with sheet.tab(browser, width=360, height=740, scale=2, scripts=False) as tab:
        fits(tab)
        for index, card in enumerate(sheet.cards):
            tab.value(f"document.querySelectorAll('.qr')[{index}].scrollIntoView({{ block: 'center' }})")
            equal([code.payload for code in codes_shown(tab.picture())], [card["payload"]], "QR codes in the window")
        equal(tab.value("[...document.querySelectorAll('.typed')].every((e) => e.checkVisibility())"), True, "keys")
        equal(tab.value("[...document.querySelectorAll('.scripted')].some((e) => e.checkVisibility())"), False, "dead parts")
        is_quiet(tab)


def its_policy(browser, sheet):
    with sheet.tab(browser) as tab:
        is_sealed(tab)


CHECKS = [
    every_card_on_a_phone, other_screens, ways_to_move, ticks, the_list, the_key, codes_go_on, on_paper, without_scripts, its_policy,
]


def main(page, expected, folder):
    sheet = Sheet(page, expected, folder)
    with Browser() as browser:
        for check in CHECKS:
            try:
                check(browser, sheet)
            except Exception as error:
                error.add_note(f"in {check.__name__}")
                raise


if __name__ == "__main__":
    main(*sys.argv[1:])
