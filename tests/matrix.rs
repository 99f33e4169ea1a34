//! Every writer with every account: what comes back differs from what went in by exactly what was
//! said before writing.

#![cfg(test)]

#[path = "support/capabilities.rs"]
mod capabilities;
#[path = "support/cases.rs"]
mod cases;
#[path = "support/random.rs"]
mod random;
#[path = "support/random_accounts.rs"]
mod random_accounts;
#[path = "support/vectors.rs"]
mod vectors;

use std::collections::BTreeSet;
use std::path::Path;

use otpferry_formats::model::{
    Account, Algorithm, Credential, Digits, Kind, Otp, Period, SecretText, Vault, merge,
};
use otpferry_formats::otp::proof::{self, Proof};
use otpferry_formats::{
    Carrier, Encryption, Field, Fit, Form, Input, NoPasswords, Probe, TokenOptions, Writing, registry,
    testing,
};
use serde_json::Value;

use cases::Case;
use random::Random;
use random_accounts::random_account;
use vectors::edges;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
const PASSWORDS: [&str; 2] = ["canary-password-plain-1", "canary-Pässwörd-ключ-🔑-4"];

#[test]
fn edges_all_together() {
    let accounts = edges();
    assert!(accounts.len() > 400, "only {} accounts", accounts.len());
    report(writers().flat_map(|form| check(form, &accounts, demanded(form.writing).as_ref())));
    let accounts = on_tokens(&accounts);
    report(servers().flat_map(|form| check(form, &accounts, demanded(form.writing).as_ref())));
}

#[test]
fn edges_all_together_encrypted() {
    let accounts = edges();
    let encrypting: Vec<_> = writers().filter(|form| form.writing.encryption.is_possible()).collect();
    assert!(!encrypting.is_empty());
    for password in PASSWORDS.map(SecretText::new) {
        let problems = encrypting.iter().flat_map(|form| check(*form, &accounts, Some(&password)));
        report(problems);
    }
}

/// Alone, no rule across accounts can hide a mistake.
#[test]
fn edges_one_by_one() {
    let accounts = edges();
    let (encrypted, plain): (Vec<_>, Vec<_>) = writers().partition(|form| demanded(form.writing).is_some());
    report(plain.into_iter().flat_map(|form| {
        accounts.iter().enumerate().flat_map(move |(at, account)| {
            let problems = check(form, std::slice::from_ref(account), None);
            problems.into_iter().map(move |problem| format!("edge {at}: {problem}"))
        })
    }));
    // A derivation of keys for each of them would take minutes: here there is no such rule.
    for form in encrypted {
        let alone: Vec<Fit> =
            accounts.iter().flat_map(|account| form.fit(std::slice::from_ref(account))).collect();
        assert_eq!(form.fit(&accounts), alone, "{}", form.name());
    }
}

#[test]
fn random_accounts() {
    let mut random = Random(0x0123_4567_89AB_CDEF);
    let accounts: Vec<Account> = (0..2000).map(|_| random_account(&mut random)).collect();
    let (servers, others): (Vec<_>, Vec<_>) = writers().partition(|form| is_of_a_server(*form));
    for (forms, accounts) in [(others, accounts.clone()), (servers, on_tokens(&accounts))] {
        for form in forms {
            // A file for one account is tried with one after the other.
            if form.name() == "google-authenticator-libpam:file" {
                let alone = accounts.iter().map(std::slice::from_ref);
                report(alone.flat_map(|account| check(form, account, None)));
                continue;
            }
            let accounts = in_its_share(form, &accounts);
            let kept = form.fit(&accounts).iter().filter(|fit| fit.refused.is_none()).count();
            let fewest = if form.name() == "okta-tokens" { 10 } else { 200 };
            assert!(kept > fewest, "{} takes only {kept}", form.name());
            report(check(form, &accounts, demanded(form.writing).as_ref()));
        }
    }
}

#[test]
fn names_alone_go_nowhere_but_into_the_canonical_file() {
    let accounts: Vec<Account> =
        edges().into_iter().filter(|account| account.kind() == Kind::NameOnly).collect();
    assert_eq!(accounts.len(), 3);
    for form in writers() {
        for fit in form.fit(&accounts) {
            let id = form.name();
            assert_eq!(fit.refused.is_none(), id == "otpferry", "{id}");
            assert!(fit.refused.is_none_or(|refusal| refusal.code == "name-only"), "{id}");
        }
    }
}

/// A writer that refuses everything would pass all of the above.
#[test]
fn every_writer_takes_a_plain_account_without_change() {
    let usual =
        |account: &Account| matches!(account.otp(), Some(Otp::Totp { algorithm: Algorithm::Sha1, .. }));
    let plain = edges().into_iter().find(usual).unwrap();
    let [token] = on_tokens(std::slice::from_ref(&plain)).try_into().unwrap();
    let token = Account {
        issuer: String::new(),
        name: "maria@contoso.example".to_owned(),
        user: Some("maria@contoso.example".to_owned()),
        ..token
    };
    for form in writers() {
        let account = if is_of_a_server(form) { of_its_type(form, &token) } else { plain.clone() };
        let fit = form.fit(std::slice::from_ref(&account)).remove(0);
        let id = form.name();
        assert_eq!(fit.refused, None, "{id}");
        let mut fields: Vec<Field> = fit.changes.iter().map(|change| change.field).collect();
        fields.sort();
        let wanted = match id.as_str() {
            // 2FAS notes a time of change with every account.
            "2fas" => vec![Field::Modified],
            // Its placeholders are what this form is for.
            "apple-passwords:filled" => vec![Field::Urls],
            // Every item lies in a vault.
            "proton-pass:zip" => vec![Field::Groups],
            // Of a person it knows only the id in the directory.
            "entra-oath:graph" => vec![Field::Account, Field::User],
            // Their tables have no place for people, and of a token only its number.
            "linotp" | "privacyidea" => vec![Field::Account, Field::Device, Field::User],
            id if is_of_one_type(id) => vec![Field::Account, Field::Device, Field::User],
            // A line has a login name, and no token.
            "okta-tokens" => vec![Field::Device],
            "oath-usersfile:liboath" | "oath-usersfile:mod-authn-otp" => vec![Field::Device, Field::User],
            "openvpn-otp" | "freeradius:v3" | "freeradius:v4" => vec![Field::Device, Field::User],
            // It knows people and no tokens.
            "keycloak:import" | "keycloak:update" => vec![Field::Device],
            // The login name is what a file is called, and one alone is called as the module wants it.
            "google-authenticator-libpam:zip" => vec![Field::Device, Field::User],
            "google-authenticator-libpam:file" => vec![Field::Account, Field::Device, Field::User],
            _ => vec![],
        };
        assert_eq!(fields, wanted, "{id}");
    }
}

/// Forms for tokens of one type.
fn is_of_one_type(form: &str) -> bool {
    form.starts_with("duo-tokens:") || form.starts_with("pingid:")
}

/// Accounts of all sorts, as one form gets them: every other one of the type that a form for one type is for.
fn in_its_share(form: Form, accounts: &[Account]) -> Vec<Account> {
    let change = |(at, account): (usize, &Account)| match account.otp() {
        Some(_) if is_of_one_type(&form.name()) && at % 2 == 0 => of_its_type(form, account),
        _ => account.clone(),
    };
    accounts.iter().enumerate().map(change).collect()
}

/// The same account with codes of the type that a form is for.
fn of_its_type(form: Form, account: &Account) -> Account {
    let caps = &form.writing.caps;
    let otp = account.otp().unwrap();
    let digits = if caps.digits.contains(&6) { Digits::SIX } else { Digits::EIGHT };
    let (secret, algorithm) = (otp.secret().clone(), otp.algorithm());
    let otp = match caps.kinds {
        [Kind::Hotp] => Otp::Hotp { secret, algorithm, digits, counter: 7 },
        _ => {
            let period = if form.name() == "pingid:totp-60" { Period::SIXTY } else { Period::THIRTY };
            Otp::Totp { secret, algorithm, digits, period }
        }
    };
    Account { credential: Credential::Otp(otp), ..account.clone() }
}

/// The same accounts on tokens of their own, as an admin has them: what is on one already stays there, and
/// every second one is for somebody.
fn on_tokens(accounts: &[Account]) -> Vec<Account> {
    let on_token = |(at, account): (usize, &Account)| {
        let mut account = account.clone();
        if at % 2 == 1 {
            account.user.get_or_insert_with(|| format!("person{at}"));
        }
        let device = account.device.get_or_insert_default();
        if device.serial.is_empty() {
            device.serial = format!("T{at:05}");
        }
        device.manufacturer = "Acme".to_owned();
        device.model = "T1".to_owned();
        account
    };
    accounts.iter().enumerate().map(on_token).collect()
}

/// Forms that servers load, which know tokens and people and no issuers.
fn servers() -> impl Iterator<Item = Form> {
    writers().filter(|form| is_of_a_server(*form))
}

fn is_of_a_server(form: Form) -> bool {
    [
        "delimited",
        "duo-tokens",
        "entra-oath",
        "freeipa",
        "freeradius",
        "google-authenticator-libpam",
        "keycloak",
        "linotp",
        "oath-usersfile",
        "okta-tokens",
        "openvpn-otp",
        "pingid",
        "privacyidea",
        "pskc",
    ]
    .contains(&form.format.info().id)
}

fn writers() -> impl Iterator<Item = Form> {
    registry::forms()
}

/// The password of a format that has no plain form.
fn demanded(writing: &Writing) -> Option<SecretText> {
    (writing.encryption == Encryption::Always).then(|| SecretText::new(PASSWORDS[0]))
}

fn report(problems: impl IntoIterator<Item = String>) {
    let problems: Vec<String> = problems.into_iter().collect();
    let shown = problems.get(..20).unwrap_or(&problems);
    assert!(problems.is_empty(), "{} problems, the first of them:\n{}", problems.len(), shown.join("\n"));
}

/// Writes what fits and reads it again.
fn check(form: Form, accounts: &[Account], password: Option<&SecretText>) -> Vec<String> {
    let id = form.name();
    let fits = form.fit(accounts);
    assert_eq!(fits.len(), accounts.len(), "{id}: one answer for each account");
    let mut problems: Vec<String> = fits.iter().filter_map(incomplete).collect();
    let mut kept: Vec<(&Account, &Fit)> =
        accounts.iter().zip(&fits).filter(|(_, fit)| fit.refused.is_none()).collect();
    form.arrange(&mut kept, |(account, _)| account);
    if kept.is_empty() {
        return problems;
    }
    let vault =
        Vault { accounts: kept.iter().map(|(account, _)| (*account).clone()).collect(), ..Vault::default() };
    match written_and_read(form, &vault, password) {
        Ok(read) => {
            problems.extend(clean(&read));
            if read.encrypted != password.is_some() {
                problems.push(format!("encrypted: {}", read.encrypted));
            }
            if read.accounts.len() != kept.len() {
                problems.push(format!(
                    "{} accounts were written, {} came back",
                    kept.len(),
                    read.accounts.len()
                ));
            }
            for ((account, fit), read) in kept.iter().zip(&read.accounts) {
                let problem = compare(account, fit, read);
                problems.extend(
                    problem.map(|problem| format!("{:?}: {problem}", (&account.issuer, &account.name))),
                );
            }
        }
        Err(problem) => problems.push(problem),
    }
    problems.into_iter().map(|problem| format!("{id}: {problem}")).collect()
}

/// An answer that leaves the user without reason or next step, or that says a thing twice.
fn incomplete(fit: &Fit) -> Option<String> {
    let fields: BTreeSet<Field> = fit.changes.iter().map(|change| change.field).collect();
    let told = match &fit.refused {
        Some(refusal) => {
            fields.is_empty() && ![refusal.code, &refusal.message, &refusal.next_step].contains(&"")
        }
        None => fit.changes.iter().all(|change| !change.message.is_empty()),
    };
    (!told || fields.len() != fit.changes.len()).then(|| format!("an incomplete answer: {fit:?}"))
}

fn written_and_read(form: Form, vault: &Vault, password: Option<&SecretText>) -> Result<Vault, String> {
    let bytes = write(form, vault, password)?;
    if form.format.is_recognisable() {
        check_recognised(form, &bytes)?;
    }
    let passwords: Vec<SecretText> = password.cloned().into_iter().collect();
    let said = form.said(&vault.accounts, &TokenOptions::default());
    testing::with_tokens(&mut passwords.as_slice(), &[], &said, |ctx| {
        form.format.decode(&Input::new(&bytes), ctx)
    })
    .map_err(|error| format!("what was written is not read: {error}"))
}

/// Whether the file is taken for what it is.
fn check_recognised(form: Form, bytes: &[u8]) -> Result<(), String> {
    let detected = registry::detect(&Probe::new(bytes, Some(form.writing.file_name)))
        .map_err(|error| error.to_string())?;
    // Links without a mark are those of any app.
    let is_unmarked = ["authenticator-ext:text", "yubikey"].contains(&form.name().as_str())
        && detected.info().id == "otpauth";
    if detected.info().id != form.format.info().id && !is_unmarked {
        return Err(format!("the written file is taken for {}", detected.info().id));
    }
    Ok(())
}

/// The parts of a text are lines of one file.
fn write(form: Form, vault: &Vault, password: Option<&SecretText>) -> Result<Vec<u8>, String> {
    let parts = match password {
        Some(password) => {
            testing::with_new_password(&mut NoPasswords, password, |ctx| form.encode(vault, ctx))
        }
        None => testing::with_ctx(&mut NoPasswords, |ctx| form.encode(vault, ctx)),
    };
    let parts = parts.map_err(|error| format!("not written: {error}"))?;
    let carrier = form.writing.carrier;
    if carrier == Carrier::File && parts.len() != 1 {
        return Err(format!("{} parts of one file", parts.len()));
    }
    let lines: Vec<&[u8]> = parts.iter().map(|part| part.0.as_slice()).collect();
    if carrier == Carrier::Uris && lines.iter().any(|line| !line.iter().all(u8::is_ascii_graphic)) {
        return Err("a link with other than visible ASCII characters".to_owned());
    }
    Ok(lines.join(&b'\n'))
}

/// Whether the own reader has nothing to remark.
fn clean(vault: &Vault) -> Vec<String> {
    let about_parts = merge::inconsistent_parts(&vault.parts);
    let remarks = vault.skipped.iter().chain(&vault.warnings).chain(&about_parts);
    let mut problems: Vec<String> =
        remarks.map(|item| format!("on reading again: {} ({})", item.code, item.message)).collect();
    let missing = merge::missing_parts(&vault.parts).len();
    if missing > 0 {
        problems.push(format!("{missing} parts are said to be missing"));
    }
    problems
}

fn compare(account: &Account, fit: &Fit, read: &Account) -> Option<String> {
    if let Some(problem) = other_codes(account, read) {
        return Some(problem);
    }
    let said: BTreeSet<Field> = fit.changes.iter().map(|change| change.field).collect();
    let found = differing(account, read);
    let by_field: BTreeSet<Field> =
        Field::ALL.into_iter().filter(|field| !field.same(account, read)).collect();
    if found != by_field {
        return Some(format!("{found:?} differ, Field::same says {by_field:?}"));
    }
    (said != found).then(|| format!("said to change: {said:?}; changed: {found:?}"))
}

fn other_codes(account: &Account, read: &Account) -> Option<String> {
    let (otp, again) = match (&account.credential, &read.credential) {
        (Credential::Otp(otp), Credential::Otp(again)) => (otp, again),
        (Credential::NameOnly { reason }, Credential::NameOnly { reason: again }) => {
            return (reason != again).then(|| "another reason".to_owned());
        }
        _ => return Some("a secret came or went".to_owned()),
    };
    if otp != again {
        return Some(format!("another {}", what_differs(otp, again)));
    }
    let proof = proof::same(otp, again);
    let proved = match proof {
        // HMAC-MD5 has no code for three steps in sixteen, and long periods leave few steps.
        Ok(Proof::Codes(moments)) if otp.algorithm() == Algorithm::Md5 => {
            moments >= if otp.period() > Some(3600) { 1 } else { 8 }
        }
        Ok(Proof::Codes(moments)) => moments >= 20,
        Ok(Proof::Parameters) => {
            matches!(otp, Otp::Motp { pin: None, .. } | Otp::Yandex { pin: None, .. })
        }
        Err(proof::Differs) => false,
    };
    (!proved).then(|| format!("not proved: {proof:?}"))
}

fn what_differs(a: &Otp, b: &Otp) -> &'static str {
    match (a, b) {
        _ if a.kind() != b.kind() => "kind",
        _ if a.secret() != b.secret() => "secret",
        _ if a.algorithm() != b.algorithm() => "algorithm",
        _ if a.digits() != b.digits() => "number of digits",
        _ if a.period() != b.period() => "period",
        _ if a.counter() != b.counter() => "counter",
        _ => "PIN",
    }
}

/// The fields in which two accounts differ. Names every field of the model: a new one does not
/// compile until it is compared here.
fn differing(a: &Account, b: &Account) -> BTreeSet<Field> {
    let Account {
        credential: _,
        issuer,
        name,
        groups,
        note,
        favorite,
        icon,
        urls,
        created,
        modified,
        last_used,
        uses,
        trashed,
        device,
        user,
        origin: _,
        extra: _,
    } = a;
    let pairs = [
        (Field::Issuer, *issuer == b.issuer),
        (Field::Account, *name == b.name),
        (Field::Groups, *groups == b.groups),
        (Field::Note, *note == b.note),
        (Field::Favorite, *favorite == b.favorite),
        (Field::Icon, *icon == b.icon),
        (Field::Urls, *urls == b.urls),
        (Field::Created, *created == b.created),
        (Field::Modified, *modified == b.modified),
        (Field::LastUsed, *last_used == b.last_used),
        (Field::Uses, *uses == b.uses),
        (Field::Trashed, *trashed == b.trashed),
        (Field::Device, *device == b.device),
        (Field::User, *user == b.user),
    ];
    pairs.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

/// Reading a file and writing it again in the same format loses nothing of the accounts but what
/// is announced, and nothing that only the app knows.
#[test]
fn fixtures_survive_their_own_format() {
    let mut count = 0;
    let mut problems = Vec::new();
    for form in writers() {
        let id = form.format.info().id;
        let password = demanded(form.writing);
        for case in cases::of_format(Path::new(FIXTURES), id) {
            if case.expected["error"].is_null() {
                count += 1;
                let found = round_trip(&case, form, password.as_ref());
                problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", case.name)));
            }
        }
    }
    report(problems);
    assert!(count > 60, "only {count} files");
}

fn round_trip(case: &Case, form: Form, password: Option<&SecretText>) -> Vec<String> {
    let detected = case.detect().unwrap().info().id;
    assert_eq!(detected, form.format.info().id, "{}", case.name);
    let vault = case.decode(form.format).unwrap();
    let fits = form.fit(&vault.accounts);
    let mut pairs: Vec<(&Account, &Fit)> =
        vault.accounts.iter().zip(&fits).filter(|(_, fit)| fit.refused.is_none()).collect();
    form.arrange(&mut pairs, |(account, _)| account);
    let mut kept = vault.clone();
    kept.accounts = pairs.iter().map(|(account, _)| (*account).clone()).collect();
    if kept.accounts.is_empty() {
        return Vec::new();
    }
    let again = match written_and_read(form, &kept, password) {
        Ok(again) => again,
        Err(problem) => return vec![problem],
    };
    let mut problems = clean(&again);
    let fits = pairs.iter().map(|(_, fit)| *fit);
    if again.accounts.len() != kept.accounts.len() {
        problems.push(format!("{} accounts came back", again.accounts.len()));
    }
    for ((account, fit), read) in kept.accounts.iter().zip(fits).zip(&again.accounts) {
        problems.extend(compare(account, fit, read));
    }
    // Links have no place for what only the browser extension knows, and an update is of the codes alone.
    if !["authenticator-ext:text", "keycloak:update"].contains(&form.name().as_str()) {
        problems.extend(lost(&kept, &again));
    }
    problems
}

/// What only the app knew and is not there any more. A writer may add what its app demands.
fn lost(before: &Vault, after: &Vault) -> Vec<String> {
    let (before, after) = (known_to_the_app(before), known_to_the_app(after));
    let gone = before.iter().enumerate().filter(|(at, leaf)| {
        // An id that another entry has already is not kept: the app would mix them up.
        let repeated = leaf.0.ends_with("uuid") && before.iter().take(*at).any(|earlier| earlier.1 == leaf.1);
        !after.contains(leaf) && !repeated && !may_go(leaf)
    });
    gone.map(|(_, (path, value))| format!("lost what only the app knew: {path}: {value}")).collect()
}

/// Every single value of what only the app knows, with the path to it.
fn known_to_the_app(vault: &Vault) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    let accounts = vault.accounts.iter().enumerate();
    let extras = accounts.map(|(at, account)| (at.to_string(), &account.extra));
    for (place, extra) in extras.chain([("file".to_owned(), &vault.extra)]) {
        for (id, value) in extra {
            flatten(&format!("{place}/{id}"), value, &mut leaves);
        }
    }
    leaves
}

fn flatten(path: &str, value: &Value, leaves: &mut Vec<(String, Value)>) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| flatten(&format!("{path}/{at}"), item, leaves));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, field)| flatten(&format!("{path}/{key}"), field, leaves));
        }
        leaf => leaves.push((path.to_owned(), leaf.clone())),
    }
}

fn may_go((path, value): &(String, Value)) -> bool {
    match path.split_once('/').map_or("", |(_, path)| path) {
        // A mark of the first export, never needed.
        "google-migration/unique_id" => true,
        // Schemas 1 and 2 had brands, which both apps refuse in schema 4.
        "2fas/icon/selected" => value == "Brand",
        "2fas/icon/brand/id" => true,
        // The Android app takes no other than these words.
        // A table has either all of user, resolver and realm, or none of them.
        "privacyidea/realm" => true,
        // The user says in which profile tokens are enrolled.
        "okta-tokens/factorProfileId" => true,
        "2fas/otp/source" => value != "Link" && value != "Manual",
        _ => false,
    }
}
