//! `linotp`: the table of tokens that LinOTP loads, and two files of makers of tokens that it reads: the XML of
//! SafeNet (Aladdin) and the records of SafeWord.
//!
//! Source: `linotp/lib/ImportOTP/` (`oath.py`, `safenet.py`, `eTokenDat.py`).

mod safenet;
mod safeword;

use zeroize::Zeroizing;

use super::oath_csv::{self, Columns, Dialect};
use super::token::{self, Serials, Tokens};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Otp, Vault};
use crate::probe::Probe;

/// LinOTP.
pub(crate) struct LinOtp;

const ID: &str = "linotp";
const APP: &str = "LinOTP";

static INFO: Info = Info {
    id: ID,
    title: "LinOTP (OATH CSV, SafeNet, SafeWord)",
    aliases: &["safenet", "safeword"],
    extensions: &["csv", "xml", "dat"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "linotp-tokens.csv",
        encrypted_file_name: "linotp-tokens.csv",
        import_help: "In LinOTP's manage page, open Import Token File > OATH CSV and pick the file",
    }],
    export_help: "LinOTP gives no keys out; the maker of the tokens sends the file",
};

const CAPS: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 7, 8],
    periods: Periods::UpTo(u32::MAX),
    // The table has no column for it.
    max_counter: 0,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Device],
};

impl Format for LinOtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let Some(text) = probe.text().filter(|_| probe.json().is_none()) else { return Confidence::No };
        if safenet::is_own(text) || safeword::is_own(text) {
            return Confidence::Sure;
        }
        oath_csv::recognise(text, Dialect::LinOtp)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| decode(&text, ctx.limits)).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let mut serials = Serials::default();
        accounts.iter().map(|account| fit(account, &mut serials)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        Ok(vec![Part::new(table(&vault.accounts).as_bytes())])
    }
}

fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    match () {
        () if safenet::is_own(text) => safenet::decode(text, limits),
        () if safeword::is_own(text) => safeword::decode(text, limits),
        () => decode_oath(text, limits),
    }
}

fn decode_oath(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "OATH CSV", limits);
    for (at, line) in text.lines().enumerate() {
        let columns = Columns::of(line, 0);
        // A line whose serial number is this one letter is a comment.
        if line.trim().is_empty() || columns.serial == "#" {
            continue;
        }
        tokens.take(columns.read(Dialect::LinOtp), columns.name(), &Place::Line(at.saturating_add(1)))?;
    }
    Ok(tokens.finish())
}

fn fit(account: &Account, serials: &mut Serials) -> Fit {
    if CAPS.check(account).refused.is_none() && token::serial(account).is_empty() {
        return serials.check(Fit::default(), account, APP);
    }
    let fit =
        token::fit(&CAPS, account, || decode_oath(&table(std::slice::from_ref(account)), &Limits::default()));
    serials.check(fit, account, APP)
}

/// Each line says its hash: LinOTP guesses it otherwise.
fn table(accounts: &[Account]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(accounts.len().saturating_mul(160)));
    for (account, otp) in accounts.iter().filter_map(|account| Some((account, account.otp()?))) {
        let (kind, period) = match otp {
            Otp::Hotp { .. } => ("hotp", String::new()),
            _ => ("totp", otp.period().unwrap_or(30).to_string()),
        };
        let (serial, digits) = (token::serial(account), otp.digits());
        let hash = otp.algorithm().name().to_ascii_lowercase();
        let key = token::to_hex(otp);
        text.push_str(&format!("{serial}, {}, {kind}, {digits}, {period}, {hash}\n", key.as_str()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_says_its_hash() {
        let read = decode_oath("#\nT1, 0AFF\nT2, 0aff, totp, 8, 60, SHA256\n", &Limits::default()).unwrap();
        assert_eq!(
            table(&read.accounts).as_str(),
            "T1, 0aff, hotp, 6, , sha1\nT2, 0aff, totp, 8, 60, sha256\n"
        );
    }

    #[test]
    fn a_counter_has_no_place() {
        let mut account = decode_oath("T1, 0AFF", &Limits::default()).unwrap().accounts.remove(0);
        let code =
            |account: &Account| fit(account, &mut Serials::default()).refused.map(|refusal| refusal.code);
        assert_eq!(code(&account), None);
        let otp = account.otp().unwrap().clone().with_counter(7);
        account.credential = crate::model::Credential::Otp(otp);
        assert_eq!(code(&account), Some("unsupported-counter"));
    }
}
