//! `formats`: what can be read and written.

use otpferry_formats::{Form, Format, registry};
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
    forms: Vec<FormLine>,
    unverified: Option<&'static str>,
    export_help: &'static str,
    import_help: Option<&'static str>,
}

/// One form of a format that is written in several.
#[derive(Serialize)]
struct FormLine {
    name: String,
    write: &'static str,
    import_help: &'static str,
}

pub(super) fn run(terminal: &Terminal) -> Result<Exit, Failure> {
    let lines: Vec<Line> = registry::ALL.iter().map(|format| line(*format)).collect();
    if terminal.wants_json() {
        terminal.print_json(&lines)?;
        return Ok(Exit::Done);
    }
    let rows = lines
        .iter()
        .map(|line| [line.id, line.title, line.read, line.write].map(str::to_owned).to_vec())
        .collect();
    terminal.print(&show::table(&["format", "app", "read", "write"], rows));
    let forms = lines.iter().flat_map(|line| &line.forms);
    let rows: Vec<_> = forms.map(|form| vec![form.name.clone(), form.write.to_owned()]).collect();
    if !rows.is_empty() {
        terminal.print("\nWritten in several forms, of which the first is the usual one:\n\n");
        terminal.print(&show::table(&["form", "write"], rows));
    }
    let unverified: String =
        lines.iter().filter_map(|line| Some(format!("  {}: {}\n", line.id, line.unverified?))).collect();
    if !unverified.is_empty() {
        terminal.print(&format!("\nNot yet confirmed with files of the real app:\n{unverified}"));
    }
    terminal.print("\nPictures (PNG, JPEG, WebP, GIF, BMP, TIFF) of QR codes and age files around any of these are read as well.\n");
    Ok(Exit::Done)
}

fn line(format: &'static dyn Format) -> Line {
    let info = format.info();
    let usual = info.write.first();
    let support = |encrypted: bool| if encrypted { "plain, encrypted" } else { "plain" };
    Line {
        id: info.id,
        title: info.title,
        aliases: info.aliases,
        extensions: info.extensions,
        read: support(info.reads_encrypted),
        write: usual.map_or("no", |writing| writing.encryption.forms()),
        forms: forms(format),
        unverified: info.unverified,
        export_help: info.export_help,
        import_help: usual.map(|writing| writing.import_help),
    }
}

fn forms(format: &'static dyn Format) -> Vec<FormLine> {
    let line = |form: Form| FormLine {
        name: form.name(),
        write: form.writing.encryption.forms(),
        import_help: form.writing.import_help,
    };
    Form::all_of(format).filter(|form| !form.writing.form.is_empty()).map(line).collect()
}
