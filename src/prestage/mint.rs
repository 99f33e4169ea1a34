//! New accounts into the ledger, and old ones brought up to date.

use otpferry_formats::ledger::{Entry, State};
use otpferry_formats::model::{Device, Otp};
use otpferry_formats::roster::{self, Person};

use super::job::Running;
use super::matching;
use super::report::Row;
use super::stage::{Fate, Staging, Why};
use super::token::Mint;
use super::{SHEETS, Session, Told};
use crate::failure::Failure;

impl Session<'_> {
    /// Makes what is new and brings what is kept up to date. Gives everybody's account.
    ///
    /// # Errors
    /// [`crate::Exit::Internal`] when the operating system gives no random numbers.
    pub(super) fn mint(&mut self, staging: Staging<'_>) -> Result<Vec<Told>, Failure> {
        let gone = Row::gone(&staging, &self.ledger);
        let serials: Vec<String> =
            self.ledger.entries.iter().map(|entry| entry.device.serial.clone()).collect();
        let mut mint = Mint::new(&self.job.blueprint, serials.iter().map(String::as_str));
        let mut told = Vec::with_capacity(staging.people.len());
        for (person, fate) in staging.people {
            let place = match &fate {
                Fate::New { replaces, .. } => Some(self.add(person, *replaces, mint.coin()?)),
                Fate::Kept { entry, .. } => Some(*entry),
                Fate::LeftOut(_) => None,
            };
            let entry = place.and_then(|place| self.ledger.entries.get_mut(place));
            if let (Some(entry), Fate::Kept { .. }) = (entry, &fate) {
                refresh(entry, person, self.roster.roster.source.id(), &self.running);
            }
            let entry = place.and_then(|place| self.ledger.entries.get(place));
            self.report.people.push(Row::of(person, &fate, entry));
            if let Some(place) = place {
                told.push(Told { place, action: action(&fate) });
            }
        }
        self.report.people.extend(gone);
        Ok(told)
    }

    /// Adds an account, and takes the one that it replaces out of use.
    fn add(&mut self, person: &Person, replaces: Option<usize>, (otp, device): (Otp, Device)) -> usize {
        if let Some(old) = replaces.and_then(|old| self.ledger.entries.get_mut(old)) {
            old.state = State::Replaced;
            old.replaced_by = Some(device.serial.clone());
            old.changed = self.running.started;
            if self.job.args.ledger.wipe_replaced {
                old.otp = None;
            }
        }
        self.ledger.entries.push(Entry {
            key: person.key.clone(),
            directory: self.roster.roster.source.id().to_owned(),
            other_keys: Vec::new(),
            directory_id: person.directory_id.clone(),
            account: person.account.clone(),
            earlier_accounts: Vec::new(),
            display: person.display.clone(),
            email: person.email.clone(),
            groups: person.groups.clone(),
            issuer: self.job.issuer.clone(),
            device,
            otp: Some(otp),
            state: State::Generated,
            run: self.running.id.clone(),
            created: self.running.started,
            changed: self.running.started,
            exports: Vec::new(),
            replaced_by: None,
        });
        self.ledger.entries.len() - 1
    }
}

/// What the log calls it.
fn action(fate: &Fate) -> &'static str {
    match fate {
        Fate::New { why: Why::Reissue, .. } => "reissue",
        Fate::New { .. } => "stage",
        Fate::Kept { renamed: true, .. } => "rename",
        _ => "keep",
    }
}

/// Brings what the directory says up to date; the secret stays. A list that says less takes nothing away.
fn refresh(entry: &mut Entry, person: &Person, directory: &str, running: &Running) {
    let before = entry.clone();
    if entry.account != person.account {
        if !roster::same_account(&entry.account, &person.account) {
            entry.earlier_accounts.push(entry.account.clone());
            // The servers are to be told of the new name; of counters that have moved on, by other means.
            if entry.otp.as_ref().is_some_and(|otp| otp.counter().is_none()) {
                entry.exports.retain(|export| export.target == SHEETS);
            }
        }
        entry.account.clone_from(&person.account);
    }
    // A key of a directory takes the place of a login name, and never the other way round.
    if matching::is_key(&person.key, &person.account) {
        if matching::has_key(entry) && entry.directory != directory {
            let other = matching::qualified(&entry.directory, &entry.key);
            entry.other_keys.retain(|known| *known != other);
            entry.other_keys.push(other);
        }
        entry.key.clone_from(&person.key);
        directory.clone_into(&mut entry.directory);
        entry.other_keys.retain(|known| *known != matching::qualified(directory, &person.key));
    }
    if person.directory_id.is_some() {
        entry.directory_id.clone_from(&person.directory_id);
    }
    for (own, new) in [(&mut entry.display, &person.display), (&mut entry.email, &person.email)] {
        if !new.is_empty() {
            own.clone_from(new);
        }
    }
    if !person.groups.is_empty() {
        entry.groups.clone_from(&person.groups);
    }
    if *entry != before {
        entry.changed = running.started;
    }
}
