//! The sheet as a folder of pictures, one for each code.

use std::fs;
use std::path::Path;

use otpferry_formats::model::Account;

use super::{Card, Content, Sheet};
use crate::draw::{self, Picture};
use crate::failure::{Exit, Failure};
use crate::guard::Guard;
use crate::output::{self, NewFolder, Pending};
use crate::show;

/// Most bytes of the part of a file name that is made of names: with number and ending it stays far below the
/// 143 bytes that the narrowest common file system (eCryptfs) takes.
const MOST_BYTES: usize = 80;

/// Writes the pictures, all of them or none; each is read again from the disk. Returns their names.
///
/// # Errors
/// [`Exit::Refused`] when pictures of another sheet are there; [`Exit::CodesDiffer`] when a written picture says
/// something else; and as for every output.
pub(crate) fn write(
    sheet: &Sheet,
    (folder, picture): (&Path, Picture),
    replace: bool,
    guard: &mut Guard,
) -> Result<Vec<String>, Failure> {
    let _folder = NewFolder::create(folder)?;
    let names: Vec<String> =
        sheet.cards.iter().enumerate().map(|(at, card)| file_name(sheet, at, card, picture)).collect();
    check_alone(folder, &names)?;
    let mut pending = Vec::with_capacity(names.len());
    for (card, name) in sheet.cards.iter().zip(&names) {
        let path = folder.join(name);
        guard.claim(&path)?;
        output::check_free(&path, replace)?;
        let (written, back) = Pending::checked(&path, &card.qr.picture(picture)?, replace)?;
        // An SVG is not scanned: its modules were, when the code was drawn.
        if picture == Picture::Png && draw::read(&back)? != *card.payload.0 {
            return Err(Failure::new(Exit::CodesDiffer, "a written QR code says something else")
                .in_file(&path.to_string_lossy()));
        }
        pending.push(written);
    }
    output::publish(pending)?;
    Ok(names)
}

/// Pictures of an older sheet between these would be scanned as well.
fn check_alone(folder: &Path, own: &[String]) -> Result<(), Failure> {
    let entries =
        fs::read_dir(folder).map_err(|error| Failure::io(folder, "look into the folder", &error))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    match names.filter(|name| is_of_a_sheet(name) && !own.contains(name)).min() {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            Exit::Refused,
            format!("the folder holds a picture of another sheet: {}", show::clean(&name)),
        )
        .in_file(&folder.to_string_lossy())
        .next_step("Delete the older pictures, or choose another folder with -o")),
    }
}

/// Whether a file is called as a picture of a sheet: `01-issuer-account.png`.
fn is_of_a_sheet(name: &str) -> bool {
    // Four digits are a year.
    let is_number =
        |text: &str| matches!(text.len(), 2 | 3) && text.bytes().all(|byte| byte.is_ascii_digit());
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    name.split_once('-').is_some_and(|(number, _)| is_number(number))
        && extension.and_then(Picture::of_extension).is_some()
}

/// The number comes first, so that names are in order, differ wherever capitals are the same as small letters, and
/// are none of those that Windows keeps for itself (`con`, `nul`, ...).
fn file_name(sheet: &Sheet, at: usize, card: &Card, picture: Picture) -> String {
    let total = sheet.cards.len();
    let width = total.to_string().len().max(2);
    let what = match &card.content {
        Content::One(account) => safe(account),
        Content::Several(_) => format!("of-{total:0width$}"),
    };
    format!("{:0width$}-{what}.{}", at + 1, picture.extension())
}

/// The names of an account, of letters and digits in any script and single hyphens: no file system has another
/// meaning for these, and no terminal turns them around.
fn safe(account: &Account) -> String {
    let mut name = String::new();
    let letters = account.issuer.chars().chain(['-']).chain(account.name.chars());
    for letter in letters {
        let is_plain = letter.is_alphanumeric() || matches!(letter, '@' | '.' | '_' | '+');
        let letter = if is_plain { letter } else { '-' };
        if name.len() + letter.len_utf8() > MOST_BYTES {
            break;
        }
        // No `..`, and nothing that begins with a mark.
        if letter.is_alphanumeric() || name.ends_with(char::is_alphanumeric) {
            name.push(letter);
        }
    }
    let name = name.trim_end_matches(|letter: char| !letter.is_alphanumeric());
    if name.is_empty() { "account".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use otpferry_formats::model::{Algorithm, Credential, Digits, Otp, Period, Secret};

    use super::*;

    fn named(issuer: &str, name: &str) -> String {
        let secret = Secret::new(b"12345678901234567890".to_vec()).unwrap();
        let otp =
            Otp::Totp { secret, algorithm: Algorithm::Sha1, digits: Digits::SIX, period: Period::THIRTY };
        safe(&Account::new(Credential::Otp(otp), issuer, name))
    }

    #[test]
    fn names_are_safe_on_every_file_system() {
        assert_eq!(named("Acme", "maria@example.org"), "Acme-maria@example.org");
        assert_eq!(named("../../etc/passwd", "C:\\x|y?*\"<>"), "etc-passwd-C-x-y");
        assert_eq!(named("a\u{0}b\n\u{202e}c", " . "), "a-b-c");
        assert_eq!(named("日本語", "山田"), "日本語-山田");
        assert_eq!(named("\u{1f510}", "--"), "account");
        assert_eq!(named("", ""), "account");
        assert_eq!(named("a", "x."), "a-x");
        let long = named(&"日".repeat(100), "x");
        assert_eq!((long.len(), long.chars().count()), (78, 26));
    }

    #[test]
    fn pictures_of_a_sheet_are_known_by_their_names() {
        let of_a_sheet = ["01-Acme.png", "001-of-120.SVG", "12-x.svg"];
        let others = ["1-a.png", "IMG-01.png", "01-a.txt", "01.png", "2024-05-01 holiday.png"];
        assert!(of_a_sheet.iter().all(|name| is_of_a_sheet(name)));
        assert!(!others.iter().any(|name| is_of_a_sheet(name)));
    }
}
