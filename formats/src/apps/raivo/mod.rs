//! Raivo OTP (iPhone and Mac): the JSON of its export, and the encrypted zip around it.
//!
//! The zip holds the same accounts twice, as JSON and as a page for people; the page is read where
//! it is all that is left. In the JSON every value is a text.
//! Source: the app's `DataExportFeature`, `DataImportFeature` and `single-password.html`.

mod read;
#[cfg(test)]
mod tests;
mod write;

use crate::caps::{Caps, Field, Groups, Periods};
use crate::container::zip;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Algorithm, Kind, Vault};
use crate::probe::{Node, Probe};
use crate::text::html;

/// Raivo OTP.
pub(crate) struct Raivo;

const ID: &str = "raivo";

static INFO: Info = Info {
    id: ID,
    title: "Raivo OTP",
    aliases: &["raivo-otp"],
    extensions: &["zip", "json", "html"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Optional,
        any_password: true,
        carrier: Carrier::File,
        file_name: JSON_NAME,
        encrypted_file_name: "raivo-otp-export.zip",
        import_help: "In Raivo OTP, open Settings > Import OTPs from ZIP archive and pick the encrypted \
            file; 2FAS, Ente and Bitwarden Authenticator take the plain one as an export of Raivo",
    }],
    export_help: "In Raivo OTP, open Settings > Export OTPs to ZIP archive; the password is the master \
        password, not the PIN",
};

const CAPS: Caps = Caps {
    app: "Raivo OTP",
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 7, 8],
    periods: Periods::UpTo(u32::MAX),
    // The app keeps it in a signed 64-bit number, and reads more as 0.
    max_counter: u64::MAX >> 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Favorite],
};

/// The members of the zip.
const JSON_NAME: &str = "raivo-otp-export.json";
const HTML_NAME: &str = "raivo-otp-export.html";
/// Title of the page.
const HTML_TITLE: &str = "Raivo OTP";
/// Heading of the page.
const HTML_HEADING: &str = "Raivo OTP data export";

impl Format for Raivo {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(names) = probe.zip_names() {
            let has = |name: &str| names.iter().any(|known| known == name);
            return if has(JSON_NAME) || has(HTML_NAME) { Confidence::Sure } else { Confidence::No };
        }
        match (probe.json(), probe.text()) {
            (Some(Node::Array(Some(first))), _) => recognise(first),
            (None, Some(text)) if is_page(text) => Confidence::Sure,
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let json = write::encode(vault).map_err(|error| error.in_format(ID))?;
        let Some(password) = ctx.new_password else {
            return Ok(vec![Part(json)]);
        };
        let bytes = zip::write_aes(JSON_NAME, &json, password, ctx).map_err(|error| error.in_format(ID))?;
        Ok(vec![Part(bytes)])
    }
}

/// `timer` and the icon are Raivo's own words; one of them is enough in a text that broke off.
fn recognise(first: &Node) -> Confidence {
    let is_text = |name: &&str| first.get(name).and_then(Node::text).is_some();
    match ["timer", "iconType", "iconValue"].iter().filter(|name| is_text(name)).count() {
        0 => Confidence::No,
        3 if is_text(&"kind") && is_text(&"secret") => Confidence::Sure,
        _ => Confidence::Likely,
    }
}

fn is_page(text: &str) -> bool {
    html::sniff(text)
        && (html::title(text).as_deref() == Some(HTML_TITLE)
            || html::elements(text, &["h1"]).iter().any(|heading| heading.text() == HTML_HEADING))
}
