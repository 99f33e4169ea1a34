//! What a backup tells about its phone and the apps on it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::ios::ItemShape;
use crate::report::Item;

/// A phone, its apps, and how much of them its backup gives. Holds no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// What its owner calls the phone; empty where the backup does not say it.
    pub device: String,
    /// `iOS 26.1`, `Android`.
    pub system: String,
    /// When the backup was made.
    pub made: Option<Timestamp>,
    /// Whether the backup has a password. Without one an iPhone's keychain stays closed.
    pub encrypted: bool,
    /// Whether the backup came to its end, where that is known.
    pub finished: Option<bool>,
    /// Authenticator apps on the phone.
    pub apps: Vec<App>,
    /// Of an iPhone, once its backup was opened: pictures in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photos: Option<usize>,
    /// Of an iPhone, once its backup was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keychain: Option<Keychain>,
}

/// The code of what is said of an app of which not all has come along.
pub const LEFT_ON_PHONE: &str = "left-on-phone";

impl Survey {
    /// What is said of apps on an iPhone of which not all has come along, once its backup was opened.
    pub fn left_on_phone(&self) -> Vec<Item> {
        let left = |app: &&App| self.keychain.is_some() && app.hope != Hope::Yes;
        let say = |app: &App| {
            let message = format!("{} is on the phone: {}", app.name, app.advice);
            let step = "Have all its accounts at hand in another way before you give up the phone";
            Item::new(LEFT_ON_PHONE, message).next_step(step)
        };
        self.apps.iter().filter(left).map(say).collect()
    }
}

/// An authenticator app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct App {
    /// Bundle id or package.
    pub id: &'static str,
    /// As its users know it.
    pub name: &'static str,
    /// What a backup gives of it.
    pub hope: Hope,
    /// Of an app whose entries in a keychain are known, once that is open: how many accounts it has there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<usize>,
    /// What that is, or what to do instead, as a sentence without a stop.
    pub advice: &'static str,
}

/// What can be hoped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hope {
    /// Its accounts come along.
    Yes,
    /// Some of them do.
    Partly,
    /// Nobody knows yet.
    Unknown,
    /// They do not.
    No,
}

/// The keychain of an iPhone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Keychain {
    /// What was opened, app by app.
    pub groups: Vec<Group>,
    /// What the backup password does not open, by class.
    pub closed: BTreeMap<u32, usize>,
    /// Items of versions that no backup opens.
    pub unknown: usize,
    /// Items that are damaged.
    pub damaged: usize,
    /// Items that were opened and that no app is known for.
    #[serde(skip)]
    pub shapes: Vec<ItemShape>,
}

/// The items of an app, or of a group of apps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// As the system calls it: team and app.
    pub name: String,
    /// Items that were opened.
    pub opened: usize,
    /// Items among them that are of accounts.
    pub recognised: usize,
}
