//! `codes`: what the accounts show now, or at another time.

use jiff::Timestamp;
use otpferry_formats::model::{Account, Otp, merge};
use otpferry_formats::otp::{CodeError, Generator};
use otpferry_formats::report::Item;
use serde::Serialize;

use crate::cli::{CodesArgs, Moment};
use crate::failure::{Exit, Failure};
use crate::intake;
use crate::report;
use crate::show::{self, Terminal};

/// One account with its codes.
#[derive(Serialize)]
struct Line {
    issuer: String,
    account: String,
    /// The number of the token that it lives on.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    /// The person that an admin assigned it to.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    kind: &'static str,
    /// The first of the codes.
    code: Option<String>,
    codes: Vec<Shown>,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// One code.
#[derive(Serialize)]
struct Shown {
    /// `null` when no code can be computed for this moment.
    code: Option<String>,
    /// Unix seconds from which it is valid; `null` for HOTP.
    from: Option<u64>,
    /// Unix seconds from which it is not valid any more; `null` for HOTP.
    until: Option<u64>,
    /// The counter of an HOTP code.
    counter: Option<u64>,
}

#[derive(Serialize)]
struct Output {
    time: u64,
    accounts: Vec<Line>,
    skipped: Vec<Item>,
    duplicates: Vec<Item>,
    conflicts: Vec<Item>,
    warnings: Vec<Item>,
    missing_parts: Vec<merge::MissingPart>,
}

pub(super) fn run(args: &CodesArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let read = if args.csv { intake::read_files } else { intake::read };
    let mut intake = read(&args.read.inputs, &args.read.options, terminal)?;
    let contents = intake.contents();
    let time = args.at.unwrap_or_else(Moment::now).0;
    let accounts = contents.accounts.iter().map(|account| line(account, time, args.count.into())).collect();
    let output = Output {
        time,
        accounts,
        skipped: contents.skipped,
        duplicates: contents.duplicates,
        conflicts: contents.conflicts,
        warnings: contents.warnings,
        missing_parts: contents.missing_parts,
    };
    if terminal.wants_json() {
        terminal.print_json(&output)?;
    } else if args.csv {
        Terminal::write_stdout(&csv(&output)?)?;
        remarks(&output).iter().for_each(|line| terminal.remark(line));
    } else {
        terminal.print(&text(&output));
    }
    Ok(exit(&output, args.read.options.partial))
}

fn exit(output: &Output, partial: bool) -> Exit {
    let silent = |line: &Line| line.codes.is_empty() || line.codes.iter().any(|code| code.code.is_none());
    if !output.missing_parts.is_empty() && !partial {
        Exit::Incomplete
    } else if output.accounts.is_empty()
        || output.accounts.iter().any(silent)
        || !output.skipped.is_empty()
        || !output.conflicts.is_empty()
        || !output.missing_parts.is_empty()
        || output.warnings.iter().any(report::needs_attention)
    {
        Exit::Attention
    } else {
        Exit::Done
    }
}

fn line(account: &Account, time: u64, count: u64) -> Line {
    let (codes, reason) = match account.otp() {
        None => (Vec::new(), Some("it has no secret".to_owned())),
        Some(otp) => match codes(otp, time, count) {
            Ok(codes) => (codes, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        },
    };
    Line {
        issuer: account.issuer.clone(),
        account: account.name.clone(),
        serial: account.device.as_ref().map(|device| device.serial.clone()),
        user: account.user.clone(),
        kind: account.kind().name(),
        code: codes.first().and_then(|code| code.code.clone()),
        codes,
        reason,
    }
}

/// From the given time on; HOTP from the next counter on, as far as counters go.
fn codes(otp: &Otp, time: u64, count: u64) -> Result<Vec<Shown>, CodeError> {
    let generator = Generator::new(otp)?;
    let code = |moment| generator.at(moment).ok().map(|code| code.to_string());
    if let Some(next) = otp.counter() {
        let counters = (0..count).filter_map(|step| next.checked_add(step));
        let shown = |counter| Shown { code: code(counter), from: None, until: None, counter: Some(counter) };
        return Ok(counters.map(shown).collect());
    }
    let period = u64::from(otp.period().unwrap_or(30));
    let starts = (0..count).map(|step| (time / period).saturating_add(step).saturating_mul(period));
    let shown = |from: u64| Shown {
        code: code(from),
        from: Some(from),
        until: Some(from.saturating_add(period)),
        counter: None,
    };
    Ok(starts.map(shown).collect())
}

fn text(output: &Output) -> String {
    let rows = output.accounts.iter().flat_map(|line| rows(line, output.time)).collect();
    let mut text = show::table(&["issuer", "account", "code", "valid"], rows);
    remarks(output).iter().for_each(|line| text.push_str(&format!("\n{line}")));
    if text.ends_with('\n') { text } else { text + "\n" }
}

/// What is to be said beside the codes.
fn remarks(output: &Output) -> Vec<String> {
    let items = output.skipped.iter().chain(&output.conflicts).chain(&output.warnings);
    let about = |item: &Item| {
        let who = match item.index {
            Some(_) => show::subject(item),
            None => show::place(&item.file),
        };
        format!("{who}: {}", show::clean(&item.message))
    };
    items.map(about).chain(show::missing(&output.missing_parts)).collect()
}

/// One row a code. Times are RFC 3339, in UTC.
fn csv(output: &Output) -> Result<Vec<u8>, Failure> {
    let failed = |_| Failure::new(Exit::Internal, "cannot print the table");
    let mut table = csv::Writer::from_writer(Vec::new());
    let header = ["serial", "user", "issuer", "account", "kind", "code", "from", "until", "counter"];
    table.write_record(header).map_err(failed)?;
    for line in &output.accounts {
        for shown in &line.codes {
            let time = |seconds: Option<u64>| {
                let seconds = i64::try_from(seconds?).ok()?;
                Timestamp::from_second(seconds).ok().map(|time| time.to_string())
            };
            let (from, until) = (time(shown.from), time(shown.until));
            let counter = shown.counter.map(|counter| counter.to_string());
            let cells = [
                line.serial.as_deref(),
                line.user.as_deref(),
                Some(line.issuer.as_str()),
                Some(line.account.as_str()),
                Some(line.kind),
                shown.code.as_deref(),
                from.as_deref(),
                until.as_deref(),
                counter.as_deref(),
            ]
            .map(Option::unwrap_or_default);
            table.write_record(cells).map_err(failed)?;
        }
    }
    table.into_inner().map_err(|_| Failure::new(Exit::Internal, "cannot print the table"))
}

fn rows(line: &Line, time: u64) -> Vec<Vec<String>> {
    let row = |code: &str, valid: String| {
        vec![show::clean(&line.issuer), show::clean(&line.account), code.to_owned(), valid]
    };
    match &line.reason {
        Some(reason) => vec![row("-", reason.clone())],
        None => line
            .codes
            .iter()
            .map(|code| row(code.code.as_deref().unwrap_or("none"), valid(code, time)))
            .collect(),
    }
}

fn valid(code: &Shown, time: u64) -> String {
    match (code.counter, code.from, code.until) {
        (Some(counter), ..) => format!("counter {counter}"),
        (None, Some(from), _) if from > time => format!("in {} s", from - time),
        (None, _, Some(until)) => format!("{} s more", until.saturating_sub(time)),
        _ => String::new(),
    }
}
