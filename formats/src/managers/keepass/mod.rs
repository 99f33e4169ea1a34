//! `keepass`: databases of KeePass 2, KeePassXC, KeePassDX, Strongbox and their relatives, their XML, and
//! KeePassXC's table.
//!
//! Source: KeePassXC's `KdbxXmlReader`, `KdbxXmlWriter`, `CsvExporter` and `CsvImportWidget`.

mod conventions;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod xml;

use crate::container::kdbx;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::Vault;
use crate::probe::Probe;
use crate::text::xml::has_root;

/// KeePass 2 and its relatives.
pub(crate) struct KeePass;

const ID: &str = "keepass";

static INFO: Info = Info {
    id: ID,
    title: "KeePass, KeePassXC (database, XML, CSV)",
    aliases: &["kdbx", "keepassxc", "keepassdx", "strongbox", "keepassium", "macpass", "keeweb"],
    extensions: &["kdbx", "xml", "csv", "kdb"],
    reads_encrypted: true,
    unverified: None,
    write: &[],
    export_help: "The database itself, a file .kdbx. Or in KeePass, File > Export > KeePass XML (2.x); in KeePassXC, \
        Database > Export > XML or CSV",
};

impl Format for KeePass {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let is_mine = kdbx::sniff(probe.bytes()).is_some()
            || probe.text().is_some_and(|text| has_root(text, xml::ROOT))
            || probe.has_header(table::MARK);
        if is_mine { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}
