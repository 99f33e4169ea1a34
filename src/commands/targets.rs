//! `targets`: the apps that accounts can be moved to, and all that is known about one.

use std::fmt::{Display, Write as _};

use anstyle::Style;
use otpferry_formats::targets::{self, Effect, FindError, Limits, Means, Opens, Route, Target, Trap};
use serde::Serialize;

use crate::cli::TargetsArgs;
use crate::failure::{Exit, Failure};
use crate::show::{self, Terminal};

const BOLD: Style = Style::new().bold();

/// What stands where nobody said.
const UNKNOWN: &str = "?";

/// A row as JSON: traps have their sources and dates spelled out.
#[derive(Serialize)]
struct Line {
    target: String,
    #[serde(flatten)]
    row: Target,
    limits: Limits,
}

pub(super) fn run(args: &TargetsArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let rows = match &args.app {
        Some(app) => rows_of(app)?,
        None => targets::all().iter().collect(),
    };
    if terminal.wants_json() {
        let lines: Vec<Line> = rows.into_iter().map(line).collect();
        terminal.print_json(&lines)?;
    } else if args.app.is_some() {
        let texts: Vec<String> = rows.into_iter().map(everything).collect();
        terminal.print(&texts.join("\n"));
    } else {
        terminal.print(&overview(&rows));
    }
    Ok(Exit::Done)
}

/// The row of that name, or all rows of an app whose platforms differ.
fn rows_of(app: &str) -> Result<Vec<&'static Target>, Failure> {
    match targets::find(app) {
        Ok(found) => Ok(vec![found.target]),
        Err(FindError::WhichPlatform { choices, .. }) => Ok(choices
            .iter()
            .filter_map(|choice| targets::find(choice).ok())
            .map(|found| found.target)
            .collect()),
        Err(error) => Err(Failure::unknown_target(app, &error)),
    }
}

fn line(row: &Target) -> Line {
    let mut row = row.clone();
    let (source, checked) = (row.source.clone(), row.checked);
    for trap in row.traps.iter_mut().chain(&mut row.exports) {
        if trap.source.is_empty() {
            trap.source.clone_from(&source);
        }
        trap.checked.get_or_insert(checked);
    }
    Line { target: row.name(), limits: row.limits(), row }
}

fn overview(rows: &[&Target]) -> String {
    let cells = |row: &&Target| {
        vec![
            row.id.clone(),
            words(&row.platforms, " "),
            known(&row.holds.kinds, " "),
            known(&row.holds.algorithms, " "),
            row.holds.digits.as_ref().map_or_else(unknown, ToString::to_string),
            row.holds.periods.as_ref().map_or_else(unknown, ToString::to_string),
            ways(row),
            row.checked.to_string(),
        ]
    };
    let header = ["target", "platform", "kinds", "algorithms", "digits", "periods", "ways in", "as of"];
    let table = show::table(&header, rows.iter().map(cells).collect());
    format!(
        "{table}\n\
         ? means that nobody said. `otpferry targets APP` tells what goes wrong there, where to tap, and the sources;\n\
         name the platform where an app has several lines: google-authenticator@ios.\n"
    )
}

fn ways(row: &Target) -> String {
    if row.avoid.is_some() {
        return "do not use".to_owned();
    }
    let mut ways: Vec<&str> = row.routes.iter().map(|route| route.by.name()).collect();
    ways.dedup();
    ways.join(" ")
}

fn unknown() -> String {
    UNKNOWN.to_owned()
}

fn words(list: &[impl Display], between: &str) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn known(list: &Option<Vec<impl Display>>, between: &str) -> String {
    list.as_ref().map_or_else(unknown, |list| words(list, between))
}

/// All that is known, in words.
fn everything(row: &Target) -> String {
    let mut text = String::new();
    let platforms: Vec<_> = row.platforms.iter().map(|platform| platform.title()).collect();
    let _ = writeln!(text, "{BOLD}{}{BOLD:#}, on {} ({})", row.title, words(&platforms, ", "), row.name());
    if let Some(reason) = &row.avoid {
        let _ = writeln!(text, "  Do not move to it: {reason} (as of {}).", row.checked);
    }
    if let Some(version) = &row.min_version {
        let _ = writeln!(text, "  Of version: {version}.");
    }
    shows(&mut text, row);
    ways_in(&mut text, row);
    wrong(&mut text, "What goes wrong", row, &row.traps);
    wrong(&mut text, "What goes wrong when accounts leave it", row, &row.exports);
    sources(&mut text, row);
    text
}

fn heading(text: &mut String, title: &str) {
    let _ = writeln!(text, "\n{BOLD}{title}{BOLD:#}");
}

fn shows(text: &mut String, row: &Target) {
    let holds = &row.holds;
    heading(text, &format!("It shows (as of {})", row.checked));
    let seconds = |periods: String| match periods.as_str() {
        UNKNOWN | "any" => periods,
        _ => format!("{periods} seconds"),
    };
    let facts = [
        ("kinds", known(&holds.kinds, ", ")),
        ("algorithms", known(&holds.algorithms, ", ")),
        ("digits", holds.digits.as_ref().map_or_else(unknown, ToString::to_string)),
        ("periods", seconds(holds.periods.as_ref().map_or_else(unknown, ToString::to_string))),
    ];
    for (what, fact) in facts {
        let fact = if fact == UNKNOWN { "not known".to_owned() } else { fact };
        let _ = writeln!(text, "  {what:<11} {fact}");
    }
    if holds.silently {
        let _ = writeln!(text, "  The rest it takes without a word, and shows wrong codes.");
    }
}

fn ways_in(text: &mut String, row: &Target) {
    if row.routes.is_empty() {
        return;
    }
    heading(text, "Ways in, the best first");
    for (at, route) in row.routes.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}: {}.", at + 1, way(route), route.how);
    }
    let Some(opens) = row.opens.as_ref().filter(|opens| !opens.is_empty()) else { return };
    let files: Vec<String> = opens.chunk_by(|a, b| a.format == b.format).map(file).collect();
    let others = if row.opens_more { ", and others" } else { "" };
    let _ = writeln!(text, "  Files that its own importer opens: {}{others}.", files.join(", "));
}

/// A format that is opened plain, encrypted, or both ways.
fn file(forms: &[Opens]) -> String {
    let format = forms.first().map(|form| form.format.as_str()).unwrap_or_default();
    match forms {
        [only] if only.encrypted => format!("{format} (encrypted)"),
        [_] => format.to_owned(),
        _ => format!("{format} (also encrypted)"),
    }
}

fn way(route: &Route) -> String {
    let name = match (route.by, route.most) {
        (Means::File, _) => "File".to_owned(),
        (Means::MigrationQr, Some(most)) => format!("Transfer QR codes, {most} accounts in each"),
        (Means::MigrationQr, None) => "Transfer QR codes".to_owned(),
        (Means::Qr, _) => "One QR code for each account".to_owned(),
        (Means::Manual, _) => "By hand".to_owned(),
    };
    match &route.form_name {
        Some(form) => format!("{name} (-t {form})"),
        None => name,
    }
}

fn wrong(text: &mut String, title: &str, row: &Target, traps: &[Trap]) {
    if traps.is_empty() {
        return;
    }
    heading(text, title);
    let mut traps: Vec<&Trap> = traps.iter().collect();
    traps.sort_by_key(|trap| trap.effect);
    let lines = traps.into_iter().map(|trap| {
        let silently = if trap.silently && trap.effect != Effect::Remark { ", silently" } else { "" };
        format!("  {}{silently}: {}.", effect(trap), trap.message(row))
    });
    // Two traps can say the same: of one file format, one for the digits and one for the period.
    let mut lines: Vec<String> = lines.collect();
    lines.dedup();
    let _ = writeln!(text, "{}", lines.join("\n"));
}

fn effect(trap: &Trap) -> &'static str {
    match trap.effect {
        Effect::WholeImportFails => "Nothing gets in",
        Effect::StopsHere => "The rest is lost",
        Effect::LeftOut => "Left out",
        Effect::Merged => "Two become one",
        Effect::WrongCodes => "Wrong codes",
        Effect::NameCut => "Cut off",
        Effect::Changed => "Changed",
        Effect::Remark => "Note",
    }
}

fn sources(text: &mut String, row: &Target) {
    heading(text, "Sources");
    let mut seen = Vec::new();
    let of_traps = row.traps.iter().chain(&row.exports).flat_map(|trap| {
        let date = trap.checked(row);
        trap.source.iter().map(move |source| (source, date))
    });
    for (source, date) in row.source.iter().map(|source| (source, row.checked)).chain(of_traps) {
        if !seen.contains(&source) {
            seen.push(source);
            let _ = writeln!(text, "  {source} ({date})");
        }
    }
}
