//! A drill: what servers know against the ledger, before anybody stands at a door that does not open.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::model::{Account, Fingerprint};
use otpferry_formats::roster;
use serde::Serialize;

use super::server;
use super::store;
use crate::cli::PrestageArgs;
use crate::failure::{Exit, Failure};
use crate::intake;
use crate::show::{self, Terminal};

/// What a drill has found.
#[derive(Debug, Default, Serialize)]
struct Drill {
    /// Live accounts of the ledger that the server knows with the same secret.
    right: usize,
    findings: Vec<Finding>,
    /// Tokens of the server that the ledger does not know.
    strangers: usize,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize)]
struct Finding {
    problem: Problem,
    account: String,
    serial: String,
    message: String,
}

/// What is wrong, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Problem {
    /// The server does not know the account.
    Missing,
    /// The server has another secret for it.
    SecretDiffers,
    /// The secret is the same, digits, period or hash are not.
    ParametersDiffer,
    /// The token is somebody else's at the server.
    OtherPerson,
    /// A serial number that the server has more than once.
    SerialTwice,
    /// More tokens than the server allows one person.
    TooMany,
    /// An account that was replaced or withdrawn, and that the server still knows.
    StillThere,
    /// The server names it and gives no secret to compare.
    NotCompared,
}

impl Problem {
    /// Whether somebody would be locked out.
    fn locks_out(self) -> bool {
        !matches!(self, Self::StillThere | Self::NotCompared)
    }
}

pub(crate) fn run(path: &Path, args: &PrestageArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let missing = || {
        Failure::new(Exit::Io, "there is no such ledger")
            .in_file(&path.to_string_lossy())
            .next_step("Name the ledger that `otpferry prestage` has written")
    };
    let ledger = store::find(path, &args.read)?.ok_or_else(missing)?.ledger;
    let mut intake = intake::read(&args.against, &args.read, terminal)?;
    let exports = Exports::of(&mut intake);
    let issuer = args.issuer.as_deref();
    let drill = drill(&ledger, issuer, &exports);
    if terminal.wants_json() {
        terminal.print_json(&drill)?;
    } else {
        terminal.print(&text(&drill));
    }
    Ok(exit(&drill))
}

fn exit(drill: &Drill) -> Exit {
    if drill.findings.iter().any(|finding| finding.problem.locks_out()) {
        Exit::CodesDiffer
    } else if drill.findings.is_empty() && drill.right > 0 {
        Exit::Done
    } else {
        Exit::Attention
    }
}

/// What the servers know.
struct Exports {
    tokens: Vec<Token>,
    /// Names and serial numbers of entries without a secret.
    named_only: HashSet<String>,
}

/// One token of a server.
struct Token {
    account: Account,
    format: &'static str,
}

impl Exports {
    fn of(intake: &mut intake::Intake) -> Self {
        let mut exports = Self { tokens: Vec::new(), named_only: HashSet::new() };
        for file in &mut intake.files {
            let format = file.format;
            let tokens = file.vault.accounts.drain(..).map(|account| Token { account, format });
            exports.tokens.extend(tokens.filter(|token| token.account.otp().is_some()));
            exports.named_only.extend(file.vault.skipped.iter().map(|item| roster::fold(&item.account)));
        }
        exports
    }
}

impl Token {
    fn serial(&self) -> Option<String> {
        let serial = self.account.device.as_ref()?.serial.trim();
        (!serial.is_empty()).then(|| serial.to_uppercase())
    }

    /// The person that the server has assigned it to.
    fn person(&self) -> Option<String> {
        self.account.user.as_deref().filter(|user| !user.trim().is_empty()).map(roster::fold)
    }
}

fn drill(ledger: &Ledger, issuer: Option<&str>, exports: &Exports) -> Drill {
    let mut by_serial: HashMap<String, Vec<usize>> = HashMap::new();
    let mut by_secret: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
    for (index, token) in exports.tokens.iter().enumerate() {
        if let Some(serial) = token.serial() {
            by_serial.entry(serial).or_default().push(index);
        }
        if let Some(secret) = Fingerprint::of_secret(&token.account) {
            by_secret.entry(secret).or_default().push(index);
        }
    }
    let mut drill = Drill::default();
    let mut known: HashSet<usize> = HashSet::new();
    let is_meant = |entry: &&Entry| issuer.is_none_or(|issuer| entry.issuer == issuer);
    for entry in ledger.entries.iter().filter(is_meant) {
        let serial = entry.device.serial.to_uppercase();
        let own = entry.account();
        let of_serial = by_serial.get(&serial).map(Vec::as_slice).unwrap_or_default();
        let secret = own.as_ref().and_then(Fingerprint::of_secret);
        let of_secret =
            secret.and_then(|secret| by_secret.get(&secret)).map(Vec::as_slice).unwrap_or_default();
        known.extend(of_serial.iter().chain(of_secret));
        if of_serial.len() > 1 {
            drill.found(Problem::SerialTwice, entry, "the server has two tokens with this serial number");
        }
        let at = of_serial.first().or(of_secret.first());
        let token = at.and_then(|at| exports.tokens.get(*at));
        match (own.filter(|_| entry.state.is_live()), token) {
            (Some(own), Some(token)) => drill.compare(entry, &own, token),
            (Some(_), None) => drill.missing(entry, exports),
            (None, Some(_)) => {
                drill.found(Problem::StillThere, entry, "it is not in use any more: remove it at the server");
            }
            (None, None) => {}
        }
    }
    drill.too_many(exports);
    drill.strangers = exports.tokens.len().saturating_sub(known.len());
    drill
}

impl Drill {
    fn found(&mut self, problem: Problem, entry: &Entry, message: &str) {
        self.findings.push(Finding {
            problem,
            account: entry.account.clone(),
            serial: entry.device.serial.clone(),
            message: message.to_owned(),
        });
    }

    fn missing(&mut self, entry: &Entry, exports: &Exports) {
        let names = [roster::fold(&entry.account), roster::fold(&entry.device.serial)];
        if names.iter().any(|name| exports.named_only.contains(name)) {
            self.found(Problem::NotCompared, entry, "the server names it, and gives no secret to compare");
        } else {
            self.found(Problem::Missing, entry, "the server does not know it: import it again");
        }
    }

    fn compare(&mut self, entry: &Entry, own: &Account, token: &Token) {
        let same_secret = Fingerprint::of_secret(own) == Fingerprint::of_secret(&token.account);
        if !same_secret {
            self.found(Problem::SecretDiffers, entry, "the server has another secret for it");
        } else if Fingerprint::without_counter(own) != Fingerprint::without_counter(&token.account) {
            let message = "the server takes it for an account with another hash, length of codes or period";
            self.found(Problem::ParametersDiffer, entry, message);
        } else if is_of_other(entry, token) {
            self.found(Problem::OtherPerson, entry, "the server has assigned it to somebody else");
        } else {
            self.right += 1;
        }
    }

    /// More tokens than a person may have, counted over everything that the server knows.
    fn too_many(&mut self, exports: &Exports) {
        let mut held: HashMap<(&str, String), Vec<&Token>> = HashMap::new();
        for token in &exports.tokens {
            if let Some(person) = token.person() {
                held.entry((token.format, person)).or_default().push(token);
            }
        }
        let mut too_many: Vec<Finding> = held
            .into_iter()
            .filter_map(|((format, _), tokens)| {
                let most = server::most_per_person(format).filter(|most| tokens.len() > *most)?;
                let user = tokens.first().and_then(|token| token.account.user.clone()).unwrap_or_default();
                let message =
                    format!("has {} tokens, and the server takes {most} of one person", tokens.len());
                Some(Finding { problem: Problem::TooMany, account: user, serial: String::new(), message })
            })
            .collect();
        too_many.sort_by(|a, b| a.account.cmp(&b.account));
        self.findings.extend(too_many);
    }
}

/// Whether the token is assigned, and not to its owner.
fn is_of_other(entry: &Entry, token: &Token) -> bool {
    let Some(person) = token.person() else { return false };
    let own = [
        Some(entry.account.as_str()),
        Some(entry.email.as_str()),
        entry.directory_id.as_deref(),
        Some(&entry.key),
    ];
    let names = own.into_iter().flatten().chain(entry.earlier_accounts.iter().map(String::as_str));
    !names.into_iter().any(|name| roster::fold(name) == person)
}

fn text(drill: &Drill) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Right at the server: {}", drill.right);
    let locked = drill.findings.iter().filter(|finding| finding.problem.locks_out());
    let others = drill.findings.iter().filter(|finding| !finding.problem.locks_out());
    for (title, findings) in
        [("Would be locked out", locked.collect::<Vec<_>>()), ("To look at", others.collect())]
    {
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{title}: {}", findings.len());
        for finding in findings {
            let serial =
                if finding.serial.is_empty() { String::new() } else { format!(" [{}]", finding.serial) };
            let _ = writeln!(
                text,
                "  {}{}: {}",
                show::clean(&finding.account),
                show::clean(&serial),
                finding.message
            );
        }
    }
    if drill.strangers > 0 {
        let _ = writeln!(text, "Tokens at the server that the ledger does not know: {}", drill.strangers);
    }
    if drill.right == 0 && drill.findings.is_empty() {
        text.push_str("The ledger has no account to compare.\n");
    }
    text
}
