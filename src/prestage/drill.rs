//! A drill: what servers know against the ledger, before anybody stands at a door that does not open.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::model::{Account, Fingerprint};
use otpferry_formats::roster;
use serde::Serialize;

use super::{log, server, store};
use crate::cli::{PrestageArgs, is_delimited};
use crate::failure::{Exit, Failure};
use crate::intake::{self, File};
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
    file: String,
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
    /// The token is nobody's at the server, which knows tokens by their people.
    Unassigned,
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
    if args.read.is_selective() {
        return Err(Failure::new(
            Exit::Usage,
            "a check is about everybody: --only and --exclude mean nothing here",
        )
        .next_step("Leave them out; --issuer chooses among several issuers of a ledger"));
    }
    let missing = || {
        Failure::new(Exit::Io, "there is no such ledger")
            .in_file(&path.to_string_lossy())
            .next_step("Name the ledger that `otpferry prestage` has written")
    };
    let ledger = store::find(path, &args.read)?.ok_or_else(missing)?.ledger;
    let log = store::beside(path, store::LOG);
    if log::age(&log, &ledger)?.is_older {
        return Err(log::older(&log, false));
    }
    let intake = intake::read(&args.against, &args.read, terminal)?;
    let mut drill = Drill::default();
    let formats: BTreeSet<&str> = intake.files.iter().map(|file| file.format).collect();
    for format in formats {
        let files: Vec<&File> = intake.files.iter().filter(|file| file.format == format).collect();
        drill.server(&ledger, args.issuer.as_deref(), &Server::of(format, &files));
    }
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

/// What the files of one server say: a long list comes in several.
struct Server<'f> {
    format: &'f str,
    /// What they are called, in the findings.
    files: String,
    accounts: usize,
    by_serial: HashMap<String, Vec<&'f Account>>,
    by_secret: HashMap<Fingerprint, Vec<&'f Account>>,
    by_person: HashMap<String, Vec<&'f Account>>,
    /// Names and serial numbers of entries without a secret.
    named_only: HashSet<String>,
    /// Whether its entries say whose they are.
    has_people: bool,
}

impl<'f> Server<'f> {
    fn of(format: &'f str, files: &[&'f File]) -> Self {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let skipped = files.iter().flat_map(|file| &file.vault.skipped);
        let accounts =
            || files.iter().flat_map(|file| &file.vault.accounts).filter(|account| account.otp().is_some());
        // The columns of a delimited file are what the user says, and people may be in none.
        let says_people = || !is_delimited(format) || accounts().any(|account| account.user.is_some());
        let mut server = Self {
            format,
            files: names.join(", "),
            accounts: accounts().count(),
            by_serial: HashMap::new(),
            by_secret: HashMap::new(),
            by_person: HashMap::new(),
            named_only: skipped.map(|item| roster::fold(&item.account)).collect(),
            has_people: server::has_people(format) && says_people(),
        };
        for account in accounts() {
            if let Some(serial) = serial(account) {
                server.by_serial.entry(serial).or_default().push(account);
            }
            if let Some(secret) = Fingerprint::of_secret(account) {
                server.by_secret.entry(secret).or_default().push(account);
            }
            if let Some(person) = person(account) {
                server.by_person.entry(person).or_default().push(account);
            }
        }
        server
    }

    /// The tokens that could be this account, the likeliest first.
    fn tokens(&self, entry: &Entry, own: Option<&Account>) -> Vec<&'f Account> {
        let of_serial = self.by_serial.get(&entry.device.serial.to_uppercase());
        let secret = own.and_then(Fingerprint::of_secret);
        let of_secret = secret.and_then(|secret| self.by_secret.get(&secret));
        // A file without numbers knows tokens by their people.
        let without_numbers = self.by_serial.is_empty() && entry.state.is_live();
        let of_person = without_numbers.then(|| self.by_person.get(&roster::fold(&entry.account))).flatten();
        let found = of_serial.or(of_secret).or(of_person);
        found.cloned().unwrap_or_default()
    }
}

fn serial(account: &Account) -> Option<String> {
    let serial = account.device.as_ref()?.serial.trim();
    (!serial.is_empty()).then(|| serial.to_uppercase())
}

/// Whose token it is, by the server's own word: the assigned person, else the name, unless that is only the number.
fn person(account: &Account) -> Option<String> {
    let user = account.user.as_deref().filter(|user| !user.trim().is_empty());
    let name = user.unwrap_or(&account.name).trim();
    let is_number = serial(account).is_some_and(|serial| serial.eq_ignore_ascii_case(name));
    (!name.is_empty() && !is_number).then(|| roster::fold(name))
}

impl Drill {
    /// Compares the ledger with one server: what went into files of its format, or everything where nothing did.
    fn server(&mut self, ledger: &Ledger, issuer: Option<&str>, server: &Server<'_>) {
        let of_issuer = |entry: &&Entry| issuer.is_none_or(|issuer| entry.issuer == issuer);
        let went_there = |entry: &Entry| {
            entry.exports.iter().any(|export| export.target.split(':').next() == Some(server.format))
        };
        let any_went = ledger.entries.iter().filter(of_issuer).any(went_there);
        let mut known = HashSet::new();
        for entry in ledger.entries.iter().filter(of_issuer) {
            let own = entry.account();
            let tokens = server.tokens(entry, own.as_ref());
            known.extend(tokens.iter().map(|token| std::ptr::from_ref::<Account>(token)));
            let is_expected = entry.state.is_live() && (went_there(entry) || !any_went);
            match own.filter(|_| is_expected) {
                Some(own) => self.expected(entry, &own, &tokens, server),
                None if !entry.state.is_live() && !tokens.is_empty() => {
                    self.found(
                        Problem::StillThere,
                        entry,
                        server,
                        "it is not in use any more: remove it at the server",
                    );
                }
                None => {}
            }
        }
        self.too_many(server);
        self.strangers += server.accounts.saturating_sub(known.len());
    }

    fn found(&mut self, problem: Problem, entry: &Entry, server: &Server<'_>, message: &str) {
        self.findings.push(Finding {
            problem,
            account: entry.account.clone(),
            serial: entry.device.serial.clone(),
            file: server.files.clone(),
            message: message.to_owned(),
        });
    }

    /// An account that the server should know, and the tokens there that could be it.
    fn expected(&mut self, entry: &Entry, own: &Account, tokens: &[&Account], server: &Server<'_>) {
        let Some(first) = tokens.first() else {
            let names = [roster::fold(&entry.account), roster::fold(&entry.device.serial)];
            return if names.iter().any(|name| server.named_only.contains(name)) {
                self.found(
                    Problem::NotCompared,
                    entry,
                    server,
                    "the server names it, and gives no secret to compare",
                );
            } else {
                self.found(Problem::Missing, entry, server, "the server does not know it: import it again");
            };
        };
        if tokens.len() > 1
            && serial(first).is_some_and(|serial| serial.eq_ignore_ascii_case(&entry.device.serial))
        {
            return self.found(
                Problem::SerialTwice,
                entry,
                server,
                "the server has two tokens with this serial number",
            );
        }
        let is_right = |token: &&&Account| problem(entry, own, token, server.has_people).is_none();
        match (tokens.iter().find(is_right), problem(entry, own, first, server.has_people)) {
            (None, Some((problem, message))) => self.found(problem, entry, server, message),
            _ => self.right += 1,
        }
    }

    /// More tokens than a person may have.
    fn too_many(&mut self, server: &Server<'_>) {
        let Some(most) = server::most_per_person(server.format) else { return };
        let mut too_many: Vec<_> =
            server.by_person.iter().filter(|(_, tokens)| tokens.len() > most).collect();
        too_many.sort_by_key(|(person, _)| *person);
        for (person, tokens) in too_many.into_iter().map(|(person, tokens)| (person, tokens.len())) {
            self.findings.push(Finding {
                problem: Problem::TooMany,
                account: person.clone(),
                serial: String::new(),
                file: server.files.clone(),
                message: format!("has {tokens} tokens, and the server takes {most} of one person"),
            });
        }
    }
}

/// What is wrong with a token that should be this account.
fn problem(
    entry: &Entry,
    own: &Account,
    token: &Account,
    has_people: bool,
) -> Option<(Problem, &'static str)> {
    if Fingerprint::of_secret(own) != Fingerprint::of_secret(token) {
        return Some((Problem::SecretDiffers, "the server has another secret for it"));
    }
    if Fingerprint::without_counter(own) != Fingerprint::without_counter(token) {
        let message = "the server takes it for an account with another hash, length of codes or period";
        return Some((Problem::ParametersDiffer, message));
    }
    let own_names = [Some(entry.account.as_str()), entry.directory_id.as_deref(), Some(entry.key.as_str())];
    let is_own = |person: &String| own_names.iter().flatten().any(|name| roster::fold(name) == *person);
    match person(token) {
        Some(person) if !is_own(&person) => {
            Some((Problem::OtherPerson, "the server has it for another login name"))
        }
        None if has_people => Some((Problem::Unassigned, "the server has it for nobody: assign it")),
        _ => None,
    }
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
