//! The sheet on paper: a PDF of codes that are large enough for a phone, with the key beside each.

mod layout;

use otpferry_formats::model::Account;
use otpferry_scan::Options;

use super::Sheet;
use crate::cli::Paper;
use crate::failure::{Exit, Failure};
use crate::paper::{Book, Measures, Page, Printed};
use crate::{paper, show};

/// Makes the document and reads every code in it again.
///
/// # Errors
/// [`Exit::Io`] when this computer has no font; [`Exit::CodesDiffer`] when a page does not show its codes.
pub(crate) fn print(sheet: &Sheet, paper: Paper) -> Result<Printed, Failure> {
    let fonts = paper::fonts(texts(sheet).iter().map(String::as_str))?;
    let measures = Measures::of(paper);
    let pages = layout::pages(sheet, &fonts, measures);
    let mut book = Book::new("Accounts to scan", &fonts, measures);
    pages.iter().try_for_each(|page| book.add(page))?;
    let bytes = book.finish()?;
    check(sheet, &pages, &bytes)?;
    let accounts = sheet.cards.iter().flat_map(|card| card.accounts());
    let lack = |account: &Account| fonts.lack(account, &[&account.issuer, &account.name]);
    Ok(Printed { bytes, unprinted: accounts.filter_map(lack).collect() })
}

/// Everything of the sheet that may be written in any letters.
fn texts(sheet: &Sheet) -> Vec<String> {
    let left_out = sheet.left_out.iter().flat_map(|item| {
        let step = item.next_step.clone().unwrap_or_default();
        [show::subject(item), item.message.clone(), step]
    });
    let accounts = || sheet.cards.iter().flat_map(|card| card.accounts());
    let names = accounts().flat_map(|account| [account.issuer.clone(), account.name.clone()]);
    let pins = accounts().filter_map(|account| Some(account.otp()?.pin()?.expose().to_owned()));
    names.chain(pins).chain(left_out).collect()
}

/// Lets the scanner read every page of the document.
fn check(sheet: &Sheet, pages: &[Page<'_>], bytes: &[u8]) -> Result<(), Failure> {
    let mut options = Options::default();
    options.limits.frames = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    let unreadable = || {
        Failure::new(Exit::CodesDiffer, "a printed QR code cannot be read again")
            .next_step("Write a page with -o sheet.html instead, and please report this")
    };
    let scan = otpferry_scan::scan(bytes, &options).map_err(|_| unreadable())?;
    let mut read: Vec<&[u8]> = scan.codes().map(|code| code.payload.as_slice()).collect();
    let mut wanted: Vec<&[u8]> = sheet.cards.iter().map(|card| card.payload.0.as_slice()).collect();
    // Codes of a page come in the order of their places.
    read.sort_unstable();
    wanted.sort_unstable();
    if read == wanted { Ok(()) } else { Err(unreadable()) }
}

#[cfg(test)]
mod tests;
