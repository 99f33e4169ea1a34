//! Where a sheet goes.

use std::io;
use std::path::Path;

use otpferry_formats::report::Item;

#[cfg(feature = "pdf")]
use crate::cli::Paper;
use crate::cli::{PictureKind, SheetArgs};
use crate::draw::Picture;
use crate::failure::{Exit, Failure};
use crate::guard::Guard;
use crate::output::{self, Pending};
use crate::report::{self, OutputLine};
#[cfg(feature = "pdf")]
use crate::sheet::paper;
use crate::sheet::terminal::{ALTERNATE_SCREEN_OFF, Size, Viewer, plain};
use crate::sheet::{Packing, Sheet, page, pictures};
use crate::show::{self, Terminal};

/// Most accounts in a transfer code on a screen: as many as Google Authenticator puts there.
const ON_SCREEN: u8 = 10;
/// On paper: a camera has to read the print, and phones fail at denser ones.
#[cfg(feature = "pdf")]
const ON_PAPER: u8 = 5;

/// Where the sheet goes, and so what it becomes.
pub(super) enum Place<'a> {
    Page(&'a Path),
    #[cfg(feature = "pdf")]
    Paper(&'a Path),
    Folder(&'a Path, Picture),
    /// One code at a time, on the terminal.
    Screen,
    /// All codes as text, for whatever reads standard output.
    Text,
}

impl<'a> Place<'a> {
    pub(super) fn of(args: &'a SheetArgs) -> Result<Self, Failure> {
        let path = args.output.as_path();
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let place = match extension.as_deref() {
            _ if path == Path::new("-") && Terminal::stdout_is_terminal() => Self::Screen,
            _ if path == Path::new("-") => Self::Text,
            _ if output::is_folder(path) => Self::Folder(path, picture(args)),
            None => Self::Folder(path, picture(args)),
            Some("html" | "htm") => Self::Page(path),
            #[cfg(feature = "pdf")]
            Some("pdf") => Self::Paper(path),
            Some(_) => return Err(unknown_place(path)),
        };
        let idle = match place {
            Self::Folder(..) | Self::Screen | Self::Text if args.paper.is_some() => {
                "--paper is for a page or a document"
            }
            Self::Page(_) | Self::Screen | Self::Text if args.pictures.is_some() => {
                "--pictures is for a folder of pictures"
            }
            Self::Screen if std::env::var_os("TERM").is_some_and(|term| term == "dumb") => {
                return Err(Failure::new(Exit::Usage, "this terminal cannot show one code at a time")
                    .next_step("Use -o sheet.html, or send the output to a file or a pager"));
            }
            _ => return Ok(place),
        };
        Err(Failure::new(Exit::Usage, idle).next_step("Leave it out, or write to another place with -o"))
    }

    /// Refuses early what could not be written.
    pub(super) fn check_free(&self, replace: bool) -> Result<(), Failure> {
        match self {
            Self::Page(path) => output::check_free(path, replace),
            #[cfg(feature = "pdf")]
            Self::Paper(path) => output::check_free(path, replace),
            Self::Folder(path, _) => output::check_folder(path),
            Self::Screen | Self::Text => Ok(()),
        }
    }

    pub(super) fn packing(&self, args: &SheetArgs) -> Packing {
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

    /// Writes it, or shows it.
    pub(super) fn write(
        &self,
        sheet: &Sheet,
        args: &SheetArgs,
        guard: &mut Guard,
    ) -> Result<Written, Failure> {
        let line = self.line(sheet);
        let mut written = Written { remarks: vec![report::plain_output(&line)], ..Written::default() };
        match self {
            Self::Page(path) => file(path, page::render(sheet, args.paper).as_bytes(), args.force, guard)?,
            #[cfg(feature = "pdf")]
            Self::Paper(path) => {
                let printed = paper::print(sheet, args.paper.unwrap_or(Paper::A4))?;
                written.remarks.extend(printed.unprinted);
                file(path, &printed.bytes, args.force, guard)?;
            }
            Self::Folder(path, picture) => {
                written.pictures = pictures::write(sheet, (path, *picture), args.force, guard)?;
            }
            Self::Text => Terminal::write_stdout(plain(sheet).as_bytes())?,
            Self::Screen => written.remarks = show(sheet, args)?.into_iter().collect(),
        }
        written.line = Some(line);
        Ok(written)
    }

    /// Its line in the report.
    fn line(&self, sheet: &Sheet) -> OutputLine {
        let (path, format) = match self {
            Self::Page(path) => (*path, "html"),
            #[cfg(feature = "pdf")]
            Self::Paper(path) => (*path, "pdf"),
            Self::Folder(path, picture) => (*path, picture.extension()),
            Self::Text => (Path::new("-"), "text"),
            Self::Screen => (Path::new("-"), show::ON_SCREEN),
        };
        OutputLine {
            path: path.to_string_lossy().into_owned(),
            format: format.to_owned(),
            encrypted: false,
            accounts: sheet.accounts(),
        }
    }

    /// What to do with it.
    pub(super) fn next(&self, sheet: &Sheet) -> Vec<String> {
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
            Self::Text => {
                ("Show the text in light letters on a dark ground".to_owned(), "delete the text".to_owned())
            }
            Self::Screen => return vec![COMPARE.to_owned(), show::KEEP_THE_OLD_PHONE.to_owned()],
        };
        vec![
            format!("{open} and scan {codes} with the new phone"),
            COMPARE.to_owned(),
            show::KEEP_THE_OLD_PHONE.to_owned(),
            format!("Then {what} and empty the bin: whoever has the QR codes has your keys"),
        ]
    }
}

const COMPARE: &str = "Compare: the new phone has to show the same codes as the old one";

/// Shows one code at a time. Says how many were not looked at.
fn show(sheet: &Sheet, args: &SheetArgs) -> Result<Option<Item>, Failure> {
    // Without this a stop with Ctrl-C would leave a key on the screen.
    let _ = ctrlc::set_handler(|| {
        let _ = Terminal::try_stdout(ALTERNATE_SCREEN_OFF.as_bytes());
        // As a shell reports a program that was interrupted.
        std::process::exit(130);
    });
    let is_stdin_taken = args.read.inputs.iter().any(|input| input == Path::new("-"));
    let viewer = Viewer {
        keyboard: Terminal::keyboard(is_stdin_taken)?,
        // Codes need their colours whatever NO_COLOR says.
        screen: Box::new(anstream::AutoStream::always(io::stdout())),
        size: Box::new(window),
    };
    let not_shown = viewer.show(sheet).map_err(|error| Terminal::cannot_write(&error))?;
    let message = format!("{not_shown} of {} were not shown", show::count(sheet.cards.len(), "QR code"));
    let item = Item::new("not-shown", message).next_step("Run it again, and press Enter until the last one");
    Ok((not_shown > 0).then_some(item))
}

/// The window as it is now.
fn window() -> Size {
    match terminal_size::terminal_size() {
        Some((columns, lines)) => Size { columns: columns.0.into(), lines: lines.0.into() },
        None => Size { columns: 80, lines: 24 },
    }
}

/// One file that is complete on the disk before it gets its name.
fn file(path: &Path, bytes: &[u8], replace: bool, guard: &mut Guard) -> Result<(), Failure> {
    guard.claim(path)?;
    output::publish([Pending::checked(path, bytes, replace)?.0])
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
        "a sheet is a page (NAME.html), a document (NAME.pdf), a folder of pictures (NAME/), or - for the terminal",
    )
    .in_file(&path.to_string_lossy())
    .next_step("Give one of these with -o")
}

/// What came of writing.
#[derive(Default)]
pub(super) struct Written {
    pub(super) line: Option<OutputLine>,
    /// Names of the pictures, where there are some.
    pub(super) pictures: Vec<String>,
    /// What is to be known about it.
    pub(super) remarks: Vec<Item>,
}
