//! The files of a run out of its ledger, and back into the ledger what went into them.

use std::collections::HashSet;

use otpferry_formats::ledger::{Export, State};
use otpferry_formats::model::SecretText;

use super::files::{self, Batch};
use super::log::{FileAbout, Log, OLDER_LEDGER};
use super::report::FileLine;
use super::store::Store;
use super::{SHEETS, Session, Told, sheets};
use crate::encode;
use crate::failure::Failure;

impl Session<'_> {
    /// Tells the log of accounts. What was interrupted between the ledger and the log is made up for.
    ///
    /// # Errors
    /// [`crate::Exit::Io`].
    pub(super) fn tell(&self, told: &[Told], log: &mut Log) -> Result<(), Failure> {
        let run = &self.running.id;
        let logged = if self.running.resumed { log.staged(run)? } else { HashSet::new() };
        log.run(if self.running.resumed { "resume" } else { "begin" }, "done")?;
        if self.job.args.ledger.older_ledger {
            log.run(OLDER_LEDGER, "done")?;
        }
        for Told { place, action } in told {
            let Some(entry) = self.ledger.entries.get(*place) else { continue };
            let is_lost = *action == "keep" && entry.run == *run && !logged.contains(&entry.device.serial);
            let (action, outcome) = if is_lost { ("stage", "recovered") } else { (*action, "done") };
            log.account(action, entry, &self.ledger, outcome)?;
        }
        log.sync()
    }

    /// Writes the files, and notes in the ledger what went into them.
    ///
    /// # Errors
    /// As [`files::write`].
    pub(super) fn deliver(
        &mut self,
        told: &[Told],
        password: Option<&SecretText>,
        store: &Store,
        log: &mut Log,
    ) -> Result<(), Failure> {
        let done = self.write(told, password, log).and_then(|batches| {
            batches.iter().for_each(|(target, batch)| self.note_exports(target, batch));
            self.running.finish(&mut self.ledger);
            store.save(&self.ledger)
        });
        // Best effort after a failure: that is what is told.
        let noted =
            log.run(if done.is_ok() { "end" } else { "error" }, if done.is_ok() { "done" } else { "failed" });
        done.and(noted).and_then(|()| log.sync())
    }

    fn write(
        &mut self,
        told: &[Told],
        password: Option<&SecretText>,
        log: &mut Log,
    ) -> Result<Vec<(String, Batch)>, Failure> {
        let places: Vec<usize> = told.iter().map(|told| told.place).collect();
        let job = self.job;
        let mut batches = Vec::new();
        for server in &job.servers {
            let target = job.target_of(*server);
            let due = job.due(&target, &places, &self.ledger);
            let batch = files::write(*server, &self.ledger, &due, &job.manner_of(*server, password))?;
            self.tell_batch(&target, &batch, log)?;
            batches.push((target, batch));
        }
        if !job.sheets.is_empty() {
            let due = job.due(SHEETS, &places, &self.ledger);
            let batch = sheets::write(job, &self.ledger, &due, &job.manner(None))?;
            self.tell_batch(SHEETS, &batch, log)?;
            batches.push((SHEETS.to_owned(), batch));
        }
        self.report.write_table(&self.job.folder.join("report.csv"), self.job.args.files.resume)?;
        Ok(batches)
    }

    /// Tells of a batch in the log and the report.
    fn tell_batch(&mut self, target: &str, batch: &Batch, log: &mut Log) -> Result<(), Failure> {
        for written in &batch.written {
            let file = written.path.to_string_lossy();
            let sha256 = written.sha256.as_deref();
            let (accounts, bytes) = (written.accounts, written.bytes);
            log.file("export", FileAbout { target, file: &file, accounts, bytes, sha256 })?;
            self.report.files.push(FileLine { path: self.job.shown(&written.path), ..written.into() });
        }
        if target == SHEETS {
            for entry in batch.exported.iter().filter_map(|place| self.ledger.entries.get(*place)) {
                log.account("render-sheet", entry, &self.ledger, "done")?;
            }
        }
        for refused in &batch.refused {
            self.report.people.extend(refused.row(&self.ledger));
        }
        self.report.warnings.extend(batch.warnings.iter().cloned());
        log.sync()
    }

    /// Notes in the ledger what went into the files of a server, or onto sheets.
    fn note_exports(&mut self, target: &str, batch: &Batch) {
        let time = encode::now();
        for place in &batch.exported {
            let Some(entry) = self.ledger.entries.get_mut(*place) else { continue };
            entry.exports.retain(|export| export.target != target);
            entry.exports.push(Export { target: target.to_owned(), run: self.running.id.clone(), time });
            if entry.state == State::Generated && target != SHEETS {
                entry.state = State::Exported;
            }
            entry.changed = time;
        }
    }
}
