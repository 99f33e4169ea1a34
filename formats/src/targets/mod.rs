//! Apps, tokens and services that accounts can be moved to: what each shows, how accounts get in, and what goes
//! wrong on the way.
//!
//! The facts are data, in `formats/targets.toml`: they are what people and source code said on a date, so each has its
//! source and its date, and every text that is made of one ends with that date. A row is one app, or one app on one
//! platform where the platforms differ.
//!
//! ```
//! use otpferry_formats::targets::{self, Means};
//!
//! let found = targets::find("google-authenticator@ios").unwrap();
//! assert_eq!(found.name(), "google-authenticator@ios");
//! assert_eq!(found.target.bulk_route().unwrap().by, Means::MigrationQr);
//! ```

mod as_of;
mod explain;
mod find;
mod judge;
mod numbers;
mod route;
#[cfg(test)]
mod tests;
mod trap;

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::{Algorithm, Kind};

pub use as_of::AsOf;
pub use explain::{Explanation, Fate, FileFate, Outcome, explain};
pub use find::{FindError, Found, find};
pub use judge::{Judgement, Remark, Verdict};
pub use numbers::Numbers;
pub use route::{Import, Means, Opens, Route};
pub use trap::{Effect, Instead, Limits, Repeated, Trap, When};

const TABLE: &str = include_str!("../../targets.toml");

/// A test proves that the table can be read; a program that could not read it would know no target.
static ALL: LazyLock<Vec<Target>> =
    LazyLock::new(|| toml::from_str::<Table>(TABLE).map(|table| table.target).unwrap_or_default());

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    target: Vec<Target>,
}

/// Every row, in order of id and platform.
pub fn all() -> &'static [Target] {
    &ALL
}

/// What an app runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Phones and tablets with Android.
    Android,
    /// iPhones and iPads.
    Ios,
    /// Windows, macOS, Linux.
    Desktop,
    /// In a browser, or on a server that is used through one.
    Web,
    /// A hardware key or token.
    Key,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Self; 5] = [Self::Android, Self::Ios, Self::Desktop, Self::Web, Self::Key];

    /// What stands behind the `@`: `android`, `ios`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Desktop => "desktop",
            Self::Web => "web",
            Self::Key => "key",
        }
    }

    /// How it is called in a sentence: `Android`, `iPhone`, ...
    pub fn title(self) -> &'static str {
        match self {
            Self::Android => "Android",
            Self::Ios => "iPhone",
            Self::Desktop => "computer",
            Self::Web => "web",
            Self::Key => "hardware key",
        }
    }

    /// Reads a name in any case, and what people call these platforms.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "android" => Some(Self::Android),
            "ios" | "iphone" | "ipad" | "ipados" => Some(Self::Ios),
            "desktop" | "computer" | "windows" | "mac" | "macos" | "linux" => Some(Self::Desktop),
            "web" | "browser" | "server" => Some(Self::Web),
            "key" | "token" | "hardware" => Some(Self::Key),
            _ => None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an app shows right codes for. `None` where nobody said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Holds {
    /// Kinds of account.
    #[serde(deserialize_with = "kinds", serialize_with = "displayed_or_none")]
    pub kinds: Option<Vec<Kind>>,
    /// Hashes of TOTP and HOTP accounts.
    #[serde(deserialize_with = "algorithms", serialize_with = "displayed_or_none")]
    pub algorithms: Option<Vec<Algorithm>>,
    /// Lengths of TOTP and HOTP codes.
    pub digits: Option<Numbers>,
    /// TOTP periods in seconds.
    pub periods: Option<Numbers>,
    /// Whether it takes what it cannot show without a word.
    pub silently: bool,
}

/// One app, on one platform where its platforms differ.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Stable id: lower case, the vendor's own name. Several rows have it where platforms differ.
    pub id: String,
    /// Name as its users know it.
    pub title: String,
    /// Other names that [`find`] takes.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Where these facts hold.
    pub platforms: Vec<Platform>,
    /// Why nobody should move to it, as a sentence without a final stop.
    #[serde(default)]
    pub avoid: Option<String>,
    /// The oldest version that these facts are about.
    #[serde(default)]
    pub min_version: Option<String>,
    /// What it shows.
    #[serde(default)]
    pub holds: Holds,
    /// How accounts get in, the best way first.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Formats of which its own importer opens files; `None` where nobody said.
    #[serde(default)]
    pub opens: Option<Vec<Opens>>,
    /// Whether it opens others as well, which nobody listed.
    #[serde(default)]
    pub opens_more: bool,
    /// What goes wrong on the way in.
    #[serde(default)]
    pub traps: Vec<Trap>,
    /// What goes wrong on the way out, by the format that is written.
    #[serde(default)]
    pub exports: Vec<Trap>,
    /// Where the facts of this row were found.
    pub source: Vec<String>,
    /// When they were found.
    pub checked: AsOf,
}

impl Target {
    /// The id, with the platform where the app has several rows: `google-authenticator@ios`, `aegis`.
    pub fn name(&self) -> String {
        match self.only_platform() {
            Some(platform) => format!("{}@{platform}", self.id),
            None => self.id.clone(),
        }
    }

    /// The title, with the platform where the app has several rows: `Google Authenticator (iPhone)`.
    pub fn full_title(&self) -> String {
        match self.only_platform() {
            Some(platform) => format!("{} ({})", self.title, platform.title()),
            None => self.title.clone(),
        }
    }

    /// What sets this row apart from others of the same app.
    fn only_platform(&self) -> Option<Platform> {
        let has_siblings = all().iter().filter(|row| row.id == self.id).nth(1).is_some();
        self.platforms.first().copied().filter(|_| has_siblings)
    }

    /// The first way in by these means.
    pub fn route(&self, by: Means) -> Option<&Route> {
        self.routes.iter().find(|route| route.by == by)
    }

    /// The best way in for many accounts at once that otpferry can write: a file or transfer QR codes.
    pub fn bulk_route(&self) -> Option<&Route> {
        self.routes.iter().find(|route| route.by.is_bulk() && route.form().is_some())
    }

    /// What its traps say about lengths and numbers.
    pub fn limits(&self) -> Limits {
        Limits::of(&self.traps)
    }
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Kind>>, D::Error> {
    words(deserializer, Kind::parse).map(Some)
}

fn algorithms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Algorithm>>, D::Error> {
    words(deserializer, algorithm).map(Some)
}

/// Only the canonical name, so that the table is written in one way.
fn algorithm(word: &str) -> Option<Algorithm> {
    Algorithm::parse(word).filter(|known| known.name() == word)
}

/// A list of names of the model, each of which has to be known.
fn words<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, D::Error> {
    let known = |word: &String| parse(word).ok_or_else(|| de::Error::custom(format!("unknown name {word}")));
    Vec::<String>::deserialize(deserializer)?.iter().map(known).collect()
}

fn displayed_or_none<T: fmt::Display, S: Serializer>(
    list: &Option<Vec<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    list.as_ref().map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>()).serialize(serializer)
}
