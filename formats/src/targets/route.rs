//! How accounts get into an app.

use serde::{Deserialize, Serialize};

use crate::format::Form;
use crate::registry;

/// By what an account travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// A file with many accounts.
    File,
    /// Transfer QR codes of Google Authenticator, with several accounts each.
    MigrationQr,
    /// One QR code for each account.
    Qr,
    /// The key is typed.
    Manual,
}

impl Means {
    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::MigrationQr => "migration-qr",
            Self::Qr => "qr",
            Self::Manual => "manual",
        }
    }

    /// Whether many accounts go at once.
    pub fn is_bulk(self) -> bool {
        matches!(self, Self::File | Self::MigrationQr)
    }
}

/// A way in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// By what.
    pub by: Means,
    /// What otpferry writes for it, as `-t` calls it: `aegis`, `keepass:xml`. `None` where it writes nothing.
    #[serde(default, rename = "form", skip_serializing_if = "Option::is_none")]
    pub form_name: Option<String>,
    /// Where to tap, as a sentence without a final stop.
    pub how: String,
    /// Most accounts in one QR code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u32>,
}

impl Route {
    /// What otpferry writes for it.
    pub fn form(&self) -> Option<Form> {
        let (format, form) = split(self.form_name.as_deref()?);
        registry::by_name(format).and_then(|format| Form::named(format, form))
    }

    /// How the importer meets what otpferry writes for it: plain, or encrypted.
    pub fn import(&self, encrypted: bool) -> Import<'_> {
        let own = self.form_name.as_deref().map_or("", |name| split(name).0);
        let format = match self.by {
            Means::File => own,
            Means::MigrationQr => "google-migration",
            Means::Qr => "otpauth",
            Means::Manual => "",
        };
        Import { by: self.by, format, encrypted, lower_case: Some(false) }
    }
}

fn split(form: &str) -> (&str, &str) {
    form.split_once(':').unwrap_or((form, ""))
}

/// What an app's own importer gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import<'a> {
    /// By what.
    pub by: Means,
    /// Id of the file's format: `aegis`. Links in QR codes are `otpauth`.
    pub format: &'a str,
    /// Whether the file is under a password.
    pub encrypted: bool,
    /// Whether algorithms are in small letters (`sha256`), where known. otpferry writes capitals.
    pub lower_case: Option<bool>,
}

impl<'a> Import<'a> {
    /// A file, or transfer QR codes where the format is those.
    pub fn of(format: &'a str, encrypted: bool) -> Self {
        let by = if format == "google-migration" { Means::MigrationQr } else { Means::File };
        Self { by, format, encrypted, lower_case: None }
    }
}

/// Files that an app's own importer opens: `aegis`, or `aegis encrypted` where they are under a password.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Opens {
    /// Format id.
    pub format: String,
    /// Under a password.
    pub encrypted: bool,
}

impl TryFrom<String> for Opens {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (format, encrypted) = match text.strip_suffix(" encrypted") {
            Some(format) => (format, true),
            None => (text.as_str(), false),
        };
        match registry::by_name(format) {
            Some(known) if known.info().id == format => Ok(Self { format: format.to_owned(), encrypted }),
            _ => Err(format!("not the id of a format: {format}")),
        }
    }
}

impl From<Opens> for String {
    fn from(opens: Opens) -> Self {
        match opens.encrypted {
            true => format!("{} encrypted", opens.format),
            false => opens.format,
        }
    }
}
