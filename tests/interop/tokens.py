"""What programs for tokens make of files for servers.

    tokens.py liboath FILE USER CODE...   how often liboath lets a user in, code by code
    tokens.py yubikit FILE                the links of a file as ykman reads them
"""

import ctypes
import ctypes.util
import json
import sys


def liboath(file: str, user: str, codes: list[str]) -> list[bool]:
    library = ctypes.CDLL(ctypes.util.find_library("oath"))
    library.oath_init()
    last = ctypes.c_long()

    def is_let_in(code: str) -> bool:
        # The file, the user, the code, a window of one step to either side, no PIN.
        answer = library.oath_authenticate_usersfile(file.encode(), user.encode(), code.encode(), 1, None, ctypes.byref(last))
        return answer == 0

    return [is_let_in(code) for code in codes]


def yubikit(file: str) -> list[dict]:
    import base64

    from yubikit.oath import CredentialData

    def credential(link: str) -> dict:
        read = CredentialData.parse_uri(link)
        return {"issuer": read.issuer, "account": read.name, "kind": read.oath_type.name.lower(),
                "secret": base64.b32encode(read.secret).decode().rstrip("="), "algorithm": read.hash_algorithm.name,
                "digits": read.digits, "period": read.period}

    return [credential(line) for line in open(file, encoding="utf-8").read().splitlines()]


if __name__ == "__main__":
    what, path, *more = sys.argv[1:]
    print(json.dumps(liboath(path, more[0], more[1:]) if what == "liboath" else yubikit(path)))
