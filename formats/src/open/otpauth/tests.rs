//! Expected values are written down here: what a rule of the reader makes of a link, and the links
//! that the writer writes, letter for letter.

use serde_json::json;

use super::*;
use crate::ctx::NoPasswords;
use crate::model::{Digits, Period};
use crate::testing;

fn names(uri: &str) -> (String, String) {
    let account = parse(uri).unwrap_or_else(|(skip, _)| panic!("{uri}: {}", skip.message));
    (account.issuer, account.name)
}

fn otp(uri: &str) -> Otp {
    let account = parse(uri).unwrap_or_else(|(skip, _)| panic!("{uri}: {}", skip.message));
    account.otp().unwrap().clone()
}

fn code(uri: &str) -> &'static str {
    parse(uri).map_or_else(|(skip, _)| skip.code, |_| "read")
}

fn base32_of(uri: &str) -> String {
    otp(uri).secret().to_base32().to_string()
}

fn decode(text: &str) -> Vault {
    let input = Input::new(text.as_bytes());
    testing::with_ctx(&mut NoPasswords, |ctx| Otpauth.decode(&input, ctx)).unwrap()
}

fn account(otp: Otp, issuer: &str, name: &str) -> Account {
    Account::new(Credential::Otp(otp), issuer, name)
}

fn secret() -> Secret {
    Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap()
}

fn totp(digits: u64, period: u64) -> Otp {
    Otp::Totp {
        secret: secret(),
        algorithm: Algorithm::Sha1,
        digits: Digits::new(digits).unwrap(),
        period: Period::new(period).unwrap(),
    }
}

fn written(account: &Account) -> String {
    write(account, account.otp().unwrap())
}

#[test]
fn rule_1_text_before_a_single_link_is_cut() {
    let vault = decode("  My codes: otpauth://totp/a?secret=AAAA  \n\n# no\n1) otpauth://totp/b?secret=AAAA");
    let read: Vec<&str> = vault.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(read, ["a", "b"]);
    let vault = decode(
        "see otpauth://totp/a?secret=AAAA and otpauth://totp/b?secret=AAAA\notpauth://totp/c?secret=AA",
    );
    assert_eq!(vault.accounts.len(), 1);
    assert_eq!(vault.skipped[0].code, Skip::NOT_AN_ACCOUNT);
}

#[test]
fn rule_2_each_piece_is_decoded_once_after_splitting() {
    let uri = "otpauth://totp/a%26b%23c%3Dd%3Fe%2Ff%25g?secret=AAAA&issuer=%26x%3D%3Fsecret%3D%23";
    assert_eq!(names(uri), ("&x=?secret=#".to_owned(), "a&b#c=d?e/f%g".to_owned()));
    assert_eq!(names("otpauth://totp/a%253Ab?secret=AAAA").1, "a%3Ab");
    assert_eq!(base32_of("otpauth://totp/a%3Fsecret%3DBBBB?secret=AAAA"), "AAAA");
    assert_eq!(otp("otpauth://totp/a?secret=AAAA&digits=%38").digits(), 8);
}

#[test]
fn rule_3_hashes_and_raw_characters() {
    assert_eq!(names("otpauth://totp/user#EXT#@org?secret=AAAA").1, "user#EXT#@org");
    assert_eq!(base32_of("otpauth://totp/a?secret=AAAA#BBBB"), "AAAA");
    assert_eq!(base32_of("otpauth://totp/a?secret=AAAA#BBBB&later=1"), "AAAA");
    assert_eq!(names("otpauth://totp/a?issuer=x#1&secret=AAAA").0, "x#1");
    // To cut here would lose what decides the codes.
    let uri = "otpauth://totp/a?secret=AAAA&issuer=C#&digits=8&period=60#top";
    assert_eq!((names(uri).0.as_str(), otp(uri).digits(), otp(uri).period()), ("C#", 8, Some(60)));
    assert_eq!(
        names("otpauth://totp/Zürich [a]:日 本?secret=AAAA"),
        ("Zürich [a]".to_owned(), "日 本".to_owned())
    );
    let uri = "otpauth://totp/a?secret=AAAA&amp;issuer=X&amp;digits=8";
    assert_eq!((names(uri).0.as_str(), otp(uri).digits()), ("X", 8));
}

#[test]
fn rule_4_percent_signs_that_escape_nothing_and_latin_1() {
    assert_eq!(names("otpauth://totp/100%ZZ%?secret=AAAA").1, "100%ZZ%");
    assert_eq!(names("otpauth://totp/J%F6rg?secret=AAAA&issuer=%C4").1, "Jörg");
    assert_eq!(names("otpauth://totp/J%C3%B6rg?secret=AAAA").1, "Jörg");
}

#[test]
fn rule_5_plus_is_a_space_in_the_query_only() {
    assert_eq!(
        names("otpauth://totp/a+b?secret=AAAA&issuer=Big+Corp"),
        ("Big Corp".to_owned(), "a+b".to_owned())
    );
    assert_eq!(names("otpauth://totp/C++:a?secret=AAAA&issuer=C++"), ("C++".to_owned(), "a".to_owned()));
    assert_eq!(names("otpauth://totp/C%2B%2B:a?secret=AAAA&issuer=C++").0, "C++");
    assert_eq!(names("otpauth://totp/Big%20Corp:a?secret=AAAA&issuer=Big+Corp").0, "Big Corp");
    assert_eq!(names("otpauth://totp/a?secret=AAAA&issuer=C%2B%2B").0, "C++");
}

#[test]
fn rule_6_issuer_and_account() {
    for (label, issuer, wanted) in [
        ("Acme:bob", "Acme", ("Acme", "bob")),
        ("Text%3A%20More:Secret", "Text%3A%20More", ("Text: More", "Secret")),
        ("Text:%20More:Secret", "Text%3A+More", ("Text: More", "Secret")),
        ("Acme%3Abob", "Acme", ("Acme", "bob")),
        ("Acme:%20%20%20bob%20", "%20Acme%20", ("Acme", "bob")),
        ("ORG:user@org", "Microsoft", ("Microsoft", "user@org")),
        ("Acme:bob", "", ("Acme", "bob")),
        ("Acme%3Abob", "", ("Acme", "bob")),
        ("Ac%3Ame:bob", "", ("Ac:me", "bob")),
        ("a:b:c", "", ("a", "b:c")),
        (":bob", "", ("", "bob")),
        (":bob", "Acme", ("Acme", "bob")),
        (":a%3Ab", "", ("", "a:b")),
        ("bob", "Acme", ("Acme", "bob")),
        ("bob", "", ("", "bob")),
        ("", "Acme", ("Acme", "")),
        ("", "", ("", "")),
        ("Acme:", "Acme", ("Acme", "")),
        ("Acmebob", "Acme", ("Acme", "Acmebob")),
        ("/a/b", "", ("", "/a/b")),
    ] {
        let uri = format!("otpauth://totp/{label}?secret=AAAA&issuer={issuer}");
        let (issuer, name) = names(&uri);
        assert_eq!((issuer.as_str(), name.as_str()), wanted, "{uri}");
    }
    assert_eq!(names("otpauth://totp?secret=AAAA"), (String::new(), String::new()));
    assert_eq!(names("otpauth://totp/Acme:bob?secret=AAAA&issuer=Otherperiod=30").0, "Other");
}

#[test]
fn rule_6_another_issuer_in_the_label_is_kept_for_writing() {
    let uri =
        "otpauth://totp/ORG:user?secret=JBSWY3DPEHPK3PXP&issuer=Microsoft&image=https%3A%2F%2Fa.example";
    let account = parse(uri).unwrap();
    assert_eq!(account.extra[ID], json!({ "label issuer": "ORG", "image": "https://a.example" }));
    let wanted = "otpauth://totp/ORG:user?secret=JBSWY3DPEHPK3PXP&issuer=Microsoft&algorithm=SHA1&digits=6&period=30&image=https%3A%2F%2Fa.example";
    assert_eq!(written(&account), wanted);
}

#[test]
fn rule_7_secrets() {
    for (text, canonical) in [
        ("jbsw-y3dp_ehpk%203pxp", "JBSWY3DPEHPK3PXP"),
        ("JBSW+Y3DP+EHPK+3PXP", "JBSWY3DPEHPK3PXP"),
        ("JBSWY3DPEHPK3PXP%3D%3D", "JBSWY3DPEHPK3PXP"),
        ("JBSWY3DPEHPK3PXP==", "JBSWY3DPEHPK3PXP"),
        ("ABCDEFG", "ABCDEFA"),
        ("AB", "AA"),
        ("ABC", "AA"),
        ("ABCDEF", "ABCDE"),
    ] {
        assert_eq!(base32_of(&format!("otpauth://totp/a?secret={text}")), canonical, "{text}");
    }
    for (text, wanted) in [
        ("", Skip::NO_SECRET),
        ("%20-=", Skip::NO_SECRET),
        ("A", Skip::BAD_SECRET),
        ("AAAA0", Skip::BAD_SECRET),
        ("AAAA1", Skip::BAD_SECRET),
        ("AAAA8AAA", Skip::BAD_SECRET),
        ("AAAA%2FAAA", Skip::BAD_SECRET),
        ("AAAA%C3%A4", Skip::BAD_SECRET),
    ] {
        assert_eq!(code(&format!("otpauth://totp/a?secret={text}")), wanted, "{text}");
    }
    assert_eq!(code("otpauth://totp/a?issuer=b"), Skip::NO_SECRET);
    // Words after a link are mostly valid base32.
    assert_eq!(code("otpauth://totp/a?secret=AAAAAAAA is my secret"), Skip::BAD_SECRET);
    assert_eq!(base32_of("otpauth://totp/a?secret=AAAA BBBB CCCC DD&issuer=b"), "AAAABBBBCCCCC");
    assert_eq!(base32_of("otpauth://totp/a?secret=AAAA%20BBBB%20CCCC%20DD"), "AAAABBBBCCCCC");
    for tail in [" old", "+old+phone", "-BACKUP", "_old_phone", "#JBSWY3DPEHPK3PXP", " BBBB CCCC DD"] {
        assert_eq!(
            code(&format!("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP{tail}")),
            Skip::BAD_SECRET,
            "{tail}"
        );
    }
    for glued in
        ["issuer=Aalgorithm=SHA256", "issuer=A;digits=8", "issuer=A%26digits=8", "x=http://y/z.pngdigits=8"]
    {
        let uri = format!("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&{glued}");
        assert_eq!(code(&uri), Skip::MISSING_FIELD, "{glued}");
    }
}

#[test]
fn rule_8_algorithms() {
    for (text, wanted) in [
        ("SHA1", Algorithm::Sha1),
        ("", Algorithm::Sha1),
        ("sha256", Algorithm::Sha256),
        ("HmacSHA512", Algorithm::Sha512),
        ("HMAC-SHA-256", Algorithm::Sha256),
        ("SHA-1", Algorithm::Sha1),
        ("Algorithm.sha256", Algorithm::Sha256),
        ("SHA224", Algorithm::Sha224),
        ("sha384", Algorithm::Sha384),
        ("md5", Algorithm::Md5),
    ] {
        assert_eq!(otp(&format!("otpauth://totp/a?secret=AAAA&algorithm={text}")).algorithm(), wanted);
    }
    for text in ["SHA3", "SHA-512%2F256", "GOST", "SHA11", "1"] {
        let uri = format!("otpauth://totp/a?secret=AAAA&algorithm={text}");
        assert_eq!(code(&uri), Skip::UNKNOWN_ALGORITHM, "{text}");
    }
}

#[test]
fn rule_9_numbers_out_of_range_are_never_defaults() {
    for (parameter, wanted) in [
        ("digits=0", Skip::BAD_DIGITS),
        ("digits=11", Skip::BAD_DIGITS),
        ("digits=262", Skip::BAD_DIGITS),
        ("digits=six", Skip::BAD_DIGITS),
        ("digits=6.0", Skip::BAD_DIGITS),
        ("period=0", Skip::BAD_PERIOD),
        ("period=-30", Skip::BAD_PERIOD),
        ("period=30s", Skip::BAD_PERIOD),
        ("period=2147483648", Skip::BAD_PERIOD),
        ("period=4294967326", Skip::BAD_PERIOD),
        ("digits=&period=&counter=", "read"),
        ("counter=-1", "read"),
    ] {
        assert_eq!(code(&format!("otpauth://totp/a?secret=AAAA&{parameter}")), wanted, "{parameter}");
    }
    for (parameter, wanted) in [
        ("counter=-1", Skip::BAD_COUNTER),
        ("counter=x", Skip::BAD_COUNTER),
        ("counter=18446744073709551616", Skip::BAD_COUNTER),
        ("period=0", "read"),
    ] {
        assert_eq!(code(&format!("otpauth://hotp/a?secret=AAAA&{parameter}")), wanted, "{parameter}");
    }
    let counter = |text: &str| otp(&format!("otpauth://hotp/a?secret=AAAA{text}")).counter();
    assert_eq!(counter(""), Some(0));
    assert_eq!(counter("&counter="), Some(0));
    assert_eq!(counter("&counter=18446744073709551615"), Some(u64::MAX));
    let defaults = otp("otpauth://totp/a?secret=AAAA&digits=&period=");
    assert_eq!((defaults.digits(), defaults.period()), (6, Some(30)));
    assert_eq!(otp("otpauth://totp/a?secret=AAAA&issuer=Bperiod=60").period(), Some(60));
}

#[test]
fn rule_10_what_is_steam() {
    for (uri, wanted) in [
        ("otpauth://steam/a?secret=AAAA", Kind::Steam),
        ("OTPAUTH://STEAM/a?SECRET=AAAA", Kind::Steam),
        ("otpauth://totp/a?secret=AAAA&encoder=steam", Kind::Steam),
        ("otpauth://totp/a?secret=AAAA&encoder=Steam&digits=5", Kind::Steam),
        ("otpauth://totp/a?secret=AAAA&steam", Kind::Steam),
        ("otpauth://totp/Steam:a?secret=AAAA", Kind::Steam),
        ("otpauth://totp/STEAM:a?secret=AAAA&digits=5", Kind::Steam),
        ("otpauth://totp/a?secret=AAAA&issuer=steam", Kind::Steam),
        ("otpauth://totp/Steam:a?secret=AAAA&digits=6", Kind::Totp),
        ("otpauth://totp/Steam%20Deck:a?secret=AAAA", Kind::Totp),
        ("otpauth://hotp/Steam:a?secret=AAAA", Kind::Hotp),
        ("otpauth://totp/a?secret=AAAA&digits=5", Kind::Totp),
        ("steam://JBSWY3DPEHPK3PXP", Kind::Steam),
    ] {
        assert_eq!(otp(uri).kind(), wanted, "{uri}");
    }
    for (uri, wanted) in [
        ("otpauth://steam/a?secret=AAAA&digits=6", Skip::BAD_DIGITS),
        ("otpauth://steam/a?secret=AAAA&period=60", Skip::BAD_PERIOD),
        ("otpauth://steam/a?secret=AAAA&algorithm=SHA256", Skip::UNKNOWN_ALGORITHM),
        ("otpauth://push/a?secret=AAAA", Skip::UNKNOWN_KIND),
        ("otpauth://totp/a?secret=AAAA&encoder=base36", Skip::UNKNOWN_KIND),
        ("steam://install", Skip::NOT_AN_ACCOUNT),
        ("steam://run/440", Skip::NOT_AN_ACCOUNT),
        ("otpauth://totp", Skip::NO_SECRET),
        ("otpauth:totp/a?secret=AAAA", Skip::UNKNOWN_KIND),
    ] {
        assert_eq!(code(uri), wanted, "{uri}");
    }
    assert_eq!(names("steam://JBSWY3DPEHPK3PXP").0, "Steam");
    assert_eq!(base32_of("steam://jbswy3dpehpk3pxp"), "JBSWY3DPEHPK3PXP");
}

#[test]
fn rule_11_yandex() {
    const SHORT: &str = "LA2V6KMCGYMWWVEW64RNP3JA3I";
    const LONG: &str = "LA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI";
    for (uri, pin) in [
        (format!("otpauth://yaotp/ines?secret={SHORT}"), None),
        (format!("otpauth://yaotp/ines?secret={LONG}&pin_length=4"), None),
        (format!("otpauth://yaotp/ines?secret={LONG}&pin=G42TQNQ"), Some("7586")),
        (format!("otpauth://yaotp/ines?secret={LONG}&pin="), None),
        (format!("otpauth://totp/ines?secret={LONG}&encoder=yandex&yandexpin=7586"), Some("7586")),
        (format!("otpauth://totp/ines?secret={LONG}&encoder=yandex&yandexpin="), None),
    ] {
        let otp = otp(&uri);
        assert_eq!(otp.kind(), Kind::Yandex, "{uri}");
        assert_eq!(otp.secret().to_base32().as_str(), SHORT, "{uri}");
        assert_eq!(otp.pin().map(SecretText::expose), pin, "{uri}");
        assert_eq!((otp.algorithm(), otp.digits(), otp.period()), (Algorithm::Sha256, 8, Some(30)));
    }
    assert_eq!(
        names(&format!("otpauth://yaotp/ines?secret={SHORT}")),
        ("Yandex".to_owned(), "ines".to_owned())
    );
    assert_eq!(code("otpauth://yaotp/a?secret=AA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI"), Skip::BAD_SECRET);
    assert_eq!(code("otpauth://yaotp/a?secret=AAAAAAAA"), Skip::BAD_SECRET);
    assert_eq!(code(&format!("otpauth://yaotp/a?secret={SHORT}&pin=1234")), Skip::BAD_SECRET);
}

#[test]
fn motp_secrets_are_hexadecimal() {
    for uri in [
        "motp://Acme:bob?secret=E3152AFEE62599C8",
        "motp:/Acme:bob?secret=e315-2afe-e625-99c8",
        "otpauth://motp/Acme:bob?secret=e3152afee62599c8",
    ] {
        let otp = otp(uri);
        assert_eq!(otp.kind(), Kind::Motp);
        assert_eq!(otp.secret().expose(), b"\xe3\x15\x2a\xfe\xe6\x25\x99\xc8");
        assert_eq!(names(uri), ("Acme".to_owned(), "bob".to_owned()));
    }
    let pin = |uri: &str| otp(uri).pin().map(|pin| pin.expose().to_owned());
    assert_eq!(pin("motp://a?secret=e3152afe&pin=1234").as_deref(), Some("1234"));
    assert_eq!(pin("motp://a?secret=e3152afe&pin="), None);
    assert_eq!(pin("otpauth://totp/a?secret=AAAA&pin=true"), None);
    assert_eq!(code("motp://a?secret=JBSWY3DP"), Skip::BAD_SECRET);
    assert_eq!(code("motp://a?secret=abc"), Skip::BAD_SECRET);
    assert_eq!(code("motp://a?secret="), Skip::NO_SECRET);
}

#[test]
fn the_first_of_several_parameters_counts_in_any_case() {
    let uri = "apple-otpauth://TOTP/a?SECRET=AAAA&secret=BBBB&Digits=8&digits=6&Issuer=X&issuer=Y";
    assert_eq!((base32_of(uri).as_str(), otp(uri).digits(), names(uri).0.as_str()), ("AAAA", 8, "X"));
}

#[test]
fn written_letter_for_letter() {
    let pin = |text: &str| Some(SecretText::new(text));
    let hotp = Otp::Hotp {
        secret: secret(),
        algorithm: Algorithm::Sha256,
        digits: Digits::EIGHT,
        counter: u64::MAX,
    };
    let motp = Secret::new(b"\xe3\x15\x2a\xfe\xe6\x25\x99\xc8".to_vec()).unwrap();
    let yandex = Secret::new(b"Hello!\xDE\xAD\xBE\xEF\0\0\0\0\0\0".to_vec()).unwrap();
    for (account, wanted) in [
        (
            account(totp(6, 30), "Acme", "alice"),
            "otpauth://totp/Acme:alice?secret=JBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30",
        ),
        (
            account(totp(10, 90), "A: B/C+ü", "a@b c:d#%&=?\"~"),
            "otpauth://totp/A%3A%20B%2FC%2B%C3%BC:a%40b%20c%3Ad%23%25%26%3D%3F%22~?secret=JBSWY3DPEHPK3PXP\
             &issuer=A%3A%20B%2FC%2B%C3%BC&algorithm=SHA1&digits=10&period=90",
        ),
        (
            account(totp(6, 30), "", "alice"),
            "otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30",
        ),
        (
            account(totp(6, 30), "", "a:b"),
            "otpauth://totp/:a%3Ab?secret=JBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30",
        ),
        (
            account(totp(6, 30), "Acme", ""),
            "otpauth://totp/Acme:?secret=JBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30",
        ),
        (
            account(hotp, "Acme", "alice"),
            "otpauth://hotp/Acme:alice?secret=JBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA256&digits=8\
             &counter=18446744073709551615",
        ),
        (
            account(Otp::Steam { secret: secret() }, "Steam", "gamer"),
            "otpauth://steam/Steam:gamer?secret=JBSWY3DPEHPK3PXP&issuer=Steam&algorithm=SHA1&digits=5&period=30",
        ),
        (
            account(Otp::Yandex { secret: yandex, pin: pin("7586") }, "Yandex", "ines"),
            "otpauth://yaotp/Yandex:ines?secret=JBSWY3DPEHPK3PXPAAAAAAAAAA&issuer=Yandex&algorithm=SHA256\
             &digits=8&period=30&pin=G42TQNQ",
        ),
        (
            account(Otp::Motp { secret: motp.clone(), pin: None }, "Acme", "bob"),
            "motp://Acme:bob?secret=e3152afee62599c8&issuer=Acme",
        ),
        (
            account(Otp::Motp { secret: motp, pin: pin("Пин") }, "Acme", "bob"),
            "motp://Acme:bob?secret=e3152afee62599c8&issuer=Acme&pin=%D0%9F%D0%B8%D0%BD",
        ),
    ] {
        assert_eq!(written(&account), wanted);
        let vault = Vault { accounts: vec![account], ..Vault::default() };
        let parts =
            testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Otpauth).encode(&vault, ctx)).unwrap();
        assert_eq!(parts[0].0.as_slice(), wanted.as_bytes());
    }
}

#[test]
fn what_a_link_cannot_say_is_refused() {
    let refusal = |issuer: &str, otp: Otp| {
        testing::form(&Otpauth)
            .fit(&[account(otp, issuer, "a")])
            .remove(0)
            .refused
            .map(|refusal| refusal.code)
    };
    for issuer in ["Steam", " STEAM "] {
        assert_eq!(refusal(issuer, totp(5, 30)), Some("not-expressible"), "{issuer:?}");
        assert_eq!(refusal(issuer, totp(6, 30)), None, "{issuer:?}");
        assert_eq!(refusal(issuer, Otp::Steam { secret: secret() }), None, "{issuer:?}");
    }
    assert_eq!(refusal("Acme", totp(5, 30)), None);
}

/// What was kept of another link cannot become a part of this account.
#[test]
fn kept_parameters_change_nothing_of_the_account() {
    for key in
        ["secret", "Digits", " tags", "tags", "\u{a0}codedisplay", "x&digits", "pin\n", "encoder ", "STEAM"]
    {
        let mut account = account(totp(6, 30), "Acme", "alice");
        account.extra.insert(ID.to_owned(), json!({ key: "steam" }));
        let fit = testing::form(&Otpauth).fit(std::slice::from_ref(&account)).remove(0);
        assert_eq!(fit, Fit::default(), "{key:?}");
        let mut read = parse(&written(&account)).unwrap();
        read.extra.clone_from(&account.extra);
        assert_eq!(read, account, "{key:?}");
    }
}

#[test]
fn ente_display_settings() {
    let display = r#"{"pinned":true,"trashed":true,"lastUsedAt":1714557600123456,"tapCount":3,"tags":["a"],"note":"x%2Cy"}"#;
    let uri = format!("otpauth://totp/a?secret=AAAA&codeDisplay={}", percent::encode(display));
    let account = parse(&uri).unwrap();
    assert!(account.favorite && account.trashed);
    assert_eq!((account.note.as_str(), account.uses), ("x,y", Some(3)));
    assert_eq!(account.groups, ["a"]);
    assert_eq!(account.last_used.unwrap().to_string(), "2024-05-01T10:00:00.123456Z");
    for broken in ["", "[]", "{", r#"{"pinned":"yes","tapCount":-1,"lastUsedAt":"x","note":5,"tags":{}}"#] {
        let uri = format!("otpauth://totp/a?secret=AAAA&codeDisplay={}", percent::encode(broken));
        let account = parse(&uri).unwrap();
        assert!(!account.favorite && account.note.is_empty() && account.uses.is_none(), "{broken}");
    }
}

/// Bytes changed, cut out and doubled: an answer every time.
#[test]
fn hostile_texts() {
    let fixture = include_bytes!("../../../../fixtures/otpauth/labels.txt");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |end: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % end
    };
    let lines: Vec<&[u8]> = fixture.split(|byte| *byte == b'\n').collect();
    for _ in 0..20_000 {
        let mut bytes = lines[next(lines.len())].to_vec();
        for _ in 0..next(4) {
            let at = next(bytes.len() + 1);
            let alphabet = b"%#?&:=+/ \0\n,;\"{}[]\xC3\xFF";
            match next(3) {
                0 => bytes.insert(at, alphabet[next(alphabet.len())]),
                1 => bytes.truncate(at),
                _ => bytes.extend_from_within(..at),
            }
        }
        let input = Input::new(&bytes);
        let _ = Otpauth.detect(&Probe::new(&bytes, None));
        let _ = testing::with_ctx(&mut NoPasswords, |ctx| Otpauth.decode(&input, ctx));
    }
}
