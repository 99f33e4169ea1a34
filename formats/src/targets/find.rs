//! Finding a target by what people call it.

use std::fmt;

use super::{Platform, Target, all};

/// A row of the table, and the platform that was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The row.
    pub target: &'static Target,
    /// The platform that was named, or the only one there is.
    pub platform: Option<Platform>,
}

impl Found {
    /// The id with the platform where one is meant: `microsoft-authenticator@ios`, `aegis@android`.
    pub fn name(&self) -> String {
        match self.platform {
            Some(platform) => format!("{}@{platform}", self.target.id),
            None => self.target.id.clone(),
        }
    }
}

/// Why no single row was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindError {
    /// No app is called so.
    Unknown {
        /// The names that look most like it, the nearest first.
        nearest: Vec<String>,
    },
    /// The app differs by platform, and none was named.
    WhichPlatform {
        /// The app.
        title: String,
        /// The names to choose from: `google-authenticator@android`.
        choices: Vec<String>,
    },
    /// The app is not known on that platform.
    NotOnPlatform {
        /// The app.
        title: String,
        /// The names to choose from.
        choices: Vec<String>,
    },
}

impl FindError {
    /// The names to choose from.
    pub fn choices(&self) -> &[String] {
        match self {
            Self::Unknown { nearest } => nearest,
            Self::WhichPlatform { choices, .. } | Self::NotOnPlatform { choices, .. } => choices,
        }
    }

    /// What to do, as a sentence without a final stop.
    pub fn next_step(&self) -> String {
        match self.choices() {
            [] => "`otpferry targets` lists what can be named".to_owned(),
            [one] => format!("Did you mean {one}? `otpferry targets` lists all names"),
            several => format!("Choose one of {}", several.join(", ")),
        }
    }
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { .. } => f.write_str("no target has that name"),
            Self::WhichPlatform { title, .. } => write!(f, "{title} differs between platforms"),
            Self::NotOnPlatform { title, .. } => write!(f, "{title} is not known on that platform"),
        }
    }
}

impl std::error::Error for FindError {}

/// The target of that name: an id, a title or an alias in any case, with `@android`, `@ios`, `@desktop`, `@web` or
/// `@key` behind it where a platform is meant.
///
/// # Errors
/// When there is none, or more than one: with the names to choose from.
pub fn find(name: &str) -> Result<Found, FindError> {
    let (app, platform) = match name.rsplit_once('@') {
        Some((app, platform)) => (plain(app), Some(platform)),
        None => (plain(name), None),
    };
    let rows: Vec<&'static Target> = all().iter().filter(|row| is_called(row, &app)).collect();
    match (rows.as_slice(), platform) {
        ([], _) => Err(FindError::Unknown { nearest: nearest(&app) }),
        (rows, Some(text)) => {
            let platform = Platform::parse(text);
            let on =
                |row: &&&'static Target| platform.is_some_and(|platform| row.platforms.contains(&platform));
            match rows.iter().find(on) {
                Some(target) => Ok(Found { target, platform }),
                None => Err(FindError::NotOnPlatform { title: title(rows), choices: choices(rows) }),
            }
        }
        ([target], None) => {
            let only = target.platforms.first().copied().filter(|_| target.platforms.len() == 1);
            Ok(Found { target, platform: only })
        }
        (rows, None) => Err(FindError::WhichPlatform { title: title(rows), choices: choices(rows) }),
    }
}

/// Small letters, and one hyphen for what separates words.
fn plain(name: &str) -> String {
    let words =
        name.split(|c: char| c.is_whitespace() || c == '_' || c == '-').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

fn is_called(row: &Target, name: &str) -> bool {
    names(row).any(|other| plain(other) == name)
}

fn names(row: &Target) -> impl Iterator<Item = &str> {
    [&row.id, &row.title].into_iter().chain(&row.aliases).map(String::as_str)
}

fn title(rows: &[&'static Target]) -> String {
    rows.first().map(|row| row.title.clone()).unwrap_or_default()
}

fn choices(rows: &[&'static Target]) -> Vec<String> {
    let of = |row: &&'static Target| {
        row.platforms.iter().map(|platform| format!("{}@{platform}", row.id)).collect::<Vec<_>>()
    };
    rows.iter().flat_map(of).collect()
}

/// Names longer than any here are not compared letter by letter.
const LONGEST: usize = 60;
/// How many names are offered.
const OFFERED: usize = 5;

/// The ids of apps with a name that has the text in it, or looks like it; the nearest first.
fn nearest(name: &str) -> Vec<String> {
    if name.is_empty() || name.len() > LONGEST {
        return Vec::new();
    }
    let mut scored: Vec<(f64, &str)> = Vec::new();
    for row in all() {
        let score = names(row).map(|other| likeness(name, &plain(other))).fold(0.0, f64::max);
        if score >= 0.7 && !scored.iter().any(|(_, id)| *id == row.id) {
            scored.push((score, &row.id));
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(OFFERED).map(|(_, id)| id.to_owned()).collect()
}

/// 1 for the same; a part of a name counts as nearly the same.
fn likeness(name: &str, other: &str) -> f64 {
    if name.len() >= 3 && other.contains(name) {
        return 0.95;
    }
    strsim::normalized_damerau_levenshtein(own_part(name), own_part(other))
}

/// A name without the word that most of them have.
fn own_part(name: &str) -> &str {
    name.strip_suffix("-authenticator").filter(|own| !own.is_empty()).unwrap_or(name)
}
