//! Which format a file is taken for, and whether the facts about each format are true.

#![cfg(test)]

#[path = "support/cases.rs"]
mod cases;
#[path = "support/random.rs"]
mod random;
#[path = "support/vectors.rs"]
mod vectors;

use std::collections::HashSet;
use std::path::Path;

use otpferry_formats::model::{Account, SecretText, Vault};
use otpferry_formats::{
    Confidence, Encryption, ErrorKind, Form, Format, Info, Input, NoPasswords, Part, Passwords, Probe,
    TokenOptions, Writing, registry, testing,
};
use serde_json::Value;

use cases::Case;
use random::Random;
use vectors::{device, edges};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// Every case that is a file of its format, damaged ones included; not of formats that the user has to name.
fn recognisable() -> impl Iterator<Item = (&'static dyn Format, Case)> {
    registry::ALL.iter().filter(|format| format.is_recognisable()).flat_map(|format| {
        let cases = cases::of_format(Path::new(FIXTURES), format.info().id);
        let own = cases.into_iter().filter(|case| case.expected["error"] != "not-recognised");
        own.map(|case| (*format, case))
    })
}

fn detected(bytes: &[u8], name: Option<&str>) -> Result<&'static str, ErrorKind> {
    registry::detect(&Probe::new(bytes, name)).map(|format| format.info().id).map_err(|error| error.kind)
}

#[test]
fn every_fixture_is_claimed_by_its_own_format_most() {
    let mut failures = Vec::new();
    for (own, case) in recognisable() {
        if known_by_name(&case) {
            assert_eq!(
                case.detect().map(|format| format.info().id).ok(),
                Some(own.info().id),
                "{}",
                case.name
            );
            continue;
        }
        // Without a name: what a file is called decides nothing here.
        let probe = case.probe(None);
        let confidence = own.detect(&probe);
        for other in registry::ALL.iter().filter(|other| other.info().id != own.info().id) {
            if other.detect(&probe) >= confidence {
                failures.push(format!("{}: {} is as sure: {confidence:?}", case.name, other.info().id));
            }
        }
        if case.detect().map(|format| format.info().id).ok() != Some(own.info().id) {
            failures.push(format!("{}: not detected", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Encrypted files without any mark: only what the app calls them tells what they are.
fn known_by_name(case: &Case) -> bool {
    ["andotp/otp_accounts", "otpclient/v1"].iter().any(|start| case.name.starts_with(start))
}

#[test]
fn whole_files_are_sure() {
    let whole = |case: &Case| case.expected["error"].is_null() && !known_by_name(case);
    for (own, case) in recognisable().filter(|(_, case)| whole(case)) {
        let confidence = own.detect(&case.probe(None));
        let wanted = match case.name.as_str() {
            // `items` is a word of many formats.
            "otpauth/cotp-items.json" => Confidence::Likely,
            // Nothing but secret, label and period.
            "andotp/oldest.json" => Confidence::Likely,
            // A plausible number at the beginning of a file without any mark.
            name if name.starts_with("andotp/encrypted-") => Confidence::Likely,
            // A list of names and links that any script could write.
            "authy/links.json" => Confidence::Likely,
            // Anybody's table: a telling name, and a secret below it.
            name if name.starts_with("csv/")
                && !["csv/own", "csv/scripts"].iter().any(|own| name.starts_with(own)) =>
            {
                Confidence::Likely
            }
            // The shape of an entry, without a mark.
            name if name.starts_with("pass-otp/") && name.ends_with(".txt") => Confidence::Likely,
            // A name among others in an archive.
            "apple-passwords/safari.zip" | "dashlane/export.zip" => Confidence::Likely,
            // A table that LinOTP takes as well.
            "privacyidea/unmarked.csv" => Confidence::Likely,
            // Files that are called like anything.
            "google-authenticator-libpam/logins.zip" => Confidence::Likely,
            // A zip with one JSON file, whatever that is.
            "cxf/document.zip" => Confidence::Weak,
            // The folder of an app, which could be of any.
            "android-backup/folder-of-an-app.zip"
            | "android-backup/org.liberty.android.freeotpplus-20260301-080000.tar.gz" => Confidence::Likely,
            // Nothing but noise.
            name if name.starts_with("authenticator-plus/") && name.ends_with(".db") => Confidence::Weak,
            // Nothing but base64.
            name if name.starts_with("totp-authenticator/") && name.ends_with(".encrypt") => Confidence::Weak,
            _ => Confidence::Sure,
        };
        assert_eq!(confidence, wanted, "{}", case.name);
    }
}

/// People reformat files, editors put marks in front, and keys of an object have no order.
#[test]
fn json_in_other_clothes_is_the_same_format() {
    let ab: Value = serde_json::from_str(r#"{"b":1,"a":2}"#).unwrap();
    assert_eq!(reversed(&ab).to_string(), r#"{"a":2,"b":1}"#);
    let mut count = 0;
    for (own, case) in recognisable() {
        let text = case.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&case.bytes);
        let Ok(json @ Value::Object(_)) = serde_json::from_slice::<Value>(text) else { continue };
        let minified = serde_json::to_vec(&json).unwrap();
        let variants = [
            ("minified", minified.clone()),
            ("with tabs", indented(&json, b"\t")),
            ("with three spaces", indented(&json, b"   ")),
            ("with a mark", [b"\xEF\xBB\xBF", minified.as_slice()].concat()),
            ("after white space", [b"\r\n \t", minified.as_slice()].concat()),
            ("in UTF-16", utf16(&minified)),
            ("reversed", serde_json::to_vec(&reversed(&json)).unwrap()),
        ];
        for (how, bytes) in variants {
            assert_eq!(detected(&bytes, None), Ok(own.info().id), "{} {how}", case.name);
        }
        count += 1;
    }
    assert!(count > 50, "only {count} files are JSON");
}

fn indented(json: &Value, indent: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
    serde::Serialize::serialize(json, &mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
        .unwrap();
    bytes
}

fn utf16(text: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(text).unwrap();
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// The order of keys is that of the text: `serde_json` is built to preserve it.
fn reversed(json: &Value) -> Value {
    let fields = json.as_object().unwrap();
    Value::Object(fields.iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect())
}

#[test]
fn other_things_are_not_recognised() {
    let mut random = Random(0xFEED_FACE_CAFE_BEEF);
    let noise: Vec<Vec<u8>> =
        (1..200).map(|length| (0..length * 7).map(|_| random.byte()).collect()).collect();
    let png = std::fs::read(Path::new(FIXTURES).join("pictures/plain.png")).unwrap();
    let things: &[&[u8]] = &[
        b"",
        b" \n\r\n",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"\0",
        b"{",
        b"[",
        b"{}",
        b"[]",
        b"null",
        b"{\"accounts\":[]}",
        b"{\"version\":1,\"entries\":[{\"secret\":\"AAAA\"}]}",
        b"{\"items\":[{\"login\":{\"totp\":\"AAAA\"}}]}",
        b"{\"items\":[]}",
        b"<!DOCTYPE html><html><head><title>2FA</title></head><body>otpauth</body></html>",
        b"Acme alice JBSWY3DPEHPK3PXP",
        b"https://example.org/?next=/otp",
        b"SQLite format 3\0",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"age-encryption.org/v1\n-> X25519 x\n",
        &png,
    ];
    for bytes in things.iter().copied().chain(noise.iter().map(Vec::as_slice)) {
        let shown = String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes)).into_owned();
        assert_eq!(detected(bytes, None), Err(ErrorKind::NotRecognised), "{shown:?}");
        // A name promises nothing about what is in the file.
        for name in ["a.2fas", "a.json", "a.txt", "PhoneFactor", "a.sqlite"] {
            assert_eq!(detected(bytes, Some(name)), Err(ErrorKind::NotRecognised), "{name} {shown:?}");
        }
    }
}

#[test]
fn a_tie_is_an_error_that_names_both_and_a_file_name_can_break_it() {
    let both = br#"{"format":"otpferry","version":1,"accounts":[],"schemaVersion":4,"services":[]}"#;
    for name in [None, Some("backup"), Some("backup.json"), Some("backup.txt"), Some("2fas")] {
        let error = registry::detect(&Probe::new(both, name)).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Ambiguous, "{name:?}");
        assert_eq!(*error.candidates, ["2fas", "otpferry"]);
        assert!(error.message.contains("2fas, otpferry") && error.next_step.is_some());
    }
    assert_eq!(detected(both, Some("backup.2fas")), Ok("2fas"));
    assert_eq!(detected(both, Some("BACKUP.2FAS")), Ok("2fas"));
}

#[test]
fn a_name_never_beats_a_surer_format() {
    let own = br#"{"format":"otpferry","version":1,"accounts":[]}"#;
    assert_eq!(detected(own, Some("a.2fas")), Ok("otpferry"));
    assert_eq!(detected(b"otpauth://totp/a?secret=AAAA", Some("a.json")), Ok("otpauth"));
}

#[test]
fn facts_about_formats_are_well_formed() {
    let ids: Vec<&str> = registry::ALL.iter().map(|format| format.info().id).collect();
    assert!(ids.is_sorted() && ids.len() >= 6, "{ids:?}");
    let mut names = HashSet::new();
    for format in registry::ALL {
        let info = format.info();
        let id = info.id;
        for name in std::iter::once(&id).chain(info.aliases) {
            assert!(names.insert(name.to_lowercase()), "{name} means two formats");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            let found = registry::by_name(&name.to_uppercase()).map(|format| format.info().id);
            assert_eq!(found, Some(id), "{name}");
        }
        assert!(
            !info.title.is_empty() && !info.export_help.is_empty() && !info.extensions.is_empty(),
            "{id}"
        );
        assert!(info.extensions.iter().all(|e| !e.starts_with('.') && *e == e.to_lowercase()), "{id}");
        let forms: HashSet<&str> = info.write.iter().map(|writing| writing.form).collect();
        assert_eq!(forms.len(), info.write.len(), "{id}: two forms of one name");
        assert_eq!(forms.contains(""), info.write.len() == 1, "{id}: which of several forms?");
        info.write.iter().for_each(|writing| check_writing(info, writing));
    }
    assert_eq!(registry::by_name("no such format").map(|format| format.info().id), None);
    assert_eq!(registry::by_name("").map(|format| format.info().id), None);
}

fn check_writing(info: &Info, writing: &Writing) {
    let id = info.id;
    for name in [writing.file_name, writing.encrypted_file_name] {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        assert!(extension.is_some_and(|extension| info.extensions.contains(&extension)), "{id}: {name}");
    }
    assert!(!writing.import_help.is_empty() && !writing.caps.app.is_empty(), "{id}");
    assert!(!writing.caps.kinds.is_empty() && !writing.caps.digits.is_empty(), "{id}");
}

#[test]
fn formats_write_exactly_when_they_say_so() {
    for form in registry::forms() {
        match encode(form, None) {
            Err(error) if form.writing.encryption == Encryption::Always => {
                assert_eq!(error.kind, ErrorKind::PasswordNeeded, "{}", form.name());
            }
            Ok(parts) if form.writing.encryption != Encryption::Always => {
                assert!(!parts.is_empty(), "{}", form.name());
            }
            result => panic!("{}: it is written: {}", form.name(), result.is_ok()),
        }
    }
    assert!(registry::ALL.iter().any(|format| format.info().write.is_empty()));
}

#[test]
fn what_is_said_to_be_encrypted_needs_the_password() {
    let right = SecretText::new("canary-password-plain-1");
    let wrong = [SecretText::new("canary-password-wrong-3")];
    for form in registry::forms() {
        let bytes = encode(form, Some(&right)).unwrap().remove(0).0;
        let read = |passwords: &mut dyn Passwords| {
            let said = form.said(&[], &TokenOptions::default());
            testing::with_tokens(passwords, &[], &said, |ctx| form.format.decode(&Input::new(&bytes), ctx))
                .map(|vault| vault.encrypted)
                .map_err(|error| error.kind)
        };
        let [without, with_wrong, with_right, with_second] = [
            read(&mut NoPasswords),
            read(&mut wrong.as_slice()),
            read(&mut std::slice::from_ref(&right)),
            read(&mut [wrong[0].clone(), right.clone()].as_slice()),
        ];
        let id = form.name();
        let encrypts = form.writing.encryption.is_possible();
        if encrypts {
            assert_eq!(without, Err(ErrorKind::PasswordNeeded), "{id}");
            assert_eq!(with_wrong, Err(ErrorKind::WrongPassword), "{id}");
        } else {
            assert_eq!([without, with_wrong], [Ok(false), Ok(false)], "{id}");
        }
        assert_eq!([with_right, with_second], [Ok(encrypts), Ok(encrypts)], "{id}");
        assert!(form.format.info().reads_encrypted || !encrypts, "{id}");
    }
}

/// The first account that the form takes, written alone.
fn encode(form: Form, password: Option<&SecretText>) -> Result<Vec<Part>, otpferry_formats::Error> {
    // Servers want to know the token.
    let on_token = |account: Account| Account { device: Some(device()), ..account };
    let is_taken = |account: &Account| form.fit(std::slice::from_ref(account))[0].refused.is_none();
    let usual = edges().into_iter().map(on_token).find(is_taken);
    let vault = Vault { accounts: usual.into_iter().collect(), ..Vault::default() };
    assert_eq!(vault.accounts.len(), 1);
    match password {
        Some(password) => {
            testing::with_new_password(&mut NoPasswords, password, |ctx| form.encode(&vault, ctx))
        }
        None => testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)),
    }
}

/// A file cut anywhere is never taken for a file of another format.
#[test]
fn a_cut_file_is_its_own_format_or_none() {
    for (own, case) in recognisable().filter(|(_, case)| case.expected["error"].is_null()) {
        let step = (case.bytes.len() / 40).max(1);
        for end in (0..case.bytes.len()).step_by(step) {
            let found = detected(&case.bytes[..end], Some(case.file_name()));
            let mut known = vec![Ok(own.info().id), Err(ErrorKind::NotRecognised)];
            // Before its mark, a text of Ente, WinAuth or the browser extension is a list of links like any other.
            if ["winauth/export.txt", "authenticator-ext/links.txt"].contains(&case.name.as_str())
                || (own.info().id == "ente" && case.name.ends_with(".txt"))
            {
                known.push(Ok("otpauth"));
            }
            // Before its last column, a manager's table is one like any other.
            if case.name.ends_with(".csv") {
                known.push(Ok("csv"));
            }
            // In the first entry, files of these two are alike.
            match own.info().id {
                "andotp" if case.name.ends_with("before-issuers.json") => {
                    known.push(Ok("gnome-authenticator"))
                }
                "cotp" if case.name.ends_with("bare-list.json") => known.push(Ok("andotp")),
                "gnome-authenticator" => known.push(Ok("andotp")),
                // A link alone is one, whatever stands around it.
                "keeper" => known.push(Ok("otpauth")),
                // Without its comments and hashes, a table of LinOTP is one of privacyIDEA.
                "linotp" => known.push(Ok("privacyidea")),
                "bitwarden-authenticator" => known.push(Ok("bitwarden")),
                // Until the column Favorite its header could be Apple's.
                "1password" if case.name.ends_with(".csv") => known.push(Ok("apple-passwords")),
                _ => {}
            }
            assert!(known.contains(&found), "{} cut at {end}: {found:?}", case.name);
        }
    }
}

/// `-f` with the wrong name: an error or an empty list, never accounts that are not there. Links of
/// all sorts are read in each other's lists.
#[test]
fn a_file_read_as_another_format_gives_no_accounts() {
    let links = ["otpauth", "google-migration", "ente", "winauth", "pass-otp"];
    for (own, case) in recognisable() {
        let own = own.info().id;
        for other in registry::ALL.iter().filter(|other| other.info().id != own) {
            let id = other.info().id;
            // A table or a script's list of links is one for the readers of links as well.
            let holds_links = links.contains(&own)
                || own == "vault-totp"
                || ["authy/links.json", "authenticator-ext/links.txt"].contains(&case.name.as_str())
                || [".csv", ".tsv"].iter().any(|end| case.name.ends_with(end))
                || case.name.starts_with("csv/");
            if holds_links && (links.contains(&id) || ["authenticator-ext", "yubikey"].contains(&id)) {
                continue;
            }
            // A zip with a text of links is one for both.
            if case.name.starts_with("authenticator-plus/export") && ["winauth", "pass-otp"].contains(&id) {
                continue;
            }
            // A table with the same columns is one for the readers of other tables as well.
            if ["bitwarden", "bitwarden-authenticator", "csv"].contains(&id) && case.name.ends_with(".csv") {
                continue;
            }
            // The tables of the two servers have one layout.
            if [own, id].iter().all(|id| ["linotp", "privacyidea"].contains(id)) {
                continue;
            }
            // The two apps of Bitwarden have one layout.
            if [own, id].iter().all(|id| ["bitwarden", "bitwarden-authenticator"].contains(id)) {
                continue;
            }
            // GNOME Authenticator took over the layout of andOTP, and the JSON of scripts is near to it.
            if [own, id].iter().all(|id| ["andotp", "gnome-authenticator", "cotp", "csv"].contains(id)) {
                continue;
            }
            match case.decode(*other) {
                Ok(vault) => assert!(vault.accounts.is_empty(), "{} as {id}", case.name),
                Err(error) => assert_eq!(error.format, Some(id), "{} as {id}: {error}", case.name),
            }
        }
    }
}
