//! Writing the zip: an object of vaults, each with a login for each account.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use zeroize::Zeroizing;

use super::read;
use super::write::email_and_user;
use crate::caps::{Caps, Fit};
use crate::container::zip;
use crate::ctx::{Ctx, Limits};
use crate::error::Error;
use crate::format::Part;
use crate::managers::login::title;
use crate::managers::written;
use crate::model::{Account, Otp};
use crate::open::otp_field;
use crate::text::json;

/// The vault for accounts without a group: that with which every account of Proton begins.
const VAULT: &str = "Personal";

/// The app that writes `itemEmail` and `itemUsername` in place of one name.
const CONTENT_VERSION: u8 = 7;

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Export<'a> {
    version: &'static str,
    user_id: &'static str,
    encrypted: bool,
    vaults: Vaults<'a>,
}

/// Vaults by their ids, in order.
struct Vaults<'a>(Vec<(String, NewVault<'a>)>);

impl Serialize for Vaults<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (id, vault) in &self.0 {
            map.serialize_entry(id, vault)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct NewVault<'a> {
    name: &'a str,
    description: &'static str,
    display: Display,
    items: Vec<NewItem<'a>>,
}

#[derive(serde::Serialize)]
struct Display {
    icon: u8,
    color: u8,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct NewItem<'a> {
    item_id: String,
    share_id: String,
    data: Data<'a>,
    state: u8,
    alias_email: Option<()>,
    content_format_version: u8,
    create_time: i64,
    modify_time: i64,
    pinned: bool,
    files: [(); 0],
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    metadata: Metadata<'a>,
    extra_fields: [(); 0],
    #[serde(rename = "type")]
    kind: &'static str,
    content: Content<'a>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    name: &'a str,
    note: &'a str,
    item_uuid: String,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    item_email: &'a str,
    item_username: &'a str,
    password: &'static str,
    urls: &'a [String],
    #[serde(serialize_with = "json::exposed")]
    totp_uri: Zeroizing<String>,
    passkeys: [(); 0],
}

impl<'a> NewItem<'a> {
    fn new(
        account: &'a Account,
        otp: &Otp,
        share_id: &str,
        mut id: impl FnMut() -> Result<String, Error>,
    ) -> Result<Self, Error> {
        let (item_email, item_username) = email_and_user(account);
        let seconds = |time: Option<Timestamp>| time.map_or(0, Timestamp::as_second);
        let content = Content {
            item_email,
            item_username,
            password: "",
            urls: &account.urls,
            totp_uri: otp_field::write(account, otp),
            passkeys: [],
        };
        let metadata = Metadata { name: title(account), note: &account.note, item_uuid: id()? };
        Ok(Self {
            item_id: id()?,
            share_id: share_id.to_owned(),
            data: Data { metadata, extra_fields: [], kind: "login", content },
            // In use, not in the trash.
            state: 1,
            alias_email: None,
            content_format_version: CONTENT_VERSION,
            create_time: seconds(account.created),
            modify_time: seconds(account.modified),
            // The importer takes it from no file.
            pinned: false,
            files: [],
        })
    }
}

/// The vault that an account lies in.
pub(super) fn vault(account: &Account) -> &str {
    account.groups.first().map_or(VAULT, String::as_str)
}

/// The JSON in the zip. Accounts come vault by vault.
fn export<'a>(
    accounts: &'a [Account],
    mut id: impl FnMut() -> Result<String, Error>,
) -> Result<Export<'a>, Error> {
    let mut vaults: Vec<(String, NewVault<'a>)> = Vec::new();
    for account in accounts {
        let Some(otp) = account.otp() else { continue };
        let name = vault(account);
        if vaults.last().is_none_or(|(_, vault)| vault.name != name) {
            let vault =
                NewVault { name, description: "", display: Display { icon: 0, color: 0 }, items: Vec::new() };
            vaults.push((id()?, vault));
        }
        if let Some((share, vault)) = vaults.last_mut() {
            vault.items.push(NewItem::new(account, otp, share, &mut id)?);
        }
    }
    Ok(Export { version: "1.31.5", user_id: "", encrypted: false, vaults: Vaults(vaults) })
}

pub(super) fn fit(caps: &Caps, account: &Account) -> Fit {
    written::fit(caps, account, |_| {
        let text = json::compact(&export(std::slice::from_ref(account), written::numbered())?)?;
        read::decode_json(&String::from_utf8_lossy(&text), "ZIP", &Limits::default())
    })
}

pub(super) fn encode(accounts: &[Account], ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let text = json::compact(&export(accounts, || ctx.uuid())?)?;
    zip::write_plain(std::iter::once((read::PLAIN_MEMBER, text.as_slice()))).map(Part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::zip::Archive;
    use crate::ctx::NoPasswords;
    use crate::format::Form;
    use crate::managers::proton_pass::ProtonPass;
    use crate::open::otpauth;
    use crate::testing;

    #[test]
    fn each_account_is_a_login_in_a_vault() {
        let account = |label: &str, group: Option<&str>| Account {
            groups: group.map(str::to_owned).into_iter().collect(),
            ..otpauth::parse(&format!("otpauth://totp/{label}?secret=JBSWY3DPEHPK3PXP")).ok().unwrap()
        };
        let mut accounts = [
            account("Acme:bob", None),
            account("Acme:eve%40x.example", Some("Work")),
            account("Acme:joe", Some("Personal")),
        ];
        let zip = Form::named(&ProtonPass, super::super::ZIP).unwrap();
        zip.arrange(&mut accounts, |account| account);
        let part = testing::with_ctx(&mut NoPasswords, |ctx| encode(&accounts, ctx)).unwrap();
        let text = Archive::open(&part.0).unwrap().read("Proton Pass/data.json", &Limits::default()).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let vaults: Vec<_> = written["vaults"].as_object().unwrap().values().collect();
        let names: Vec<_> = vaults.iter().map(|vault| vault["name"].as_str().unwrap()).collect();
        assert_eq!((names, &written["encrypted"]), (vec!["Personal", "Work"], &false.into()));
        assert_eq!(vaults[0]["items"].as_array().map(Vec::len), Some(2));
        let [first, second] = [&vaults[0]["items"][0], &vaults[1]["items"][0]];
        assert_eq!(
            first["data"]["content"],
            serde_json::json!({
                "itemEmail": "", "itemUsername": "bob", "password": "", "urls": [],
                "totpUri": "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30",
                "passkeys": []
            })
        );
        assert_eq!((&first["data"]["type"], &first["state"]), (&"login".into(), &1.into()));
        assert_eq!(first["shareId"], written["vaults"].as_object().unwrap().keys().next().unwrap().as_str());
        assert_eq!(second["data"]["content"]["itemEmail"], "eve@x.example");
    }
}
