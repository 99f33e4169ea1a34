//! `sheet`: QR codes for a phone to scan.

mod place;

use otpferry_formats::model::Account;
use serde::Serialize;

use crate::cli::SheetArgs;
use crate::failure::{Exit, Failure};
use crate::guard::Guard;
use crate::intake;
use crate::outcome::Outcomes;
use crate::report::Report;
use crate::sheet::{Card, Sheet};
use crate::show::{self, Terminal, Told};

use place::{Place, Written};

pub(super) fn run(args: &SheetArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let place = Place::of(args)?;
    let target = args.target.as_deref().map(|name| super::plan::find("--target", name)).transpose()?;
    place.check_free(args.force)?;
    let mut intake = intake::read(&args.read.inputs, &args.read.options, terminal)?;
    let mut guard = Guard::new(&args.read.options, None, &intake);
    let (mut report, accounts) = Report::of_inputs(&mut intake, &args.read.options);
    let incomplete = report.is_incomplete(&args.read.options);
    let mut sheet = Sheet { cards: Vec::new(), left_out: Vec::new() };
    if incomplete {
        report.hold_back(&accounts);
    } else {
        let packing = place.packing(args);
        let fits = packing.fit(&accounts, target)?;
        let mut outcomes = Outcomes::new(&accounts, vec![packing.form()?], vec![fits]);
        let (cards, proved) = packing.draw(outcomes.kept(0))?;
        outcomes.record(0, &proved);
        outcomes.report(&mut report);
        report.verified = proved.verified;
        sheet.cards = cards;
    }
    sheet.left_out.clone_from(&report.not_moved);
    // A sheet that shows nothing would pass for a good one.
    let written = match sheet.cards.is_empty() {
        true => Written::default(),
        false => place.write(&sheet, args, &mut guard)?,
    };
    report.warnings.extend(written.remarks);
    report.outputs.extend(written.line);
    let exit = match incomplete {
        true => Exit::Incomplete,
        false if report.needs_attention() => Exit::Attention,
        false => Exit::Done,
    };
    let told = Told {
        report: &report,
        exit,
        words: &show::TO_SCAN,
        next: place.next(&sheet),
        dry_run: false,
        stdout_is_taken: matches!(place, Place::Screen | Place::Text),
    };
    terminal.told(&told, &Output { report: &report, qr_codes: lines(&sheet, &written.pictures) })?;
    Ok(exit)
}

/// The report as JSON: that of a conversion, and what is in each QR code.
#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    report: &'a Report,
    qr_codes: Vec<CodeLine>,
}

/// One QR code.
#[derive(Serialize)]
struct CodeLine {
    number: usize,
    /// The picture, in the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    accounts: Vec<AccountLine>,
}

/// An account in a QR code.
#[derive(Serialize)]
struct AccountLine {
    issuer: String,
    account: String,
    kind: &'static str,
    file: String,
    index: usize,
}

fn lines(sheet: &Sheet, files: &[String]) -> Vec<CodeLine> {
    let line = |(at, card): (usize, &Card)| CodeLine {
        number: at + 1,
        picture: files.get(at).cloned(),
        accounts: card.accounts().iter().map(AccountLine::of).collect(),
    };
    sheet.cards.iter().enumerate().map(line).collect()
}

impl AccountLine {
    fn of(account: &Account) -> Self {
        Self {
            issuer: account.issuer.clone(),
            account: account.name.clone(),
            kind: account.kind().name(),
            file: account.origin.file.clone(),
            index: account.origin.index,
        }
    }
}
