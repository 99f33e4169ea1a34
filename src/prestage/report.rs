//! What a run has to say about everybody: a table for people, without secrets.

use std::path::{Path, PathBuf};

use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::report::Item;
use otpferry_formats::roster::Person;
use serde::Serialize;

use super::files::Written;
use super::stage::{Fate, Staging, Why};
use crate::failure::{Exit, Failure};
use crate::output::Pending;

/// What became of one person.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) outcome: Outcome,
    pub(super) key: String,
    pub(super) account: String,
    pub(super) display: String,
    pub(super) serial: String,
    /// Why, or what to look at.
    pub(super) reason: String,
}

impl Row {
    /// The row of an account of the ledger.
    pub(super) fn about(entry: &Entry, outcome: Outcome, reason: String) -> Self {
        Self {
            outcome,
            key: entry.key.clone(),
            account: entry.account.clone(),
            display: entry.display.clone(),
            serial: entry.device.serial.clone(),
            reason,
        }
    }

    /// The rows of people who are not on the roster any more.
    pub(super) fn gone(staging: &Staging<'_>, ledger: &Ledger) -> Vec<Self> {
        let entries = staging.gone.iter().filter_map(|place| ledger.entries.get(*place));
        let reason = "not on the roster; the account is kept";
        entries.map(|entry| Self::about(entry, Outcome::Gone, reason.to_owned())).collect()
    }

    /// A person's row. `entry` is the account as it is now.
    pub(super) fn of(person: &Person, fate: &Fate, entry: Option<&Entry>) -> Self {
        let (outcome, reason) = match fate {
            Fate::New { why: Why::Reissue, .. } => {
                (Outcome::Reissued, "new secret: remove the old token at the server".to_owned())
            }
            Fate::New { why: Why::NameOfOther(what), .. } => (Outcome::NameOfOther, what.clone()),
            Fate::New { .. } => (Outcome::Staged, String::new()),
            Fate::Kept { renamed: true, .. } => (
                Outcome::Renamed,
                "same secret under a new login name: tell the servers (it is in their files again, but for counter-based ones); the app on the phone keeps showing the old name"
                    .to_owned(),
            ),
            Fate::Kept { .. } => (Outcome::Kept, String::new()),
            Fate::LeftOut(reason) => (Outcome::LeftOut, reason.clone()),
        };
        Self {
            outcome,
            key: person.key.clone(),
            account: person.account.clone(),
            display: person.display.clone(),
            serial: entry.map(|entry| entry.device.serial.clone()).unwrap_or_default(),
            reason,
        }
    }
}

/// What became of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// A new account.
    Staged,
    /// A new account under a login name that is or was another person's.
    NameOfOther,
    /// A new secret in place of another.
    Reissued,
    /// The account that was there.
    Kept,
    /// The account that was there, with a new login name.
    Renamed,
    /// None.
    LeftOut,
    /// A server does not take the account.
    Refused,
    /// Not on the roster any more; the account is kept.
    Gone,
    /// Not to be used any more.
    Withdrawn,
    /// Noted as handed out.
    Delivered,
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::NameOfOther => "name-of-other",
            Self::Reissued => "reissued",
            Self::Kept => "kept",
            Self::Renamed => "renamed",
            Self::LeftOut => "left-out",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Withdrawn => "withdrawn",
            Self::Delivered => "delivered",
        }
    }

    /// Whether somebody has to look at it.
    fn needs_attention(self) -> bool {
        matches!(self, Self::NameOfOther | Self::Renamed | Self::LeftOut | Self::Refused | Self::Reissued)
    }
}

/// Everything that a run has to say.
#[derive(Default, Serialize)]
pub(super) struct Report {
    pub(super) run: String,
    pub(super) dry_run: bool,
    pub(super) ledger: PathBuf,
    /// Whether there was none before.
    pub(super) is_new_ledger: bool,
    pub(super) people: Vec<Row>,
    pub(super) warnings: Vec<Item>,
    pub(super) files: Vec<FileLine>,
}

/// One file.
#[derive(Serialize)]
pub(super) struct FileLine {
    pub(super) path: PathBuf,
    pub(super) target: String,
    pub(super) accounts: usize,
    pub(super) encrypted: bool,
    #[serde(skip)]
    pub(super) help: &'static str,
}

impl From<&Written> for FileLine {
    fn from(written: &Written) -> Self {
        Self {
            path: written.path.clone(),
            target: written.target.clone(),
            accounts: written.accounts,
            encrypted: written.encrypted,
            help: written.help,
        }
    }
}

impl Report {
    pub(super) fn exit(&self) -> Exit {
        let listed = self.people.iter().any(|row| row.outcome != Outcome::Gone);
        let attention = self.people.iter().any(|row| row.outcome.needs_attention());
        if listed && !attention && self.warnings.is_empty() { Exit::Done } else { Exit::Attention }
    }

    pub(super) fn number_of(&self, outcome: Outcome) -> usize {
        self.people.iter().filter(|row| row.outcome == outcome).count()
    }

    /// The table for people. They open it in a spreadsheet: what it would take for a formula is marked as text.
    ///
    /// No column is called `key`: the table is no file of tokens, and must not be taken for one.
    pub(super) fn write_table(&self, path: &Path, replace: bool) -> Result<(), Failure> {
        let failed = || Failure::new(Exit::Internal, "cannot write the report");
        let mut table = csv::Writer::from_writer(Vec::new());
        table
            .write_record(["outcome", "person", "account", "display", "serial", "reason"])
            .map_err(|_| failed())?;
        for row in &self.people {
            let cells = [&row.key, &row.account, &row.display, &row.serial, &row.reason];
            let cells = cells.map(|text| as_text(text));
            let record = std::iter::once(row.outcome.name()).chain(cells.iter().map(String::as_str));
            table.write_record(record).map_err(|_| failed())?;
        }
        let bytes = table.into_inner().map_err(|_| failed())?;
        Pending::write(path, &bytes, replace)?.publish().map(|_| ())
    }
}

fn as_text(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text_in_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        let row = |display: &str| Row {
            outcome: Outcome::Staged,
            key: "k".to_owned(),
            account: "ann".to_owned(),
            display: display.to_owned(),
            serial: "OTPF00000001".to_owned(),
            reason: String::new(),
        };
        let report = Report { people: vec![row("=1+3"), row("Stone, Bob"), row("-x")], ..Report::default() };
        report.write_table(&path, false).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "outcome,person,account,display,serial,reason\n\
             staged,k,ann,'=1+3,OTPF00000001,\n\
             staged,k,ann,\"Stone, Bob\",OTPF00000001,\n\
             staged,k,ann,'-x,OTPF00000001,\n"
        );
    }
}
