//! `sheet`: QR codes for a phone to scan.

use std::path::Path;

use otpferry_formats::model::merge;
use otpferry_formats::report::Item;

use crate::cli::SheetArgs;
use crate::draw::{self, Picture};
use crate::failure::{Exit, Failure};
use crate::guard::Guard;
use crate::intake;
use crate::output::{self, NewFolder, Pending};
use crate::sheet::{Packing, Sheet, page};
use crate::show::{self, Terminal};

pub(super) fn run(args: &SheetArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let is_page = args.output.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    if is_page {
        output::check_free(&args.output, args.force)?;
    } else {
        output::check_folder(&args.output)?;
    }
    let mut intake = intake::read(&args.read.inputs, &args.read.options, terminal)?;
    let mut guard = Guard::new(&args.read.options, None, &intake);
    let merged = merge::accounts(intake.take_accounts());
    let packing = match args.migration {
        true => Packing::Migration { per_qr: args.per_qr },
        false => Packing::Single,
    };
    let sheet = Sheet::of(merged.accounts, packing)?;
    if is_page {
        guard.claim(&args.output)?;
        let page = page::render(&sheet, args.paper);
        Pending::write(&args.output, page.as_bytes(), args.force)?.publish()?;
    } else {
        pictures(&sheet, &args.output, args.force, &mut guard)?;
    }
    terminal.print(&text(&sheet, &args.output));
    Ok(if sheet.left_out.is_empty() && !sheet.cards.is_empty() { Exit::Done } else { Exit::Attention })
}

/// One PNG for each code.
fn pictures(sheet: &Sheet, folder: &Path, replace: bool, guard: &mut Guard) -> Result<(), Failure> {
    let _folder = NewFolder::create(folder)?;
    let mut pending = Vec::new();
    for (index, card) in sheet.cards.iter().enumerate() {
        let path = folder.join(format!("{:03}.png", index + 1));
        guard.claim(&path)?;
        output::check_free(&path, replace)?;
        let written = Pending::write(&path, &card.qr.picture(Picture::Png)?, replace)?;
        if draw::read(&written.read_back()?)? != *card.payload.0 {
            return Err(Failure::new(Exit::CodesDiffer, "a written QR code says something else")
                .in_file(&path.to_string_lossy()));
        }
        pending.push(written);
    }
    for pending in pending {
        pending.publish()?;
    }
    Ok(())
}

fn text(sheet: &Sheet, place: &Path) -> String {
    let codes = show::count(sheet.cards.len(), "QR code");
    let mut text = format!("Wrote {codes} to {}\n", show::clean(&place.to_string_lossy()));
    let left_out: &[Item] = &sheet.left_out;
    if !left_out.is_empty() {
        text.push_str("Not on the sheet:\n");
        show::lines(left_out).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text
}
