//! What is written where.

use std::path::{Path, PathBuf};

use otpferry_formats::model::{Account, Kind, Vault};
use otpferry_formats::{
    Carrier, Encryption, Fit, Form, Format, Limits, Part, TokenOptions, Writing, registry,
};
use zeroize::Zeroizing;

use crate::cli::ConvertArgs;
use crate::draw::{self, Picture, Qr};
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::intake;
use crate::output;

/// One output format and its place.
pub(super) struct Target {
    pub(super) form: Form,
    pub(super) destination: Destination,
    /// QR codes instead of text.
    picture: Option<Picture>,
    /// Whether the user left the file name to us.
    customary: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Stdout,
    File(PathBuf),
}

/// One file to be.
pub(super) struct Piece {
    /// `None` is standard output.
    pub(super) path: Option<PathBuf>,
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The kind of picture and what its code says, when it is one.
    drawn: Option<(Picture, Zeroizing<Vec<u8>>)>,
}

/// Finds the formats and places of all outputs, and refuses what cannot be before anything is read.
pub(super) fn targets(args: &ConvertArgs) -> Result<Vec<Target>, Failure> {
    let mut targets: Vec<Target> = Vec::new();
    for name in &args.to {
        let form = form(name)?;
        let (destination, picture) = destination(args, form.writing)?;
        let customary = !matches!(&destination, Destination::File(path) if args.output.as_ref() == Some(path))
            && destination != Destination::Stdout;
        let target = Target { form, destination, picture, customary };
        if targets.iter().any(|other| other.destination == target.destination) {
            return Err(Failure::new(
                Exit::Usage,
                format!("two outputs would go to {}", target.destination.name()),
            )
            .next_step("Name each format once"));
        }
        // With a passphrase file the inputs decide the name: see `settle`.
        if !(target.customary && args.read.options.age_passphrase_file.is_some()) {
            target.check_free(args)?;
        }
        targets.push(target);
    }
    check_encryption(args, &targets)?;
    Ok(targets)
}

/// What a name after `-t` means: a format in its usual form, or `format:form`.
pub(crate) fn form(name: &str) -> Result<Form, Failure> {
    let (id, wanted) = name.split_once(':').unwrap_or((name, ""));
    let format = registry::by_name(id).ok_or_else(|| intake::unknown_format(id))?;
    Form::named(format, wanted).ok_or_else(|| not_written(format))
}

fn not_written(format: &'static dyn Format) -> Failure {
    let title = format.info().title;
    let names: Vec<_> = Form::all_of(format).map(|form| format!("-t {}", form.name())).collect();
    if names.is_empty() {
        return Failure::new(Exit::NothingToRead, format!("{title} can be read but not written"))
            .next_step("See `otpferry formats` for what can be written");
    }
    Failure::new(Exit::Usage, format!("{title} is not written in that form"))
        .next_step(format!("Use {}", names.join(" or ")))
}

/// Gives the customary names that fit, now that it is known whether the outputs are age files.
pub(super) fn settle(targets: &mut [Target], args: &ConvertArgs, sealed: bool) -> Result<(), Failure> {
    for target in targets.iter_mut().filter(|target| target.customary) {
        let name = customary_name(args, target.form.writing, sealed);
        if let Destination::File(path) = &mut target.destination {
            path.set_file_name(name);
        }
        target.check_free(args)?;
    }
    Ok(())
}

/// The folder that `-o` asks for, when there are files to go into one.
pub(super) fn folder(args: &ConvertArgs) -> Option<&Path> {
    let path = args.output.as_deref().filter(|path| *path != Path::new("-"))?;
    (args.to.len() > 1 || output::is_folder(path)).then_some(path)
}

fn destination(args: &ConvertArgs, writing: &Writing) -> Result<(Destination, Option<Picture>), Failure> {
    let several = args.to.len() > 1;
    let customary = customary_name(args, writing, !args.age_recipient.is_empty());
    match &args.output {
        None => Ok((Destination::File(PathBuf::from(customary)), None)),
        Some(path) if path == Path::new("-") && several => {
            Err(Failure::new(Exit::Usage, "standard output takes one format")
                .next_step("Give a folder with -o FOLDER/ for several"))
        }
        Some(path) if path == Path::new("-") => Ok((Destination::Stdout, None)),
        Some(path) if several || output::is_folder(path) => {
            output::check_folder(path)?;
            Ok((Destination::File(path.join(customary)), None))
        }
        Some(path) => {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let picture = extension.and_then(Picture::of_extension);
            if picture.is_some() && writing.carrier != Carrier::Uris {
                return Err(Failure::new(
                    Exit::Usage,
                    "this format is a file and does not travel as QR codes",
                )
                .next_step("Use -t google-migration or -t otpauth for QR codes, or another file name"));
            }
            Ok((Destination::File(path.clone()), picture))
        }
    }
}

/// The app's usual file name; with `.age` when it is an age file.
fn customary_name(args: &ConvertArgs, writing: &Writing, sealed: bool) -> String {
    let encrypted = encrypts(args, writing, sealed);
    let name = if encrypted { writing.encrypted_file_name } else { writing.file_name };
    if sealed { format!("{name}.age") } else { name.to_owned() }
}

/// Whether the app's own encryption is used: where there is one, unless the user said no or the
/// whole file is sealed with age and no password for the inside is given. A weak one takes a password
/// that was given for it.
fn encrypts(args: &ConvertArgs, writing: &Writing, sealed: bool) -> bool {
    let given = args.new_password_file.is_some();
    match writing.encryption {
        Encryption::Never => false,
        Encryption::Weak => !args.plain && given,
        Encryption::Optional => !args.plain && (!sealed || given),
        Encryption::Always => true,
    }
}

/// Refuses what the encryption of the targets does not allow, on any of them or together.
fn check_encryption(args: &ConvertArgs, targets: &[Target]) -> Result<(), Failure> {
    let with = |wanted| targets.iter().find(|target: &&Target| target.form.writing.encryption == wanted);
    if let Some(target) = with(Encryption::Always).filter(|_| args.plain) {
        let app = target.form.writing.caps.app;
        return Err(Failure::new(
            Exit::Usage,
            format!("{app} opens only encrypted files, and --plain asks for one that is not"),
        )
        .next_step(format!("Write {app} in a run without --plain; it takes a new password")));
    }
    // Who breaks the weak file gets the keys made of its password, and from them the password.
    let strong = with(Encryption::Always).or_else(|| with(Encryption::Optional));
    if let (Some(weak), Some(strong)) = (with(Encryption::Weak), strong)
        && weak.encrypts(args, false)
    {
        let (weak, strong) = (weak.form.writing.caps.app, strong.form.writing.caps.app);
        let message =
            format!("the encryption of {weak} is weak and would give away the password of the {strong} file");
        return Err(Failure::new(Exit::Usage, message)
            .next_step(format!("Write {weak} in a run of its own, plain or with another password")));
    }
    Ok(())
}

impl Destination {
    fn name(&self) -> String {
        match self {
            Self::Stdout => "standard output".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The place as the report names it: of several pictures the first and the last.
    pub(super) fn shown(&self, pieces: &[Piece]) -> String {
        let name = |piece: &Piece| piece.path.as_ref().map(|path| path.display().to_string());
        match (self, pieces) {
            (Self::Stdout, _) => "-".to_owned(),
            (Self::File(_), [first, .., last]) => match (name(first), name(last)) {
                (Some(first), Some(last)) => format!("{first} to {last}"),
                _ => self.name(),
            },
            (Self::File(_), _) => self.name(),
        }
    }
}

impl Target {
    fn check_free(&self, args: &ConvertArgs) -> Result<(), Failure> {
        match (&self.destination, self.picture) {
            // What is not there yet has nothing in it.
            (Destination::File(_), None) if folder(args).is_some_and(|folder| !folder.is_dir()) => Ok(()),
            (Destination::File(path), None) if !args.dry_run => output::check_free(path, args.force),
            _ => Ok(()),
        }
    }

    /// Whether the app's own encryption is used.
    pub(super) fn encrypts(&self, args: &ConvertArgs, sealed: bool) -> bool {
        encrypts(args, self.form.writing, sealed)
    }

    pub(super) fn is_named_age(&self) -> bool {
        match &self.destination {
            Destination::File(path) => {
                path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("age"))
            }
            Destination::Stdout => false,
        }
    }

    /// What would happen to each account. One that no QR code can hold is left out of pictures.
    pub(super) fn fit(&self, accounts: &[Account], tokens: &TokenOptions) -> Vec<Fit> {
        let mut fits = self.form.fit_given(accounts, tokens);
        if self.picture.is_some() {
            for (account, fit) in accounts.iter().zip(&mut fits) {
                if fit.refused.is_none() && self.is_too_long(account) {
                    *fit = Fit::refuse(
                        "too-long-for-qr",
                        "it is too long for a QR code",
                        "Shorten its names, or write a file instead of pictures",
                    );
                }
            }
        }
        fits
    }

    fn is_too_long(&self, account: &Account) -> bool {
        let vault = Vault { accounts: vec![account.clone()], ..Vault::default() };
        let parts = encode::encode(self.form, &vault, None, &Limits::default(), 1, &TokenOptions::default());
        parts.map_or(true, |parts| parts.iter().any(|part| part.0.len() > draw::MOST_BYTES))
    }

    /// Whether the target writes what only the app of that id knows.
    pub(super) fn keeps_extra_of(&self, id: &str) -> bool {
        self.is_record() || self.form.format.info().id == id
    }

    /// Whether this is the file that holds everything, names without secrets included. Also without
    /// accounts it says something; an empty backup of an app would pass for a good one.
    pub(super) fn is_record(&self) -> bool {
        self.form.writing.caps.kinds.contains(&Kind::NameOnly)
    }

    /// Lays the encoded parts out as files.
    pub(super) fn pieces(&self, parts: Vec<Part>) -> Result<Vec<Piece>, Failure> {
        match (&self.destination, self.picture) {
            (Destination::File(path), Some(picture)) => {
                let count = parts.len();
                let drawn = parts.into_iter().enumerate();
                drawn.map(|(index, part)| Piece::drawn(numbered(path, index, count), part, picture)).collect()
            }
            (destination, _) => Ok(vec![Piece {
                path: match destination {
                    Destination::Stdout => None,
                    Destination::File(path) => Some(path.clone()),
                },
                bytes: joined(self.form.writing.carrier, parts),
                drawn: None,
            }]),
        }
    }
}

/// One file of all parts: the only part, or lines of text.
pub(crate) fn joined(carrier: Carrier, mut parts: Vec<Part>) -> Zeroizing<Vec<u8>> {
    if let (Carrier::File, [only]) = (carrier, parts.as_mut_slice()) {
        return std::mem::take(&mut only.0);
    }
    let size = parts.iter().map(|part| part.0.len() + 1).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    for part in parts {
        bytes.extend_from_slice(&part.0);
        bytes.push(b'\n');
    }
    bytes
}

/// `codes.png`, or `codes-1-of-3.png` when there are several.
pub(crate) fn numbered(path: &Path, index: usize, count: usize) -> PathBuf {
    if count == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{}-of-{count}.{extension}", index + 1))
}

impl Piece {
    fn drawn(path: PathBuf, part: Part, picture: Picture) -> Result<Self, Failure> {
        let bytes = Zeroizing::new(Qr::of(&part.0)?.picture(picture)?);
        Ok(Self { path: Some(path), bytes, drawn: Some((picture, part.0)) })
    }

    /// What a reader finds in the file, given its bytes as they came back from the disk. A drawn PNG
    /// is scanned; an SVG cannot be, but its modules were when it was drawn.
    pub(super) fn content(self, back: Option<Zeroizing<Vec<u8>>>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = back.unwrap_or(self.bytes);
        let mut content = match self.drawn {
            None => return Ok(bytes),
            Some((Picture::Svg, payload)) => payload,
            Some((Picture::Png, _)) => Zeroizing::new(draw::read(&bytes)?),
        };
        content.push(b'\n');
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_pictures_are_numbered() {
        let path = Path::new("out/codes.png");
        assert_eq!(numbered(path, 0, 1), Path::new("out/codes.png"));
        assert_eq!(numbered(path, 1, 3), Path::new("out/codes-2-of-3.png"));
    }
}
