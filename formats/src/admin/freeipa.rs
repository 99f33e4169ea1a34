//! `freeipa`: a list of commands that add OTP tokens to FreeIPA (Red Hat Identity Management), one a line.
//!
//! FreeIPA gives no keys out, so only such a list is read back: lines that are exactly a command with its
//! options, and nothing that a shell would have to work out. Its import of files is for PSKC, where a token belongs
//! to the admin who imports it until [`owner_lines`] are run.
//! Source: `ipaserver/plugins/otptoken.py` of FreeIPA.

use std::collections::HashSet;

use data_encoding::BASE32;
use zeroize::Zeroizing;

use super::token::{self, Tokens};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Draft, Kind, Number, Otp, Vault};
use crate::open::uri_list;
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::{base32, shell};

/// FreeIPA.
pub(crate) struct FreeIpa;

const ID: &str = "freeipa";
const APP: &str = "FreeIPA";
/// How each line begins.
const ADD: [&str; 2] = ["ipa", "otptoken-add"];

static INFO: Info = Info {
    id: ID,
    title: "FreeIPA (ipa otptoken-add)",
    aliases: &["ipa", "red-hat-idm"],
    extensions: &["sh"],
    reads_encrypted: false,
    unverified: Some("the commands, which were not run on a server"),
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "freeipa-tokens.sh",
        encrypted_file_name: "freeipa-tokens.sh",
        import_help: "After `kinit admin`, run `sh freeipa-tokens.sh` on a machine that only you use: while a command runs, other users of the \
            machine can see its key. Then delete the file",
    }],
    export_help: "FreeIPA gives no keys out; keep the commands that added the tokens",
};

const CAPS: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512],
    digits: &[6, 8],
    periods: Periods::Between(5, i32::MAX.unsigned_abs()),
    // Its numbers have 32 bits with a sign.
    max_counter: 0x7FFF_FFFF,
    secret_bytes: (1, 1024),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Note, Field::Device, Field::User],
};

impl Format for FreeIpa {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let first = probe.text().and_then(|text| uri_list::significant_lines(text).next());
        let is_command = first.is_some_and(|(_, line)| line.split_whitespace().take(ADD.len()).eq(ADD));
        if is_command { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| decode(&text, ctx.limits)).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let mut ids = HashSet::new();
        accounts.iter().map(|account| fit(&writing.caps, account, &mut ids)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let mut text = Zeroizing::new(String::with_capacity(vault.accounts.len().saturating_mul(300)));
        for account in &vault.accounts {
            text.push_str(&line(account));
        }
        Ok(vec![Part::new(text.as_bytes())])
    }
}

// --- reading

fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "commands", limits);
    for (number, line) in uri_list::significant_lines(text) {
        let words = shell::words(line);
        let token = words.as_deref().and_then(Options::of);
        // The name may be a key where the line is of another kind.
        let name = token.as_ref().map(|options| options.id).unwrap_or_default();
        let not_one =
            || Skip::new(Skip::NOT_AN_ACCOUNT, "the line is not a plain `ipa otptoken-add` command");
        let account = token.as_ref().ok_or_else(not_one).and_then(Options::read);
        tokens.take(account, name, &Place::Line(number))?;
    }
    Ok(tokens.finish())
}

/// A command, taken apart.
#[derive(Default)]
struct Options<'w> {
    id: &'w str,
    given: Vec<(&'w str, &'w str)>,
}

/// Options that are written.
const KNOWN: [&str; 11] =
    ["type", "owner", "desc", "vendor", "model", "serial", "key", "algo", "digits", "interval", "counter"];

impl<'w> Options<'w> {
    /// `None` when it is another command, has an option that is not known, or one twice.
    fn of(words: &'w [String]) -> Option<Self> {
        let (command, rest) = words.split_at_checked(ADD.len())?;
        let (id, options) = rest.split_first()?;
        if !command.iter().eq(ADD.iter()) || id.starts_with('-') {
            return None;
        }
        let mut read = Self { id, given: Vec::new() };
        for option in options.iter().filter(|option| *option != NO_QRCODE) {
            let (name, value) = option.strip_prefix("--")?.split_once('=')?;
            if !KNOWN.contains(&name) || read.given.iter().any(|(known, _)| *known == name) {
                return None;
            }
            read.given.push((name, value));
        }
        Some(read)
    }

    fn get(&self, wanted: &str) -> &'w str {
        self.given.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value)
    }

    fn read(&self) -> Result<Account, Skip> {
        let kind = match self.get("type") {
            "" | "totp" => Kind::Totp,
            "hotp" => Kind::Hotp,
            _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "FreeIPA has no token of this type")),
        };
        if self.get("key").is_empty() {
            return Err(Skip::new(Skip::NO_SECRET, "the command has no key: FreeIPA makes one at random"));
        }
        let otp = Draft {
            algorithm: Draft::read_algorithm(self.get("algo"))?,
            digits: Number::parse(self.get("digits")),
            period: Number::parse(self.get("interval")),
            counter: Number::parse(self.get("counter")),
            ..Draft::new(kind, base32::secret(self.get("key"))?)
        };
        let owner = self.get("owner");
        let mut account = token::account(otp.build()?, if owner.is_empty() { self.id } else { owner });
        account.user = Some(owner.to_owned()).filter(|owner| !owner.is_empty());
        self.get("desc").clone_into(&mut account.note);
        account.device = token::device(self.get("serial"), self.get("vendor"), self.get("model"));
        Ok(account)
    }
}

// --- writing

/// Keeps the code off the terminal.
const NO_QRCODE: &str = "--no-qrcode";

fn fit(caps: &Caps, account: &Account, ids: &mut HashSet<String>) -> Fit {
    // As a reader finds it in a file: control characters would make that no text.
    let read_again =
        || Input::new(line(account).as_bytes()).text().and_then(|text| decode(&text, &Limits::default()));
    let fit = token::fit(caps, account, read_again);
    if account.otp().is_some() && token_id(account).is_empty() {
        return Fit::refuse(
            "missing-device",
            "FreeIPA needs an id for every token, and this one has neither a serial number nor a name",
            "Give the account a name in the old app, and export again",
        );
    }
    if fit.refused.is_some() || ids.insert(token_id(account).to_lowercase()) {
        return fit;
    }
    Fit::refuse(
        "same-id",
        "FreeIPA takes an id of a token only once, and an earlier account has the same serial number or name",
        "Look which of the two is right, and give the other one its own serial number",
    )
}

/// What the token is called in FreeIPA: its serial number, else the person or the name.
fn token_id(account: &Account) -> &str {
    match token::serial(account) {
        "" => token::user(account).trim(),
        serial => serial,
    }
}

/// Who gets the token: nobody where the account is only called by its serial number.
fn owner(account: &Account) -> &str {
    let user = token::user(account);
    if account.user.is_none() && user == token::serial(account) { "" } else { user }
}

fn line(account: &Account) -> Zeroizing<String> {
    let Some(otp) = account.otp() else { return Zeroizing::new(String::new()) };
    let device = account.device.clone().unwrap_or_default();
    // Python's decoder takes no other than whole groups.
    let key = Zeroizing::new(BASE32.encode(otp.secret().expose()));
    let mut text =
        Zeroizing::new(format!("{} {} {}", ADD.join(" "), shell::quote(token_id(account)), NO_QRCODE));
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push(' ');
            text.push_str(&Zeroizing::new(
                shell::quote(&Zeroizing::new(format!("--{name}={value}"))).into_owned(),
            ));
        }
    };
    add("type", otp.kind().name());
    add("owner", owner(account));
    add("desc", &account.note);
    add("vendor", &device.manufacturer);
    add("model", &device.model);
    add("serial", device.serial.trim());
    add("algo", &otp.algorithm().name().to_lowercase());
    add("digits", &otp.digits().to_string());
    match otp {
        Otp::Hotp { counter, .. } => add("counter", &counter.to_string()),
        _ => add("interval", &otp.period().unwrap_or(30).to_string()),
    }
    add("key", &key);
    text.push('\n');
    text
}

/// Commands that give tokens to their owners, one a line: after an import of PSKC they belong to the admin who ran it.
/// Tokens of nobody have none. Holds no secret.
pub fn owner_lines(accounts: &[Account]) -> String {
    let line = |account: &Account| {
        let (id, owner) = (token_id(account), owner(account));
        if id.is_empty()
            || id.starts_with('-')
            || owner.is_empty()
            || id.contains(char::is_control)
            || owner.contains(char::is_control)
        {
            return None;
        }
        let owner = format!("--owner={owner}");
        Some(format!("ipa otptoken-mod {} {}\n", shell::quote(id), shell::quote(&owner)))
    };
    accounts.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "ipa otptoken-add T1 --no-qrcode --type=totp --owner=maria '--desc=red one' --vendor=Acme '--model=T1 \"blue\"' \
        --serial=T1 --algo=sha256 --digits=8 --interval=60 --key=JBSWY3DP\n\
        ipa otptoken-add T2 --no-qrcode --type=hotp '--owner=o'\\''neil' --serial=T2 --algo=sha1 --digits=6 --counter=7 --key=AEBAGBA=\n\
        ipa otptoken-add T3 --no-qrcode --type=totp --serial=T3 --algo=sha1 --digits=6 --interval=30 --key=AEBAGBA=\n";

    fn read(text: &str) -> Vault {
        decode(text, &Limits::default()).unwrap()
    }

    #[test]
    fn lines_are_written_as_they_are_read() {
        let vault = read(LINES);
        let written: String = vault.accounts.iter().map(|account| line(account).to_string()).collect();
        assert_eq!(written, LINES);
        let names: Vec<_> = vault.accounts.iter().map(|a| (a.name.as_str(), a.user.as_deref())).collect();
        assert_eq!(names, [("maria", Some("maria")), ("o'neil", Some("o'neil")), ("T3", None)]);
        assert_eq!(vault.accounts[0].note, "red one");
    }

    #[test]
    fn owners_get_their_tokens() {
        assert_eq!(
            owner_lines(&read(LINES).accounts),
            "ipa otptoken-mod T1 --owner=maria\nipa otptoken-mod T2 '--owner=o'\\''neil'\n"
        );
    }

    #[test]
    fn only_whole_commands_are_read() {
        let key = "--key=JBSWY3DP";
        let lines = [
            format!("ipa otptoken-add T1 {key}; reboot"),
            format!("ipa otptoken-add {key}"),
            format!("ipa otptoken-add T1 {key} --owner=$USER"),
            format!("ipa otptoken-add T1 {key} {key}"),
            format!("ipa otptoken-add T1 {key} --offset=3"),
            format!("ipa otptoken-mod T1 {key}"),
            format!("ipa otptoken-add T1 T2 {key}"),
        ];
        let vault = read(&lines.join("\n"));
        assert_eq!(vault.accounts.len(), 0);
        assert!(
            vault.skipped.iter().all(|item| item.code == Skip::NOT_AN_ACCOUNT && item.account.is_empty())
        );
        assert_eq!(read("ipa otptoken-add T1").skipped[0].code, Skip::NO_SECRET);
        assert_eq!(read(&format!("ipa otptoken-add T1 {key}")).accounts[0].otp().unwrap().digits(), 6);
    }

    #[test]
    fn ids_are_taken_once_and_are_no_options() {
        let mut accounts = read(LINES).accounts;
        let named = |account: &Account, name: &str| Account {
            device: None,
            user: None,
            name: name.to_owned(),
            ..account.clone()
        };
        accounts.extend(["t1", "", "-x", "two\nlines", "bob"].map(|name| named(&accounts[2], name)));
        let fits = FreeIpa.fit(&INFO.write[0], &accounts);
        let codes: Vec<_> = fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect();
        assert_eq!(
            codes,
            [
                None,
                None,
                None,
                Some("same-id"),
                Some("missing-device"),
                Some("not-expressible"),
                Some("not-expressible"),
                None
            ]
        );
    }
}
