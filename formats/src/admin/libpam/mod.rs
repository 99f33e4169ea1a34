//! `google-authenticator-libpam`: the file `~/.google_authenticator` of the PAM module, and a zip of such
//! files, each called by the login name of its user.
//!
//! A file holds a secret and no name: that is the folder it lies in, or what it is called where the module
//! keeps the files of all users in one folder (`secret=/var/lib/google-auth/${USER}`).

mod state;

use std::collections::HashSet;

use serde_json::Value;
use zeroize::Zeroizing;

use super::token::{self, Tokens};
use crate::caps::{Caps, Fit, Groups, Periods};
use crate::container::zip::{self, Archive};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::encoding;
use state::State;

/// The PAM module.
pub(crate) struct Libpam;

const ID: &str = "google-authenticator-libpam";
const APP: &str = "The PAM module";

/// What the module looks for in a home folder.
const FILE_NAME: &str = ".google_authenticator";
/// The form of one file.
const FILE: &str = "file";
/// The folder in the zip that otpferry writes.
const ROOT: &str = "google-authenticator/";
/// The module reads no longer file.
const MOST_BYTES: u64 = 64 << 10;
/// Most bytes of a file name on Linux, less the mark of the module's new file.
const NAME_BYTES: usize = 254;

static INFO: Info = Info {
    id: ID,
    title: "Google Authenticator PAM module",
    aliases: &["libpam", "pam-google-authenticator"],
    extensions: &["google_authenticator", "zip"],
    reads_encrypted: false,
    unverified: None,
    write: &[
        Writing {
            form: "zip",
            caps: CAPS,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "google-authenticator.zip",
            encrypted_file_name: "google-authenticator.zip",
            import_help: "Unpack the zip into a folder of root, each file owned by root with mode 0600, and give \
                pam_google_authenticator `user=root secret=FOLDER/${USER}`; or put each file into the home folder of its user, \
                who owns it, as .google_authenticator",
        },
        Writing {
            form: FILE,
            caps: CAPS,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: FILE_NAME,
            encrypted_file_name: FILE_NAME,
            import_help: "Put the file into the home folder of the user, who owns it, with mode 0600",
        },
    ],
    export_help: "Give the file .google_authenticator of a home folder, or those that `secret=` of pam_google_authenticator names",
};

const CAPS: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1],
    digits: &[6],
    periods: Periods::UpTo(60),
    max_counter: u64::MAX >> 1,
    // In base32 they leave room for the options and what the module notes.
    secret_bytes: (1, 32 << 10),
    needs_pin: false,
    groups: Groups::None,
    fields: &[],
};

impl Format for Libpam {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(names) = probe.zip_names() {
            return recognise_zip(probe.bytes(), names);
        }
        let is_state = probe.text().is_some_and(is_plain_state);
        if is_state { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx.limits).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        if writing.form == FILE { fit_file(accounts) } else { fit_zip(accounts) }
    }

    fn encode(&self, writing: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let files = vault.accounts.iter().map(|account| (login(account), content(account)));
        if writing.form == FILE {
            return Ok(files.map(|(_, text)| Part::new(text.as_bytes())).take(1).collect());
        }
        let members: Vec<_> = files.map(|(login, text)| (format!("{ROOT}{login}"), text)).collect();
        let members = members.iter().map(|(name, text)| (name.as_str(), text.as_bytes()));
        Ok(vec![Part(zip::write_plain(members)?)])
    }
}

fn is_plain_state(text: &str) -> bool {
    State::parse(text).is_some_and(|state| state.is_plain())
}

/// Told by the names of its files, else by the first of them.
fn recognise_zip(bytes: &[u8], names: &[String]) -> Confidence {
    let mut files = files_in(names).peekable();
    let Some(first) = files.peek().copied() else { return Confidence::No };
    if files.all(|name| name.starts_with(ROOT) || last_of(name) == FILE_NAME) {
        return Confidence::Sure;
    }
    let limits = Limits { bytes: MOST_BYTES, ..Limits::default() };
    let content = Archive::open(bytes).ok().and_then(|mut archive| archive.read(first, &limits).ok());
    let text = content.as_deref().and_then(|content| encoding::decode(content));
    if text.is_some_and(|text| is_plain_state(&text)) { Confidence::Likely } else { Confidence::No }
}

fn files_in(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str).filter(|name| !name.ends_with('/'))
}

fn last_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

// --- reading

fn decode(input: &Input<'_>, limits: &Limits) -> Result<Vault, Error> {
    if zip::sniff(input.bytes) {
        return decode_zip(input.bytes, limits);
    }
    let mut tokens = Tokens::new(ID, "file of a user", limits);
    take(&input.text()?, input.name.unwrap_or_default(), &mut tokens)?;
    let vault = tokens.finish();
    match vault.skipped.first() {
        Some(item) if item.code == Skip::NOT_AN_ACCOUNT => Err(Error::malformed(NO_STATE)
            .at(Place::Line(1))
            .next_step("Give the file .google_authenticator as it is in the home folder")),
        _ => Ok(vault),
    }
}

const NO_STATE: &str = "it is not a secret with options of the PAM module below it";

fn decode_zip(bytes: &[u8], limits: &Limits) -> Result<Vault, Error> {
    let mut archive = Archive::open(bytes)?;
    let names: Vec<String> = files_in(archive.names()).map(str::to_owned).collect();
    limits.check_accounts(names.len())?;
    let mut tokens = Tokens::new(ID, "zip of files", limits);
    // All members together are held to the limit of one file: they can be packed very small.
    let mut left = limits.clone();
    for name in &names {
        let damaged = |message: &str| Err(Skip::new(Skip::DAMAGED, message));
        let bytes = match archive.read(name, &left) {
            Ok(bytes) => bytes,
            Err(error) if error.kind == ErrorKind::Limit => return Err(error),
            Err(error) => {
                tokens.take(damaged(&error.message), name, &Place::Line(1))?;
                continue;
            }
        };
        left.bytes = left.bytes.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        match encoding::decode(&bytes) {
            Some(text) => take(&text, name, &mut tokens)?,
            None => tokens.take(damaged("the file is not a text"), name, &Place::Line(1))?,
        }
    }
    Ok(tokens.finish())
}

/// Takes the file at this path.
fn take(text: &str, path: &str, tokens: &mut Tokens<'_>) -> Result<(), Error> {
    let place = Place::Line(1);
    let Some(state) = State::parse(text) else {
        return tokens.take(Err(Skip::new(Skip::NOT_AN_ACCOUNT, NO_STATE)), path, &place);
    };
    let login = login_of(path);
    let settings = state.settings();
    let account = state.otp().map(|otp| {
        let mut account = token::account(otp, login);
        account.extra.insert(ID.to_owned(), Value::Object(settings));
        account
    });
    let is_account = account.is_ok();
    tokens.take(account, if login.is_empty() { path } else { login }, &place)?;
    if !is_account {
        return Ok(());
    }
    if state.scratch_codes > 0 {
        tokens.warn_of_last(
            "scratch-codes-left-behind",
            &format!("its codes for emergencies ({}) are not carried over", state.scratch_codes),
            "Keep the old file, or make new ones on the new system, before the user needs one",
        );
    }
    if let Some(why) = state.why_not_in_use() {
        tokens.warn_of_last("not-in-use", why, "Compare a code with that of the user's phone");
    }
    Ok(())
}

/// The user whose file it is, by where it lies; empty where that does not say it.
fn login_of(path: &str) -> &str {
    let (above, last) = path.rsplit_once('/').unwrap_or(("", path));
    let login = match last {
        FILE_NAME => last_of(above),
        // Named by a person, not by the module.
        other if other.ends_with(FILE_NAME) || other.ends_with(".txt") => "",
        other => other,
    };
    if is_login(login) { login } else { "" }
}

// --- writing

/// What can be a file's name and a user's, and is no path, option or hidden file.
fn is_login(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._-@+$".contains(c);
    text.len() <= NAME_BYTES
        && text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && text.chars().all(is_plain)
        // A name of its own to the reader.
        && !text.ends_with(FILE_NAME)
        && !text.ends_with(".txt")
}

/// The login name: the assigned person, else the name. The tool of the module calls an account
/// `login@host`, with the host as the issuer.
fn login(account: &Account) -> &str {
    let name = token::user(account);
    let at_host = name.strip_suffix(account.issuer.as_str()).and_then(|name| name.strip_suffix('@'));
    at_host.filter(|login| !account.issuer.is_empty() && !login.is_empty()).unwrap_or(name)
}

fn content(account: &Account) -> Zeroizing<String> {
    account.otp().map(|otp| state::write(account, otp)).unwrap_or_default()
}

fn fit(account: &Account, path: &str) -> Fit {
    let fit = CAPS.check(account);
    if fit.refused.is_none() && account.otp().and_then(crate::model::Otp::counter) == Some(0) {
        // To say 1 in its place would let the codes that follow fail or succeed by chance.
        return Fit::refuse(
            "unsupported-counter",
            format!("{APP} counts from 1, and takes no code with a counter of 0"),
            "Ask for one code in the app, which counts up by that, and export again",
        );
    }
    token::fit(&CAPS, account, || {
        let limits = Limits::default();
        let mut tokens = Tokens::new(ID, "", &limits);
        take(&content(account), path, &mut tokens)?;
        Ok(tokens.finish())
    })
}

/// A file is for one user: which of several is meant is not guessed.
fn fit_file(accounts: &[Account]) -> Vec<Fit> {
    let fits: Vec<Fit> = accounts.iter().map(|account| fit(account, "")).collect();
    if fits.iter().filter(|fit| fit.refused.is_none()).count() < 2 {
        return fits;
    }
    let refuse = |fit: Fit| match fit.refused {
        Some(_) => fit,
        None => Fit::refuse(
            "one-account-only",
            "A file .google_authenticator holds one account, and there are several",
            "Choose one with --only, or write a file for each user with -t google-authenticator-libpam:zip",
        ),
    };
    fits.into_iter().map(refuse).collect()
}

fn fit_zip(accounts: &[Account]) -> Vec<Fit> {
    let mut taken = HashSet::new();
    let fit_one = |account: &Account| {
        let login = login(account);
        let fit = fit(account, &format!("{ROOT}{login}"));
        match fit.refused {
            Some(_) => fit,
            None if !is_login(login) => token::bad_login(
                "A file is called by the login name of its user, and this account has none that can be a file's name",
            ),
            // Some file systems do not tell capitals apart.
            None if !taken.insert(login.to_lowercase()) => Fit::refuse(
                "same-login",
                format!("{APP} knows one account for each user, and an earlier one is of the same"),
                "Choose with --only and --exclude which of the two the user signs in with",
            ),
            None => fit,
        }
    };
    accounts.iter().map(fit_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::format::Form;
    use crate::testing;

    const TEXT: &str = "CANARYALPHACANARYALPHACANARYALPH\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n";

    fn read(text: &str, path: &str) -> Account {
        let input = Input::new(text.as_bytes()).with_name(Some(path));
        decode(&input, &Limits::default()).unwrap().accounts.remove(0)
    }

    fn named(name: &str) -> Account {
        Account { name: name.to_owned(), ..read(TEXT, "") }
    }

    fn codes(form: &str, accounts: &[Account]) -> Vec<Option<&'static str>> {
        let fits = Form::named(&Libpam, form).unwrap().fit(accounts);
        fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect()
    }

    #[test]
    fn the_path_names_the_user() {
        for (path, login) in [
            ("", ""),
            (".google_authenticator", ""),
            ("maria/.google_authenticator", "maria"),
            ("home/maria.lee/.google_authenticator", "maria.lee"),
            ("google-auth/maria.lee", "maria.lee"),
            ("maria", "maria"),
            ("backup.google_authenticator", ""),
            ("maria.txt", ""),
            ("../.google_authenticator", ""),
        ] {
            assert_eq!(login_of(path), login, "{path}");
        }
    }

    #[test]
    fn a_zip_has_a_file_for_each_user() {
        let mut host = named("ole@host");
        host.issuer = "host".to_owned();
        let accounts = vec![named("maria"), host];
        let vault = Vault { accounts, ..Vault::default() };
        let form = Form::named(&Libpam, "").unwrap();
        let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).unwrap();
        let mut archive = Archive::open(&parts[0].0).unwrap();
        assert_eq!(archive.names(), ["google-authenticator/maria", "google-authenticator/ole"]);
        let content = archive.read("google-authenticator/maria", &Limits::default()).unwrap();
        assert_eq!(content.as_slice(), TEXT.as_bytes());
    }

    #[test]
    fn a_login_is_a_safe_name_that_is_there_once() {
        let accounts = ["maria", "Maria", "../x", "a b", "", ".x", "-x", "maria@host.example"].map(named);
        assert_eq!(
            codes("zip", &accounts),
            [
                None,
                Some("same-login"),
                Some("bad-login"),
                Some("bad-login"),
                Some("bad-login"),
                Some("bad-login"),
                Some("bad-login"),
                None
            ]
        );
    }

    #[test]
    fn a_file_is_for_one_account() {
        assert_eq!(codes(FILE, &[named("a b")]), [None]);
        assert_eq!(codes(FILE, &[named("ann"), named("bob")]), [Some("one-account-only"); 2]);
        let long = read(&TEXT.replace("TOTP_AUTH", "STEP_SIZE 90"), "");
        assert_eq!(codes(FILE, &[named("ann"), long]), [None, Some("unsupported-period")]);
    }

    #[test]
    fn a_counter_of_0_is_not_bent() {
        let counter =
            |number: u32| read(&TEXT.replace("TOTP_AUTH", &format!("HOTP_COUNTER {number}")), "ann");
        assert_eq!(codes("zip", &[counter(0)]), [Some("unsupported-counter")]);
        assert_eq!(codes("zip", &[counter(1)]), [None]);
    }

    #[test]
    fn what_is_no_state_file_is_an_error_alone_and_an_entry_in_a_zip() {
        let error = decode(&Input::new(b"CANARYALPHA\n12345678\n"), &Limits::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
        let members = [("maria", TEXT.as_bytes()), ("readme", b"hello".as_slice()), ("noise", &[0, 1, 2, 0])];
        let zip = zip::write_plain(members.into_iter()).unwrap();
        let vault = decode(&Input::new(&zip), &Limits::default()).unwrap();
        let skipped: Vec<_> = vault.skipped.iter().map(|item| item.code.as_str()).collect();
        assert_eq!((vault.accounts.len(), skipped), (1, vec![Skip::NOT_AN_ACCOUNT, Skip::DAMAGED]));
    }
}
