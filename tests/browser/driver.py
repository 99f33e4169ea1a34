"""A browser without a window, driven through two pipes: nothing listens on a port, nothing is installed."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
PATIENCE = 60
"""Seconds that one answer may take; a busy machine is slow."""

# What a browser does on its own account, kept from the network and from asking.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
]


def program():
    """The browser of this machine, or None. OTPFERRY_CHROMIUM names it."""
    names = [os.environ["OTPFERRY_CHROMIUM"]] if "OTPFERRY_CHROMIUM" in os.environ else NAMES
    return next(filter(None, map(shutil.which, names)), None)


class Browser:
    """Chromium; a context manager."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="otpferry-browser-", ignore_cleanup_errors=True)
        to_browser, self.write = os.pipe()
        self.read, from_browser = os.pipe()
        self.process = self.start(to_browser, from_browser)
        os.close(to_browser)
        os.close(from_browser)
        self.number = 0
        self.unread = b""
        self.events = []

    def start(self, to_browser, from_browser):
        command = [program(), "--headless=new", "--remote-debugging-pipe", *QUIET]
        command.append(f"--user-data-dir={self.profile.name}")
        if os.getuid() == 0:
            # Chromium refuses to run as root with its sandbox.
            command.append("--no-sandbox")

        def wire():
            # The browser reads from 3 and writes to 4. Both are moved away first: either may be in the other's place.
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            spare = [os.dup(reading), os.dup(writing)]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        # A script of a distribution starts the browser: what is open has to stay open through it.
        return subprocess.Popen(
            [*command, "about:blank"],
            preexec_fn=wire,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (OSError, TimeoutError, RuntimeError):
            self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self.read)
        os.close(self.write)
        self.profile.cleanup()

    def call(self, method, session=None, **params):
        """Asks for something and waits for the answer; what happens meanwhile is kept in `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            else:
                return answer["result"]

    def receive(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.unread:
            if not select.select([self.read], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self.read, 1 << 20)
            if not part:
                raise RuntimeError("the browser has gone")
            self.unread += part
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)


class Tab:
    """A page of a file in a window of a given size, and everything that it asks for or complains about."""

    def __init__(self, browser, path, *, width=1280, height=800, scale=1, dark=False, touch=False, scripts=True, at=None, prelude=""):
        self.browser = browser
        self.url = Path(path).resolve().as_uri()
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"]:
            self.call(f"{domain}.enable")
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": touch}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.call("Emulation.setEmulatedMedia", features=features)
        if touch:
            self.call("Emulation.setTouchEmulationEnabled", enabled=True)
        if not scripts:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        if at is not None:
            prelude += f"Date.now = () => {at * 1000};"
        if prelude:
            self.call("Page.addScriptToEvaluateOnNewDocument", source=prelude)
        self.load()

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def load(self):
        """Loads the page, or loads it again. Returns the milliseconds that it took."""
        start = time.monotonic()
        if self.value("location.protocol") == "file:":
            self.value("window.isOld = true")
            self.call("Page.reload")
        else:
            self.call("Page.navigate", url=self.url)
        self.until("location.protocol === 'file:' && !window.isOld && document.readyState === 'complete'")
        return round(1000 * (time.monotonic() - start))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def value(self, expression):
        """What an expression comes to in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression):
        """Waits until an expression is true, and returns it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if value := self.value(expression):
                    return value
            except RuntimeError:
                # The page went away for the next one while it was asked.
                pass
            time.sleep(0.02)
        raise TimeoutError(f"never true: {expression}")

    def middle(self, selector):
        """Where an element is, as one would point at it."""
        box = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'nearest'}});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] })()"
        )
        return {"x": box[0], "y": box[1]}

    def click(self, selector):
        at = self.middle(selector)
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)

    def tap(self, selector):
        self.swipe(self.middle(selector), 0)

    def swipe(self, start, across):
        """A finger that is put down, moved sideways and lifted."""
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[start])
        if across:
            for part in [0.5, 1]:
                point = {"x": start["x"] + across * part, "y": start["y"]}
                self.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=[point])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def press(self, key):
        """A key, by its name; one character also types itself."""
        code = {"ArrowLeft": 37, "ArrowRight": 39, "Enter": 13, "Escape": 27, "Tab": 9, " ": 32}.get(key, ord(key[0]))
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        shared = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def write(self, text):
        self.call("Input.insertText", text=text)

    def picture(self, whole=False):
        """The window as PNG, or the whole page."""
        params = {"captureBeyondViewport": whole}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            params["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **params)["data"])

    def paper(self, width, height):
        """The printed page as PDF, on paper of this size in millimetres."""
        inch = 25.4
        params = {"paperWidth": width / inch, "paperHeight": height / inch, "preferCSSPageSize": True}
        return base64.b64decode(self.call("Page.printToPDF", **params)["data"])

    def complaints(self):
        """Errors and warnings of the console, forbidden things, and requests for anything but the page."""
        self.value("0")
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            method, params = event["method"], event["params"]
            if method == "Network.requestWillBeSent" and params["request"]["url"].split("#")[0] != self.url:
                found.append(f"asks for {params['request']['url']}")
            elif method == "Log.entryAdded" and params["entry"]["level"] in ["error", "warning"]:
                found.append(params["entry"]["text"])
            elif method == "Runtime.exceptionThrown":
                found.append(json.dumps(params["exceptionDetails"]))
            elif method == "Page.javascriptDialogOpening":
                found.append(f"opens a dialog: {params['message']}")
            elif method == "Runtime.consoleAPICalled":
                found.append(f"writes to the console: {params['type']}")
            elif method == "Audits.issueAdded" and "contentSecurityPolicyIssueDetails" in params["issue"]["details"]:
                found.append(json.dumps(params["issue"]["details"]))
        return found
