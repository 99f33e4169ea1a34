//! A ledger as a file that accounts are read from: `otpferry convert ledger.age -t ...` moves a staff to another server.

use super::Ledger;
use super::file::{self, FORMAT};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::Vault;
use crate::probe::Probe;
use crate::report::Skip;

/// The ledger of `otpferry prestage`.
pub(crate) struct LedgerFormat;

static INFO: Info = Info {
    id: FORMAT,
    title: "otpferry ledger of pre-staged accounts",
    aliases: &["ledger"],
    extensions: &["ledger", "jsonl"],
    reads_encrypted: false,
    unverified: None,
    write: &[],
    export_help: "Written by `otpferry prestage`, inside an age file",
};

impl Format for LedgerFormat {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let is_ledger = probe.text().and_then(|text| text.lines().next()).is_some_and(file::is_ledger);
        if is_ledger { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        let text = input.text().map_err(|error| error.in_format(FORMAT))?;
        let ledger = Ledger::read(&text, ctx.limits).map_err(|error| error.in_format(FORMAT))?;
        Ok(vault(&ledger))
    }
}

/// The accounts that count. The others are named: their codes were good once and are not to come to life again.
fn vault(ledger: &Ledger) -> Vault {
    let mut vault =
        Vault { variant: "version 1".to_owned(), created: Some(ledger.created), ..Vault::default() };
    for (index, entry) in ledger.entries.iter().enumerate() {
        match entry.account().filter(|_| entry.state.is_live()) {
            Some(mut account) => {
                account.origin.index = index;
                FORMAT.clone_into(&mut account.origin.format);
                vault.accounts.push(account);
            }
            None => {
                let reason =
                    Skip::new("not-in-use", format!("it was {} and is not in use", entry.state.name()));
                vault.skipped.push(
                    reason
                        .item(index, &entry.issuer, &entry.account)
                        .next_step("Nothing to do; see that the server does not know it any more"),
                );
            }
        }
    }
    vault
}
