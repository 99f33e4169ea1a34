//! Reading accounts.

use super::ID;
use super::crypt::{self, Kind};
use crate::container::plist::{Archive, Node};
use crate::ctx::{Ctx, Limits};
use crate::error::Error;
use crate::format::Input;
use crate::model::{
    Account, Algorithm, Credential, Draft, Kind as OtpKind, Number, Origin, Otp, Secret, Vault, group,
};
use crate::report::Skip;

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let kind = Kind::of(input.bytes).ok_or_else(|| {
        Error::malformed("this is no file of OTP Auth, or its beginning is damaged")
            .next_step("Export or copy the file again")
    })?;
    let outer = kind.open_outer(input.bytes)?;
    let (variant, inner) = crypt::open_inner(&outer, kind, ctx)?;
    let archive = Archive::open(&inner)?;
    let root = archive.root().ok_or_else(damaged)?;
    let mut vault = Vault { encrypted: true, ..Vault::default() };
    match kind {
        Kind::Backup => {
            vault.variant = format!("backup, {variant}");
            read_folders(&root, &mut vault, ctx.limits)?;
        }
        Kind::Account => {
            vault.variant = format!("single account, {variant}");
            add(Some(root), None, &mut vault);
        }
    }
    Ok(vault)
}

fn damaged() -> Error {
    Error::malformed("the decrypted content is not what OTP Auth writes")
        .next_step("Export or copy the file again")
}

fn read_folders(root: &Node<'_, '_>, vault: &mut Vault, limits: &Limits) -> Result<(), Error> {
    let folders = root.get("Folders").ok_or_else(damaged)?;
    let count = folders.len().ok_or_else(damaged)?;
    limits.check_accounts(count)?;
    for at in 0..count {
        let Some(folder) = folders.at(at) else {
            skip_folder(vault, "");
            continue;
        };
        let name = text(&folder, "name");
        group::checked_name(&name)?;
        let accounts = folder.get("accounts");
        let Some((accounts, inside)) = accounts.and_then(|list| list.len().map(|count| (list, count))) else {
            // A folder without accounts has an empty list.
            skip_folder(vault, &name);
            continue;
        };
        limits.check_accounts(vault.entries().saturating_add(inside))?;
        for at in 0..inside {
            add(accounts.at(at), Some(&name), vault);
        }
    }
    Ok(())
}

fn skip_folder(vault: &mut Vault, name: &str) {
    let message = match name {
        "" => "a folder cannot be read, with an unknown number of accounts in it".to_owned(),
        name => format!("the folder \"{name}\" cannot be read, with an unknown number of accounts in it"),
    };
    let index = vault.entries();
    vault.skipped.push(Skip::new(Skip::DAMAGED, message).item(index, "", ""));
}

fn text(node: &Node<'_, '_>, name: &str) -> String {
    node.get(name).and_then(|value| value.text()).map(|text| text.as_str().to_owned()).unwrap_or_default()
}

fn add(node: Option<Node<'_, '_>>, folder: Option<&str>, vault: &mut Vault) {
    let index = vault.entries();
    let Some(node) = node else {
        let skip = Skip::new(Skip::MISSING_FIELD, "the account cannot be read");
        vault.skipped.push(skip.item(index, "", ""));
        return;
    };
    let (issuer, name) = (text(&node, "issuer"), text(&node, "label"));
    match read_otp(&node) {
        Ok(otp) => {
            let mut account = Account::new(Credential::Otp(otp), issuer, name);
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            account.groups.extend(folder.filter(|name| !name.is_empty()).map(str::to_owned));
            vault.accounts.push(account);
        }
        Err(skip) => vault.skipped.push(skip.item(index, &issuer, &name)),
    }
}

/// The key is raw bytes. In every number 0 stands for the usual value.
fn read_otp(node: &Node<'_, '_>) -> Result<Otp, Skip> {
    let kind = match integer(node, "type") {
        Number::Of(1) => OtpKind::Hotp,
        Number::Of(2) => OtpKind::Totp,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that OTP Auth is known to have")),
    };
    let secret = node.get("secret").and_then(|secret| secret.data()).unwrap_or_default();
    let secret = Secret::new(secret.to_vec())
        .ok_or_else(|| Skip::new(Skip::NO_SECRET, "the account has no secret"))?;
    let mut draft = Draft::new(kind, secret);
    draft.algorithm = algorithm(integer(node, "algorithm"))?;
    draft.digits = or_usual(integer(node, "digits"));
    draft.period = or_usual(integer(node, "period"));
    draft.counter = integer(node, "counter");
    draft.build()
}

fn integer(node: &Node<'_, '_>, name: &str) -> Number {
    match node.get(name) {
        // What is there and cannot be read is not what the app leaves out.
        None if node.is_broken(name) => Number::Invalid,
        None => Number::Absent,
        Some(value) => value.integer().map_or(Number::Invalid, Number::Of),
    }
}

fn or_usual(number: Number) -> Number {
    if number == Number::Of(0) { Number::Absent } else { number }
}

fn algorithm(number: Number) -> Result<Option<Algorithm>, Skip> {
    match number {
        Number::Absent | Number::Of(0) => Ok(None),
        Number::Of(1) => Ok(Some(Algorithm::Sha1)),
        Number::Of(2) => Ok(Some(Algorithm::Sha256)),
        Number::Of(3) => Ok(Some(Algorithm::Sha512)),
        Number::Of(4) => Ok(Some(Algorithm::Md5)),
        _ => {
            Err(Skip::new(Skip::UNKNOWN_ALGORITHM, "its algorithm is not one that OTP Auth is known to have"))
        }
    }
}
