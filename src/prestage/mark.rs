//! What an admin says about accounts that are there: out of use, or handed out.

use otpferry_formats::ledger::{Entry, Ledger, State};
use otpferry_formats::roster;

use super::report::{Outcome, Row};
use super::{Session, Told};
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::show;

impl Session<'_> {
    /// Notes in the ledger what `--withdraw` and `--delivered` say.
    ///
    /// # Errors
    /// [`Exit::Usage`] when one of them means nobody.
    pub(super) fn mark(&mut self) -> Result<Vec<Told>, Failure> {
        let people = &self.job.args.people;
        let mut told = Vec::new();
        let wishes = [
            (&people.withdraw, "--withdraw", "withdraw", State::Withdrawn, Outcome::Withdrawn),
            (&people.delivered, "--delivered", "deliver", State::Delivered, Outcome::Delivered),
        ];
        for (words, option, action, state, outcome) in wishes {
            for word in words {
                let place = meant(word, option, state, &self.ledger, &self.job.issuer)?;
                let Some(entry) = self.ledger.entries.get_mut(place) else { continue };
                if entry.state != state {
                    entry.state = state;
                    entry.changed = encode::now();
                    told.push(Told { place, action });
                }
                self.report.people.push(Row::about(entry, outcome, String::new()));
            }
        }
        Ok(told)
    }
}

/// The place in the ledger of the account that a word means: a login name, a key, or a serial number. Live ones come
/// first; one that is in that state already is meant by a run that is gone on with.
fn meant(word: &str, option: &str, state: State, ledger: &Ledger, issuer: &str) -> Result<usize, Failure> {
    let wanted = roster::fold(word);
    let is_called = |entry: &Entry| {
        entry.issuer == issuer
            && [&entry.key, &entry.account, &entry.device.serial]
                .iter()
                .any(|own| roster::fold(own) == wanted)
    };
    let places = |is_meant: &dyn Fn(&Entry) -> bool| -> Vec<usize> {
        let called = (0..).zip(&ledger.entries).filter(|(_, entry)| is_called(entry));
        called.filter(|(_, entry)| is_meant(entry)).map(|(place, _)| place).collect()
    };
    let live = places(&|entry| entry.state.is_live());
    let meant = if live.is_empty() { places(&|entry| entry.state == state) } else { live };
    match meant.as_slice() {
        [one] => Ok(*one),
        several => {
            let how_many =
                if several.is_empty() { "no account of the ledger is" } else { "several accounts are" };
            Err(Failure::new(Exit::Usage, format!("{option} {}: {how_many} meant", show::named("", word)))
                .next_step("Give the login name, the key or the serial number as the report has it"))
        }
    }
}
