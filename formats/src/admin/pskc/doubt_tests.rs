//! Files that can be read in two ways, or in none: what is read is said, or the key is left out.

use super::*;
use crate::error::ErrorKind;
use crate::model::SecretText;
use crate::testing;

/// `12345678901234567890`.
const SECRET: &str = "<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>";
const OTHER: &str = "<Secret><PlainValue>QUJDREVGR0hJSktMTU5PUFFSU1Q=</PlainValue></Secret>";
const EIGHT: &str =
    "<AlgorithmParameters><ResponseFormat Length=\"8\" Encoding=\"DECIMAL\"/></AlgorithmParameters>";
const SIX: &str =
    "<AlgorithmParameters><ResponseFormat Length=\"6\" Encoding=\"DECIMAL\"/></AlgorithmParameters>";

/// What the fixtures are encrypted with.
const KEY: &str = "63616e6172792d70736b632d6b65792d";

fn decode(text: &str, password: &str) -> Result<Vault, Error> {
    let given = [SecretText::new(password)];
    testing::with_ctx(&mut &given[..], |ctx| Pskc.decode(&Input::new(text.as_bytes()), ctx))
}

/// A file with one key, of this kind, with this beside its data and in them.
fn key(kind: &str, before: &str, data: &str) -> String {
    format!(
        "<KeyContainer><KeyPackage><Key Id=\"1\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:{kind}\">{before}\
         <Data>{data}</Data></Key></KeyPackage></KeyContainer>"
    )
}

fn draft(header: &str, data: &str) -> String {
    format!(
        "<KeyContainer>{header}<Device><Key KeyAlgorithm=\"HOTP\" KeyId=\"1\"><Usage><ResponseFormat Length=\"6\"/>\
         </Usage>{data}</Key></Device></KeyContainer>"
    )
}

/// Secret, digits, and period or counter.
type Codes = (Vec<u8>, u8, u64);

/// What was read of the only key, or the reason why it was not; and the codes of what is said about it.
fn read(text: &str) -> (Result<Codes, &'static str>, Vec<String>) {
    let vault = decode(text, "").unwrap();
    let said = vault.warnings.iter().map(|item| item.code.clone()).collect();
    match (vault.accounts.as_slice(), vault.skipped.as_slice()) {
        ([account], []) => {
            let otp = account.otp().unwrap();
            let moving = otp.counter().unwrap_or_else(|| otp.period().unwrap().into());
            (Ok((otp.secret().expose().to_vec(), otp.digits(), moving)), said)
        }
        ([], [skipped]) => (Err(REASONS.into_iter().find(|code| *code == skipped.code).unwrap()), said),
        _ => panic!("more than one key"),
    }
}

/// Reasons to leave a key out.
const REASONS: [&str; 7] = [
    "bad-secret",
    "bad-digits",
    "bad-period",
    "bad-counter",
    "unknown-algorithm",
    "unknown-kind",
    "locked-secret",
];

fn seed() -> Vec<u8> {
    b"12345678901234567890".to_vec()
}

#[test]
fn what_is_written_twice_has_to_be_the_same() {
    let counter = |value: &str| format!("<Counter><PlainValue>{value}</PlainValue></Counter>");
    let interval = |value: &str| format!("<TimeInterval><PlainValue>{value}</PlainValue></TimeInterval>");
    let time = |value: &str| format!("<Time><PlainValue>{value}</PlainValue></Time>");
    let parameters = |content: &str| format!("<AlgorithmParameters>{content}</AlgorithmParameters>");
    for (what, file, wanted) in [
        ("secrets", key("totp", SIX, &format!("{SECRET}{OTHER}")), "bad-secret"),
        ("data", key("totp", SIX, &format!("{SECRET}</Data><Data>{OTHER}")), "bad-secret"),
        (
            "values",
            key("totp", SIX, "<Secret><PlainValue>MTIz</PlainValue><PlainValue>NDU2</PlainValue></Secret>"),
            "bad-secret",
        ),
        (
            "plain and encrypted",
            key("totp", SIX, "<Secret><EncryptedValue/><PlainValue>MTIz</PlainValue></Secret>"),
            "bad-secret",
        ),
        ("parameters", key("totp", &format!("{SIX}{EIGHT}"), SECRET), "bad-digits"),
        (
            "usage",
            key("totp", &format!("{SIX}<Usage><ResponseFormat Length=\"8\"/></Usage>"), SECRET),
            "bad-digits",
        ),
        (
            "formats",
            key("totp", &parameters("<ResponseFormat Length=\"6\"/><ResponseFormat Length=\"8\"/>"), SECRET),
            "bad-digits",
        ),
        (
            "lengths",
            key("totp", &parameters("<ResponseFormat Length=\"6\" x:length=\"8\"/>"), SECRET),
            "bad-digits",
        ),
        (
            "suites",
            key("totp", &parameters("<Suite>sha1</Suite><Suite>sha256</Suite>"), SECRET),
            "unknown-algorithm",
        ),
        (
            "suite and attribute",
            key("totp", &parameters("<Suite hashalgo=\"sha512\">sha256</Suite>"), SECRET),
            "unknown-algorithm",
        ),
        ("counters", key("hotp", SIX, &format!("{SECRET}{}{}", counter("5"), counter("6"))), "bad-counter"),
        ("periods", key("totp", SIX, &format!("{SECRET}{}{}", interval("30"), interval("60"))), "bad-period"),
        ("times", key("totp", SIX, &format!("{SECRET}{}{}", time("0"), time("90"))), "bad-period"),
        ("kinds", key("totp\" KeyAlgorithm=\"HOTP", SIX, SECRET), "unknown-kind"),
        (
            "named and not",
            key(
                "hotp",
                SIX,
                &format!("{SECRET}{}</Data><Data Name=\"COUNTER\"><Value>7</Value>", counter("5")),
            ),
            "bad-counter",
        ),
    ] {
        assert_eq!(read(&file).0, Err(wanted), "{what}");
    }
    let twice = format!("{SECRET}{SECRET}{}{}", counter("5"), counter(" 5\n"));
    let (account, said) = read(&key("hotp", &format!("{EIGHT}{EIGHT}"), &twice));
    assert_eq!((account, said.len()), (Ok((seed(), 8, 5)), 0));
    // Erratum 2759 of RFC 6030: each choice may have parameters of its own.
    let apart = format!("{EIGHT}{}", parameters("<Suite>sha256</Suite>"));
    let vault = decode(&key("totp", &apart, SECRET), "").unwrap();
    let otp = vault.accounts[0].otp().unwrap();
    assert_eq!((otp.digits(), otp.algorithm()), (8, Algorithm::Sha256));
}

#[test]
fn what_decides_codes_counts_only_in_its_place() {
    let format = "<ResponseFormat Length=\"8\"/>";
    for (what, file, wanted) in [
        ("beside the parameters", key("totp", format, SECRET), "bad-digits"),
        ("beside others", key("totp", &format!("{SIX}{format}"), SECRET), "bad-digits"),
        ("in the data", key("totp", SIX, &format!("{SECRET}{format}")), "bad-digits"),
        (
            "a counter in the key",
            key("hotp", "<Counter><PlainValue>5</PlainValue></Counter>", SECRET),
            "bad-counter",
        ),
        ("in the package", key("totp", "", SECRET).replace("<Key ", &format!("{EIGHT}<Key ")), "bad-digits"),
        (
            "a period in a value",
            key("totp", SIX, &format!("{SECRET}<Time><TimeInterval>60</TimeInterval></Time>")),
            "bad-period",
        ),
    ] {
        assert_eq!(read(&file).0, Err(wanted), "{what}");
    }
    let same = key(
        "totp",
        &format!("{EIGHT}<Other>{}</Other>", "<ResponseFormat Encoding=\"DECIMAL\" Length=\"8\"/>"),
        SECRET,
    );
    assert_eq!(read(&same).0, Ok((seed(), 8, 30)));
    // Extensions are of others.
    let foreign = key(
        "totp",
        &format!("{EIGHT}<Extensions>{format}</Extensions>").replace("8\"/></E", "9\"/></E"),
        SECRET,
    );
    assert_eq!(read(&foreign).0, Ok((seed(), 8, 30)));
}

#[test]
fn a_value_without_its_element_is_read_and_said() {
    let direct = |name: &str, value: &str| format!("<{name}>{value}</{name}>");
    let odd = vec!["unusual-shape".to_owned()];
    let totp = |data: &str| read(&key("totp", SIX, &format!("{SECRET}{data}")));
    let hotp = |data: &str| read(&key("hotp", SIX, &format!("{SECRET}{data}")));
    assert_eq!(totp(&direct("TimeInterval", " 60\n")), (Ok((seed(), 6, 60)), odd.clone()));
    assert_eq!(hotp(&direct("Counter", "42")), (Ok((seed(), 6, 42)), odd.clone()));
    let offset = totp(&direct("Time", "90"));
    assert_eq!(offset.1, ["unusual-shape", "time-offset"]);
    assert_eq!(offset.0, Ok((seed(), 6, 30)));
    for (time, period) in [("100", "30"), ("30", "60"), ("noon", "30"), ("-1", "30")] {
        let data = direct("Time", time) + &direct("TimeInterval", period);
        assert_eq!(totp(&data).0, Err("bad-period"), "{time}");
    }
    assert_eq!(totp(&(direct("Time", "-120") + &direct("TimeInterval", "60"))).0, Ok((seed(), 6, 60)));
    let (drift, said) = totp(&direct("TimeDrift", "4"));
    assert_eq!((drift, said), (Ok((seed(), 6, 30)), vec!["left-behind".to_owned()]));
    let secret = direct("Secret", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=");
    assert_eq!(read(&key("totp", SIX, &secret)), (Ok((seed(), 6, 30)), odd));
    for (what, account, wanted) in [
        ("base64", totp(&direct("TimeInterval", "PA==")).0, "bad-period"),
        ("a word", totp(&direct("TimeInterval", "hour")).0, "bad-period"),
        ("a draft's value", totp("<TimeInterval><Value>60</Value></TimeInterval>").0, "bad-period"),
        ("both", totp("<TimeInterval>60<PlainValue>30</PlainValue></TimeInterval>").0, "bad-period"),
        ("in pieces", totp("<TimeInterval><PlainValue>6<b/>0</PlainValue></TimeInterval>").0, "bad-period"),
        ("a counter", hotp("<Counter><Value>5</Value></Counter>").0, "bad-counter"),
        ("hexadecimal", read(&key("totp", SIX, &direct("Secret", "3132333435363738"))).0, "bad-secret"),
        ("base32", read(&key("totp", SIX, &direct("Secret", "GEZDGNBVGY3TQOJQ"))).0, "bad-secret"),
        (
            "a secret in pieces",
            read(&key("totp", SIX, &SECRET.replace("Nzg5", "<b>Nzg5</b>"))).0,
            "bad-secret",
        ),
    ] {
        assert_eq!(account, Err(wanted), "{what}");
    }
}

#[test]
fn nothing_that_may_be_encrypted_is_a_secret() {
    let secret = |value: &str| format!("<Data Name=\"SECRET\"><Value>{value}</Value></Data>");
    let cipher = |name: &str| format!("<EncryptionMethod Algorithm=\"{name}\"/>");
    // 32 bytes, and 20.
    let (blocks, others) = ("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=");
    for (what, header, data, wanted) in [
        (
            "whole blocks",
            cipher("http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
            secret(blocks),
            Err("locked-secret"),
        ),
        (
            "with a vector",
            "<EncryptionMethod Algorithm=\"PBE-3DES112-CBC\"><PBESalt>AAAA</PBESalt>\
          <PBEIterationCount>9</PBEIterationCount></EncryptionMethod>"
                .to_owned(),
            secret(blocks),
            Err("locked-secret"),
        ),
        (
            "an unknown cipher",
            cipher("http://www.w3.org/2009/xmlenc11#aes128-gcm"),
            secret(others),
            Err("locked-secret"),
        ),
        ("no name", "<EncryptionMethod/>".to_owned(), secret(others), Err("locked-secret")),
        (
            "directly",
            cipher("http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
            format!("<Data><Secret>{blocks}</Secret></Data>"),
            Err("locked-secret"),
        ),
        ("none", cipher("NONE"), secret(blocks), Ok(())),
        ("no blocks", cipher("http://www.w3.org/2001/04/xmlenc#aes128-cbc"), secret(others), Ok(())),
    ] {
        assert_eq!(read(&draft(&header, &data)).0.map(|_| ()), wanted, "{what}");
    }
    let method = cipher("http://www.w3.org/2001/04/xmlenc#aes128-cbc");
    for place in ["<Device>", "<Usage>", "<Data Name=\"SECRET\">"] {
        let file = draft("", &secret(others));
        let own = match place {
            "<Usage>" => file.replace(place, &format!("{method}{place}")),
            _ => file.replace(place, &format!("{place}{method}")),
        };
        assert_eq!(read(&own).0, Err("locked-secret"), "{place}");
    }
    let of_secret = key("totp", SIX, &SECRET.replace("<PlainValue>", &format!("{method}<PlainValue>")));
    assert_eq!(read(&of_secret).0, Err("locked-secret"));
    let digest = secret(blocks).replace("</Data>", "<ValueDigest>AAAA</ValueDigest></Data>");
    let error = |header: &str| decode(&draft(header, &digest), "").unwrap_err().kind;
    assert_eq!(error("<EncryptionMethod/>"), ErrorKind::Unsupported);
    let both = format!("{}{}", cipher("NONE"), cipher("http://www.w3.org/2001/04/xmlenc#aes128-cbc"));
    assert_eq!(error(&both), ErrorKind::Malformed);
}

/// Positions and codes of what is said about accounts.
fn said(vault: &Vault) -> Vec<(usize, &str)> {
    vault.warnings.iter().map(|item| (item.index.unwrap(), item.code.as_str())).collect()
}

#[test]
fn what_proves_one_key_proves_no_other() {
    let text = include_str!("../../../../fixtures/pskc/half-proven.pskcxml");
    let vault = decode(text, KEY).unwrap();
    assert_eq!(vault.accounts.len(), 3);
    assert_eq!(said(&vault), [(1, "not-authenticated"), (2, "not-encrypted")]);
}

#[test]
fn a_plain_secret_in_a_file_with_a_key_is_said() {
    let with = |header: &str| {
        let file = key("totp", SIX, SECRET).replace("<KeyPackage>", &format!("{header}<KeyPackage>"));
        read(&file).1
    };
    let of_draft = draft(
        "<EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/>",
        &format!("<Data>{SECRET}</Data>"),
    );
    assert_eq!(with("<EncryptionKey><KeyName>shared</KeyName></EncryptionKey>"), ["not-encrypted"]);
    assert_eq!(with("<MACMethod Algorithm=\"hmac-sha1\"><MACKey/></MACMethod>"), ["not-encrypted"]);
    assert_eq!(read(&of_draft).1, ["not-encrypted", "counter-unknown"]);
    // Nothing else than that there is none.
    assert_eq!(with("<EncryptionKey/><DigestMethod Algorithm=\"HMAC-SHA1\"/>"), [""; 0]);
}

#[test]
fn numbers_that_were_judged_are_said() {
    let text = include_str!("../../../../fixtures/pskc/digits-or-bytes.pskcxml");
    let vault = decode(text, KEY).unwrap();
    assert_eq!(said(&vault), [(0, "ambiguous-number"), (1, "ambiguous-number"), (2, "ambiguous-number")]);
    let message = "its period is encrypted in a form that means 60 or 13872; the first is taken";
    assert_eq!(vault.warnings[0].message, message);
    let interval =
        |text: &str| format!("{SECRET}<TimeInterval><PlainValue>{text}</PlainValue></TimeInterval>");
    let unusual = |text: &str| read(&key("totp", SIX, &interval(text)));
    assert_eq!(unusual("NjA="), (Ok((seed(), 6, 60)), vec!["unusual-number".to_owned()]));
    assert_eq!(unusual("PA=="), (Ok((seed(), 6, 60)), vec!["unusual-number".to_owned()]));
    assert_eq!(unusual("AAAAAAAAADw="), (Ok((seed(), 6, 60)), vec![]));
    assert_eq!(unusual("60"), (Ok((seed(), 6, 60)), vec![]));
    assert_eq!(unusual("0"), (Ok((seed(), 6, 30)), vec!["period-unknown".to_owned()]));
    assert_eq!(unusual("None"), (Ok((seed(), 6, 30)), vec!["period-unknown".to_owned()]));
    assert_eq!(read(&key("totp", SIX, SECRET)), (Ok((seed(), 6, 30)), vec![]));
}
