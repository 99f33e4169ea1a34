"""`python paper.py FILE.pdf` prints as JSON what each page of a document shows, lengths in millimetres; without a file it
prints what this machine lacks for that: nothing when all is there.
"""

import json
import sys

import checks

if len(sys.argv) == 1:
    print(", ".join(checks.packages_missing()))
else:
    with open(sys.argv[1], "rb") as document:
        print(json.dumps([
            {"size": page.size, "text": page.text, "codes": [code._asdict() for code in page.codes]}
            for page in checks.pages(document.read())
        ]))
