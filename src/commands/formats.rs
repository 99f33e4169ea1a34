//! `formats`: what can be read and written.

use otpferry_formats::registry;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::show::{self, Terminal};

#[derive(Serialize)]
struct Line {
    id: &'static str,
    title: &'static str,
    aliases: &'static [&'static str],
    extensions: &'static [&'static str],
    read: &'static str,
    write: &'static str,
    unverified: Option<&'static str>,
    export_help: &'static str,
    import_help: Option<&'static str>,
}

pub(super) fn run(terminal: &Terminal) -> Result<Exit, Failure> {
    let lines: Vec<Line> = registry::ALL.iter().map(|format| line(format.info())).collect();
    if terminal.wants_json() {
        terminal.print_json(&lines)?;
        return Ok(Exit::Done);
    }
    let rows = lines
        .iter()
        .map(|line| [line.id, line.title, line.read, line.write].map(str::to_owned).to_vec())
        .collect();
    terminal.print(&show::table(&["format", "app", "read", "write"], rows));
    let unverified: String =
        lines.iter().filter_map(|line| Some(format!("  {}: {}\n", line.id, line.unverified?))).collect();
    if !unverified.is_empty() {
        terminal.print(&format!("\nNot yet confirmed with files of the real app:\n{unverified}"));
    }
    terminal.print("\nPictures (PNG, JPEG, WebP, GIF, BMP, TIFF) of QR codes and age files around any of these are read as well.\n");
    Ok(Exit::Done)
}

fn line(info: &'static otpferry_formats::Info) -> Line {
    let support = |encrypted: bool| if encrypted { "plain, encrypted" } else { "plain" };
    Line {
        id: info.id,
        title: info.title,
        aliases: info.aliases,
        extensions: info.extensions,
        read: support(info.reads_encrypted),
        write: info.write.as_ref().map_or("no", |writing| writing.encryption.forms()),
        unverified: info.unverified,
        export_help: info.export_help,
        import_help: info.write.as_ref().map(|writing| writing.import_help),
    }
}
