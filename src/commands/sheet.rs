//! `sheet`: QR codes for a phone to scan.

use std::path::Path;

use otpferry_formats::model::Account;
use otpferry_formats::report::Item;
use serde::Serialize;

#[cfg(feature = "pdf")]
use crate::cli::Paper;
use crate::cli::{PictureKind, SheetArgs};
use crate::draw::Picture;
use crate::failure::{Exit, Failure};
use crate::guard::Guard;
use crate::intake;
use crate::outcome::Outcomes;
use crate::output::{self, Pending};
use crate::report::{self, OutputLine, Report};
#[cfg(feature = "pdf")]
use crate::sheet::paper;
use crate::sheet::{Card, Packing, Sheet, page, pictures};
use crate::show::{self, Terminal, Told};

/// Most accounts in a transfer code on a screen: as many as Google Authenticator puts there.
const ON_SCREEN: u8 = 10;
/// On paper: a camera has to read the print, and phones fail at denser ones.
const ON_PAPER: u8 = 5;

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
    let files = match sheet.cards.is_empty() {
        true => Vec::new(),
        false => place.write(&sheet, args, &mut guard, &mut report.warnings)?,
    };
    if !sheet.cards.is_empty() {
        let line = place.line(&sheet);
        report.warnings.push(report::plain_output(&line));
        report.outputs.push(line);
    }
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
        stdout_is_taken: false,
    };
    terminal.told(&told, &Output { report: &report, qr_codes: lines(&sheet, &files) })?;
    Ok(exit)
}

/// Where the sheet goes, and so what it becomes.
enum Place<'a> {
    Page(&'a Path),
    #[cfg(feature = "pdf")]
    Paper(&'a Path),
    Folder(&'a Path, Picture),
}

impl<'a> Place<'a> {
    fn of(args: &'a SheetArgs) -> Result<Self, Failure> {
        let path = args.output.as_path();
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let place = match extension.as_deref() {
            _ if output::is_folder(path) => Self::Folder(path, picture(args)),
            None => Self::Folder(path, picture(args)),
            Some("html" | "htm") => Self::Page(path),
            #[cfg(feature = "pdf")]
            Some("pdf") => Self::Paper(path),
            Some(_) => return Err(unknown_place(path)),
        };
        let is_folder = matches!(place, Self::Folder(..));
        let idle = match () {
            () if args.paper.is_some() && is_folder => "--paper is for a page or a document",
            () if args.pictures.is_some() && !is_folder => "--pictures is for a folder of pictures",
            () => return Ok(place),
        };
        Err(Failure::new(Exit::Usage, idle).next_step("Leave it out, or write to another place with -o"))
    }

    /// Refuses early what could not be written.
    fn check_free(&self, replace: bool) -> Result<(), Failure> {
        match self {
            Self::Page(path) => output::check_free(path, replace),
            #[cfg(feature = "pdf")]
            Self::Paper(path) => output::check_free(path, replace),
            Self::Folder(path, _) => output::check_folder(path),
        }
    }

    fn packing(&self, args: &SheetArgs) -> Packing {
        match args.migration {
            true => Packing::Migration { per_qr: args.per_qr.unwrap_or(self.per_qr()) },
            false => Packing::Single,
        }
    }

    fn per_qr(&self) -> u8 {
        match self {
            #[cfg(feature = "pdf")]
            Self::Paper(_) => ON_PAPER,
            _ => ON_SCREEN,
        }
    }

    /// Writes it and returns the names of the pictures, where there are some.
    fn write(
        &self,
        sheet: &Sheet,
        args: &SheetArgs,
        guard: &mut Guard,
        warnings: &mut Vec<Item>,
    ) -> Result<Vec<String>, Failure> {
        match self {
            Self::Page(path) => {
                let page = page::render(sheet, args.paper);
                file(path, page.as_bytes(), args.force, guard)
            }
            #[cfg(feature = "pdf")]
            Self::Paper(path) => {
                let printed = paper::print(sheet, args.paper.unwrap_or(Paper::A4))?;
                warnings.extend(printed.unprinted);
                file(path, &printed.bytes, args.force, guard)
            }
            Self::Folder(path, picture) => pictures::write(sheet, (path, *picture), args.force, guard),
        }
    }

    /// Its line in the report.
    fn line(&self, sheet: &Sheet) -> OutputLine {
        let (path, format) = match self {
            Self::Page(path) => (path, "html"),
            #[cfg(feature = "pdf")]
            Self::Paper(path) => (path, "pdf"),
            Self::Folder(path, picture) => (path, picture.extension()),
        };
        OutputLine {
            path: path.to_string_lossy().into_owned(),
            format: format.to_owned(),
            encrypted: false,
            accounts: sheet.accounts(),
        }
    }

    /// What to do with it.
    fn next(&self, sheet: &Sheet) -> Vec<String> {
        let codes = match sheet.cards.len() {
            1 => "the QR code".to_owned(),
            many => format!("the {many} QR codes, one after the other,"),
        };
        let (open, what) = match self {
            #[cfg(feature = "pdf")]
            Self::Paper(path) => {
                let name = path.to_string_lossy();
                (
                    format!("Print {name} or open it on a screen"),
                    format!("delete {name}, tear up what was printed"),
                )
            }
            Self::Page(path) => {
                let name = path.to_string_lossy();
                (format!("Open {name} in a browser on this computer"), format!("delete {name}"))
            }
            Self::Folder(path, _) => {
                let name = path.to_string_lossy();
                (
                    format!("Open the pictures in {name} on this computer"),
                    format!("delete the pictures in {name}"),
                )
            }
        };
        vec![
            format!("{open} and scan {codes} with the new phone"),
            "Compare: the new phone has to show the same codes as the old one".to_owned(),
            show::KEEP_THE_OLD_PHONE.to_owned(),
            format!("Then {what} and empty the bin: whoever has the QR codes has your keys"),
        ]
    }
}

/// One file that is complete on the disk before it gets its name.
fn file(path: &Path, bytes: &[u8], replace: bool, guard: &mut Guard) -> Result<Vec<String>, Failure> {
    guard.claim(path)?;
    let (pending, _) = Pending::checked(path, bytes, replace)?;
    output::publish([pending]).map(|()| Vec::new())
}

fn picture(args: &SheetArgs) -> Picture {
    match args.pictures.unwrap_or_default() {
        PictureKind::Png => Picture::Png,
        PictureKind::Svg => Picture::Svg,
    }
}

fn unknown_place(path: &Path) -> Failure {
    Failure::new(
        Exit::Usage,
        "a sheet is a page (NAME.html), a document (NAME.pdf) or a folder of pictures (NAME/)",
    )
    .in_file(&path.to_string_lossy())
    .next_step("Give one of these with -o. A page prints on paper as well")
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
