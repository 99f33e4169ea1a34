//! Writing version 3, as Android does: importers insist on it, some of them on every field.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{FAVORITES, FIRST_OWN_FOLDER, ID, OTHER_ACCOUNTS, VERSION, kept_created, kept_group};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::model::{Account, Otp, Vault};
use crate::text::json;
use crate::text::uuid::Uuids;

/// Fields that are written from the model or explicitly: never taken from `extra` as they are.
const FILE_FIELDS: [&str; 7] =
    ["deviceId", "deviceSecret", "localDeviceId", "deviceName", "version", "accounts", "folders"];
const ENTRY_FIELDS: [&str; 14] = [
    "accountID",
    "lmiUserId",
    "issuerName",
    "originalIssuerName",
    "userName",
    "originalUserName",
    "pushNotification",
    "secret",
    "timeStep",
    "digits",
    "creationTimestamp",
    "isFavorite",
    "algorithm",
    "folderData",
];
const FOLDER_FIELDS: [&str; 3] = ["id", "name", "isOpened"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    device_id: &'a str,
    device_secret: &'static str,
    local_device_id: String,
    device_name: &'a str,
    version: u8,
    accounts: Vec<Entry<'a>>,
    folders: Vec<Folder>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(rename = "accountID")]
    account_id: String,
    lmi_user_id: &'a str,
    issuer_name: &'a str,
    original_issuer_name: &'a str,
    user_name: &'a str,
    original_user_name: &'a str,
    push_notification: bool,
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    time_step: u32,
    digits: u8,
    creation_timestamp: i64,
    is_favorite: bool,
    algorithm: &'static str,
    folder_data: FolderData,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FolderData {
    folder_id: u64,
    position: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Folder {
    id: u64,
    name: String,
    is_opened: bool,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let extra = vault.extra.get(ID);
    let mut folders = Folders::kept(extra);
    let mut uuids = Uuids::default();
    let mut accounts = Vec::with_capacity(vault.accounts.len());
    for account in &vault.accounts {
        accounts.push(Entry::new(account, &mut folders, &mut uuids, ctx)?);
    }
    let local = text(extra, "localDeviceId").unwrap_or_default();
    let file = File {
        device_id: text(extra, "deviceId").unwrap_or_default(),
        device_secret: "",
        local_device_id: if local.is_empty() { ctx.uuid()? } else { local.to_owned() },
        device_name: text(extra, "deviceName").unwrap_or("otpferry"),
        version: VERSION,
        accounts,
        folders: folders.list,
        rest: json::unknown_fields(extra, &FILE_FIELDS),
    };
    json::pretty(&file, b"  ").map(Part)
}

fn text<'a>(extra: Option<&'a Value>, key: &str) -> Option<&'a str> {
    extra?.get(key)?.as_str()
}

impl<'a> Entry<'a> {
    fn new(
        account: &'a Account,
        folders: &mut Folders,
        uuids: &mut Uuids,
        ctx: &mut Ctx<'_>,
    ) -> Result<Self, Error> {
        let Some(Otp::Totp { secret, algorithm, digits, period }) = account.otp() else {
            return Err(Error::new(ErrorKind::Internal, "only time-based accounts can be written"));
        };
        let extra = account.extra.get(ID);
        Ok(Self {
            account_id: uuids.take(text(extra, "accountID"), ctx)?,
            lmi_user_id: text(extra, "lmiUserId").unwrap_or_default(),
            issuer_name: &account.issuer,
            original_issuer_name: text(extra, "originalIssuerName").unwrap_or(&account.issuer),
            user_name: &account.name,
            original_user_name: text(extra, "originalUserName").unwrap_or(&account.name),
            push_notification: false,
            secret: secret.to_base32(),
            time_step: period.get(),
            digits: digits.get(),
            // Importers want a number; the reader takes 0 for an unknown time.
            creation_timestamp: kept_created(account).map_or(0, jiff::Timestamp::as_millisecond),
            is_favorite: account.favorite,
            algorithm: algorithm.name(),
            folder_data: folders.place(account),
            rest: json::unknown_fields(extra, &ENTRY_FIELDS),
        })
    }
}

/// The folders of the new file, one for each name.
struct Folders {
    list: Vec<Folder>,
    ids: HashMap<String, u64>,
    /// How many accounts each has already.
    filled: HashMap<u64, u64>,
    next: u64,
}

impl Folders {
    /// Those that the file was read with, also empty ones, and the two that are always there.
    fn kept(extra: Option<&Value>) -> Self {
        let mut folders = Self {
            list: Vec::new(),
            ids: HashMap::new(),
            filled: HashMap::new(),
            next: FIRST_OWN_FOLDER.into(),
        };
        let kept = extra.and_then(|extra| extra.get("folders")).and_then(Value::as_array);
        kept.into_iter().flatten().filter_map(Folder::of).for_each(|folder| folders.add(folder));
        for (id, name) in [(OTHER_ACCOUNTS, "Other accounts"), (FAVORITES, "Favorites")] {
            let id = u64::from(id);
            if folders.list.iter().all(|known| known.id != id) {
                let folder = Folder { id, name: name.to_owned(), is_opened: true, rest: Map::new() };
                folders.list.insert(0, folder);
            }
        }
        folders
    }

    /// Adds a folder, unless its id or name is taken.
    fn add(&mut self, folder: Folder) {
        let is_own = folder.id >= FIRST_OWN_FOLDER.into();
        let is_taken = self.list.iter().any(|known| known.id == folder.id)
            || (is_own && (folder.name.is_empty() || self.ids.contains_key(&folder.name)));
        // Far below any overflow, and far above any app's count.
        if is_taken || folder.id >= 1 << 32 {
            return;
        }
        if is_own {
            self.next = self.next.max(folder.id.saturating_add(1));
            self.ids.insert(folder.name.clone(), folder.id);
        }
        self.list.push(folder);
    }

    /// The next place in the folder of an account, which is added when it is new.
    fn place(&mut self, account: &Account) -> FolderData {
        let folder_id = match kept_group(account) {
            Some(name) => self.id(name),
            None if account.favorite => FAVORITES.into(),
            None => OTHER_ACCOUNTS.into(),
        };
        let filled = self.filled.entry(folder_id).or_default();
        let position = *filled;
        *filled += 1;
        FolderData { folder_id, position }
    }

    fn id(&mut self, name: &str) -> u64 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.next;
        self.add(Folder { id, name: name.to_owned(), is_opened: true, rest: Map::new() });
        id
    }
}

impl Folder {
    fn of(kept: &Value) -> Option<Self> {
        Some(Self {
            id: kept.get("id")?.as_u64()?,
            name: kept.get("name")?.as_str()?.to_owned(),
            is_opened: kept.get("isOpened").and_then(Value::as_bool).unwrap_or(true),
            rest: json::unknown_fields(Some(kept), &FOLDER_FIELDS),
        })
    }
}
