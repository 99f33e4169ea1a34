"""Opens an encrypted export with other people's cryptography, and prints its accounts as JSON.

usage: open.py FORMAT FILE PASSWORD-FILE

It shares nothing with otpferry: what it knows of each format stands here a second time. It reads
only what the test writes. `open.py --missing FORMAT` prints the packages that are not installed.
"""

import base64
import hashlib
import importlib.util
import io
import json
import struct
import sys
import zipfile
from urllib.parse import parse_qs, unquote, urlsplit

NEEDED = {
    "2fas": ["cryptography"], "aegis": ["cryptography"], "andotp": ["cryptography"],
    "authenticator-ext": ["argon2", "cryptography"], "bitwarden": ["cryptography"],
    "ente": ["argon2", "nacl"],
    "freeotp": ["cryptography"], "keepass": ["pykeepass"], "proton": ["argon2", "cryptography"],
    "pskc": ["cryptography", "pskc"], "raivo": ["pyzipper"],
    "stratum": ["argon2", "cryptography"], "winauth": [],
}


def gcm(key: bytes, nonce: bytes, sealed: bytes, associated: bytes | None = None) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    return AESGCM(key).decrypt(nonce, sealed, associated)


def argon2id(password: bytes, salt: bytes, passes: int, kib: int, lanes: int) -> bytes:
    from argon2.low_level import Type, hash_secret_raw
    return hash_secret_raw(password, salt, passes, kib, lanes, 32, Type.ID)


def account(kind: str, issuer: str, name: str, secret: str, algorithm: str, digits, period, counter) -> dict:
    is_hotp = kind.lower() == "hotp"
    return {"kind": kind.lower(), "issuer": issuer, "account": name, "secret": secret.rstrip("="),
            "algorithm": algorithm, "digits": int(digits), "period": None if is_hotp else int(period),
            "counter": int(counter) if is_hotp else None}


def link(uri: str) -> dict:
    parts = urlsplit(uri)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    label = unquote(parts.path[1:])
    return account(parts.netloc, query.get("issuer", ""), label.split(":", 1)[-1], query["secret"],
                   query.get("algorithm", "SHA1"), query.get("digits", 6), query.get("period", 30), query.get("counter"))


def aegis(data: bytes, password: bytes) -> list[dict]:
    file = json.loads(data)
    [slot] = file["header"]["slots"]
    key = hashlib.scrypt(password, salt=bytes.fromhex(slot["salt"]), n=slot["n"], r=slot["r"], p=slot["p"], dklen=32, maxmem=2 ** 28)

    def unwrap(key: bytes, sealed: bytes, params: dict) -> bytes:
        return gcm(key, bytes.fromhex(params["nonce"]), sealed + bytes.fromhex(params["tag"]))
    master = unwrap(key, bytes.fromhex(slot["key"]), slot["key_params"])
    content = json.loads(unwrap(master, base64.b64decode(file["db"]), file["header"]["params"]))
    return [account(entry["type"], entry["issuer"], entry["name"], entry["info"]["secret"], entry["info"]["algo"],
                    entry["info"]["digits"], entry["info"].get("period"), entry["info"].get("counter"))
            for entry in content["entries"]]


def two_fas(data: bytes, password: bytes) -> list[dict]:
    sealed, salt, nonce = map(base64.b64decode, json.loads(data)["servicesEncrypted"].split(":"))
    services = json.loads(gcm(hashlib.pbkdf2_hmac("sha256", password, salt, 10_000, 32), nonce, sealed))
    return [account(otp["tokenType"], otp.get("issuer") or "", otp["account"], service["secret"], otp["algorithm"],
                    otp["digits"], otp.get("period"), otp.get("counter"))
            for service in services for otp in [service["otp"]]]


def andotp(data: bytes, password: bytes) -> list[dict]:
    rounds, salt, nonce = int.from_bytes(data[:4], "big"), data[4:16], data[16:28]
    assert 140_000 <= rounds <= 160_000, "the app's own range"
    entries = json.loads(gcm(hashlib.pbkdf2_hmac("sha1", password, salt, rounds, 32), nonce, data[28:]))
    return [account(entry["type"], entry["issuer"], entry["label"], entry["secret"], entry["algorithm"],
                    entry["digits"], entry.get("period"), entry.get("counter")) for entry in entries]


def authenticator_ext(data: bytes, password: bytes) -> list[dict]:
    from argon2.low_level import Type, hash_secret_raw, verify_secret
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    file = json.loads(data)
    [key] = [item for item in file.values() if item["dataType"] == "Key"]
    assert key["version"] == 3 and file[key["id"]] is key and len(key["salt"]) == 32
    raw = hash_secret_raw(password, key["salt"].encode(), 2, 19_456, 1, 32, Type.ID)
    phrase = base64.b64encode(raw).rstrip(b"=")
    assert verify_secret(key["hash"].encode(), phrase, Type.ID)

    def opened(text: str) -> dict:
        sealed = base64.b64decode(text)
        assert sealed[:8] == b"Salted__"
        blocks = block = b""
        while len(blocks) < 48:
            block = hashlib.md5(block + phrase + sealed[8:16]).digest()
            blocks += block
        decryptor = Cipher(algorithms.AES(blocks[:32]), modes.CBC(blocks[32:48])).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        return json.loads(unpadder.update(decryptor.update(sealed[16:]) + decryptor.finalize()) + unpadder.finalize())
    accounts = []
    for id, item in file.items():
        if item is not key:
            entry = opened(item["data"])
            assert item["keyId"] == entry["keyId"] == key["id"] and id == entry["hash"] and entry["encrypted"] is True
            accounts.append(account(entry["type"], entry["issuer"], entry["account"], entry["secret"], entry.get("algorithm", "SHA1"),
                                    entry.get("digits", 6), entry.get("period", 30), entry.get("counter")))
    return accounts


def bitwarden(data: bytes, password: bytes) -> list[dict]:
    from cryptography.hazmat.primitives import hashes, hmac, padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
    file = json.loads(data)
    assert file["encrypted"] is True and file["passwordProtected"] is True
    if file["kdfType"] == 1:
        key = Argon2id(salt=hashlib.sha256(file["salt"].encode()).digest(), length=32, iterations=file["kdfIterations"],
                       lanes=file["kdfParallelism"], memory_cost=file["kdfMemory"] * 1024).derive(password)
    else:
        assert file["kdfType"] == 0 and file["kdfMemory"] is None and file["kdfParallelism"] is None
        key = hashlib.pbkdf2_hmac("sha256", password, file["salt"].encode(), file["kdfIterations"], 32)

    def opened(text: str) -> bytes:
        kind, parts = text.split(".")
        iv, content, signature = map(base64.b64decode, parts.split("|"))
        assert kind == "2"
        signer = hmac.HMAC(HKDFExpand(hashes.SHA256(), 32, b"mac").derive(key), hashes.SHA256())
        signer.update(iv + content)
        signer.verify(signature)
        decryptor = Cipher(algorithms.AES(HKDFExpand(hashes.SHA256(), 32, b"enc").derive(key)), modes.CBC(iv)).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        return unpadder.update(decryptor.update(content) + decryptor.finalize()) + unpadder.finalize()
    assert len(opened(file["encKeyValidation_DO_NOT_EDIT"])) == 36
    items = json.loads(opened(file["data"]))["items"]
    assert all(item["type"] == 1 and item["login"]["username"] for item in items)
    return [link(item["login"]["totp"]) for item in items]


def ente(data: bytes, password: bytes) -> list[dict]:
    from nacl import bindings as sodium
    file = json.loads(data)
    costs = file["kdfParams"]
    key = argon2id(password, base64.b64decode(costs["salt"]), costs["opsLimit"], costs["memLimit"] // 1024, 1)
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, base64.b64decode(file["encryptionNonce"]), key)
    text, _ = sodium.crypto_secretstream_xchacha20poly1305_pull(state, base64.b64decode(file["encryptedData"]))
    return [link(line) for line in text.decode().splitlines() if line]


def proton(data: bytes, password: bytes) -> list[dict]:
    file = json.loads(data)
    key = argon2id(password, base64.b64decode(file["salt"]), 2, 19_456, 1)
    box = base64.b64decode(file["content"])
    entries = json.loads(gcm(key, box[:12], box[12:], b"proton.authenticator.export.v1"))["entries"]
    # The name of an entry is that of its account; the link has the issuer.
    return [link(entry["content"]["uri"]) | {"account": entry["content"]["name"]} for entry in entries]


def pskc(data: bytes, password: bytes) -> list[dict]:
    from pskc import PSKC
    file = PSKC(io.BytesIO(data))
    assert file.version == "1.0"
    if password:
        assert file.encryption.is_encrypted and file.encryption.derivation.pbkdf2_iterations >= 100_000
        file.encryption.derive_key(password)
    accounts = []
    for key in file.keys:
        # Reading a value checks its MAC.
        secret, name = base64.b32encode(key.secret).decode(), key.friendly_name.split(":", 1)[1]
        assert key.id == key.serial and key.userid == "CN=" + name and key.check() and key.policy.may_use("OTP")
        accounts.append(account(key.algorithm.rsplit(":", 1)[1], key.issuer, name, secret, (key.algorithm_suite or "sha1").upper(),
                                key.response_length, key.time_interval, key.counter))
    return accounts


def raivo(data: bytes, password: bytes) -> list[dict]:
    import pyzipper
    with pyzipper.AESZipFile(io.BytesIO(data)) as archive:
        entries = json.loads(archive.read("raivo-otp-export.json", password))
    return [account(entry["kind"], entry["issuer"], entry["account"], entry["secret"], entry["algorithm"],
                    entry["digits"], entry["timer"], entry["counter"]) for entry in entries]


def stratum(data: bytes, password: bytes) -> list[dict]:
    assert data[:16] == b"AUTHENTICATORPRO"
    content = json.loads(gcm(argon2id(password, data[16:32], 3, 65_536, 4), data[32:44], data[44:]))
    kinds, hashes = {1: "hotp", 2: "totp"}, ["SHA1", "SHA256", "SHA512"]
    return [account(kinds[entry["Type"]], entry["Issuer"], entry["Username"] or "", entry["Secret"], hashes[entry["Algorithm"]],
                    entry["Digits"], entry["Period"], entry["Counter"]) for entry in content["Authenticators"]]


def java_map(data: bytes) -> dict[str, str]:
    """A HashMap of short ASCII texts (Java Object Serialization Specification, chapter 6)."""
    head = (b"\xac\xed\0\5sr\0\x11java.util.HashMap\5\7\xda\xc1\xc3\x16`\xd1\3\0\2F\0\x0aloadFactorI\0\x09threshold"
            b"xp\x3f\x40\0\0")
    assert data.startswith(head)
    rest = io.BytesIO(data[len(head):])
    threshold, block, capacity, size = struct.unpack(">I2sII", rest.read(14))
    assert block == b"w\x08" and threshold == capacity * 3 // 4 and size <= threshold

    def text() -> str:
        assert rest.read(1) == b"t"
        return rest.read(int.from_bytes(rest.read(2), "big")).decode("ascii")
    entries = {text(): text() for _ in range(size)}
    assert rest.read() == b"x" and len(entries) == size
    return entries


def freeotp(data: bytes, password: bytes) -> list[dict]:
    def signed(numbers: list[int]) -> bytes:
        return bytes(number & 0xFF for number in numbers)

    def unwrap(key: bytes, wrapped: dict) -> bytes:
        parameters = signed(wrapped["mParameters"])
        assert parameters[:4] == b"\x30\x11\x04\x0c" and parameters[16:] == b"\x02\x01\x10"
        assert wrapped["mCipher"] == "AES/GCM/NoPadding"
        return gcm(key, parameters[4:16], signed(wrapped["mCipherText"]), wrapped["mToken"].encode())
    values = java_map(data)
    master = json.loads(values.pop("masterKey"))
    assert master["mAlgorithm"] == "PBKDF2withHmacSHA512"
    salt = signed(master["mSalt"])
    key = unwrap(hashlib.pbkdf2_hmac("sha512", password, salt, master["mIterations"], len(salt)), master["mEncryptedKey"])
    accounts = []
    for uuid in [name for name in values if not name.endswith("-token")]:
        token = json.loads(values[uuid + "-token"])
        wrapped = json.loads(json.loads(values[uuid])["key"])
        assert wrapped["mToken"] == "Hmac" + token["algo"]
        accounts.append(account(token["type"], token["issuerExt"], token["label"], base64.b32encode(unwrap(key, wrapped)).decode(),
                                token["algo"], token["digits"], token["period"], token.get("counter")))
    return accounts


def keepass(data: bytes, password: bytes) -> list[dict]:
    from pykeepass import PyKeePass
    database = PyKeePass(io.BytesIO(data), password=password.decode())
    assert database.version == (4, 0) and database.kdf_algorithm == "argon2id" and database.encryption_algorithm == "aes256"
    assert database.root_group.name == "Root"
    accounts = []
    for entry in database.entries:
        fields = entry.custom_properties
        secret = fields.get("TimeOtp-Secret-Base32") or fields["HmacOtp-Secret-Base32"]
        if "HmacOtp-Counter" in fields:
            read = account("hotp", entry.title, entry.username, secret, "SHA1", 6, None, fields["HmacOtp-Counter"])
        else:
            algorithm = fields["TimeOtp-Algorithm"].replace("HMAC-", "").replace("-", "")
            read = account("totp", entry.title, entry.username, secret, algorithm, fields["TimeOtp-Length"], fields["TimeOtp-Period"], None)
            # Both ways say the same.
            assert read == link(entry.otp), entry.title
        assert all(entry.is_custom_property_protected(key) for key in fields if key == "otp" or "Secret" in key)
        accounts.append(read)
    return accounts


def winauth(data: bytes, password: bytes) -> list[dict]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        [name] = archive.namelist()
        text = archive.read(name, password).decode()
    return [link(line) for line in text.splitlines()]


READERS = {"2fas": two_fas, "aegis": aegis, "andotp": andotp, "authenticator-ext": authenticator_ext, "bitwarden": bitwarden, "ente": ente, "freeotp": freeotp, "keepass": keepass, "proton": proton, "pskc": pskc,
           "raivo": raivo, "stratum": stratum, "winauth": winauth}


def main(arguments: list[str]) -> None:
    if arguments[0] == "--missing":
        print(" ".join(name for name in NEEDED[arguments[1]] if importlib.util.find_spec(name) is None))
        return
    format_id, file, password_file = arguments
    with open(file, "rb") as data, open(password_file, "rb") as password:
        accounts = READERS[format_id](data.read(), password.read().rstrip(b"\n"))
    json.dump(accounts, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
