//! `diff`: what changed between two lists of accounts.

mod alarm;
mod text;

use otpferry_formats::Field;
use otpferry_formats::model::compare::{self, Codes, Comparison, Pair, Parameter, Single};
use otpferry_formats::model::{Account, Otp};
use otpferry_formats::report::Item;
use serde::Serialize;

use crate::cli::DiffArgs;
use crate::failure::{Exit, Failure};
use crate::show::Terminal;
use crate::side::{Side, Summary};

/// Each list is in the order of the old accounts, that of new ones in theirs. An account can be in several.
#[derive(Serialize)]
struct Output {
    /// Signs that the new one must not replace the old one.
    alarms: Vec<Item>,
    /// How many accounts are the same in everything.
    same: usize,
    removed: Vec<Line>,
    added: Vec<Line>,
    renamed: Vec<Line>,
    secret_changed: Vec<Line>,
    parameters_changed: Vec<Line>,
    details_changed: Vec<Line>,
    moved: Vec<Line>,
    old: Summary,
    new: Summary,
}

/// One account.
#[derive(Serialize)]
struct Line {
    issuer: String,
    account: String,
    kind: &'static str,
    /// 0-based place in the old list, or in the new one where it is only there.
    place: usize,
    /// What it is called in the new list, where that is something else; of an account without a counterpart,
    /// the one in the other list that shows the same codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_name: Option<Name>,
    /// 0-based place in the new list, of one that moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_place: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
    /// What is to be known about a change of the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'static str>,
}

#[derive(Serialize)]
struct Name {
    issuer: String,
    account: String,
}

/// One value that changed. Values are left out where they could be secret or are no text.
#[derive(Serialize)]
struct Change {
    field: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
}

pub(super) fn run(args: &DiffArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let (old, new) = Side::read_both((&args.old, &args.new), args.from_new.as_deref(), &args.read, terminal)?;
    let output = Output::of(&old, &new);
    let exit = output.exit(args.read.partial);
    if terminal.wants_json() {
        terminal.print_json(&output)?;
    } else if !(terminal.is_quiet() && exit == Exit::Done) {
        terminal.print(&text::of(&output));
    }
    Ok(exit)
}

impl Output {
    fn of(old: &Side, new: &Side) -> Self {
        let comparison = compare::lists(&old.accounts, &new.accounts);
        let both = Both { old: &old.accounts, new: &new.accounts, comparison: &comparison };
        Self {
            alarms: alarm::alarms(old, new, &comparison),
            same: comparison.pairs.iter().filter(|pair| is_same(pair)).count(),
            removed: singles(&comparison.removed, both.old, both.new),
            added: singles(old.added(&comparison), both.new, both.old),
            renamed: both.lines(|pair, _, _| pair.renamed.then(Vec::new)),
            secret_changed: both.lines(secret),
            parameters_changed: both.lines(parameters),
            details_changed: both.lines(|pair, old, new| {
                let changes: Vec<Change> = pair.fields.iter().map(|field| detail(*field, old, new)).collect();
                (!changes.is_empty()).then_some(changes)
            }),
            moved: both.lines(|pair, _, _| pair.moved.then(Vec::new)),
            old: old.summary(),
            new: new.summary(),
        }
    }

    fn exit(&self, partial: bool) -> Exit {
        let sides = [&self.old, &self.new];
        let changed = [
            &self.removed,
            &self.added,
            &self.renamed,
            &self.secret_changed,
            &self.parameters_changed,
            &self.details_changed,
            &self.moved,
        ];
        if !partial && sides.iter().any(|side| !side.missing_parts.is_empty()) {
            Exit::Incomplete
        } else if !self.alarms.is_empty()
            || changed.iter().any(|lines| !lines.is_empty())
            || sides.iter().any(|side| side.needs_attention())
        {
            Exit::Attention
        } else {
            Exit::Done
        }
    }
}

fn is_same(pair: &Pair) -> bool {
    let same_codes = matches!(pair.codes, Codes::Same | Codes::NameOnly);
    same_codes && !pair.renamed && !pair.moved && pair.fields.is_empty()
}

/// The accounts that are in both lists.
struct Both<'a> {
    old: &'a [Account],
    new: &'a [Account],
    comparison: &'a Comparison,
}

impl Both<'_> {
    /// A line for each account about which there is something to say.
    fn lines(&self, changes: impl Fn(&Pair, &Account, &Account) -> Option<Vec<Change>>) -> Vec<Line> {
        let line = |pair: &Pair| {
            let (old, new) = (self.old.get(pair.old)?, self.new.get(pair.new)?);
            let changes = changes(pair, old, new)?;
            Some(Line {
                other_name: pair.renamed.then(|| Name::of(new)),
                new_place: pair.moved.then_some(pair.new),
                remark: remark(pair, old, new),
                changes,
                ..Line::of(old, pair.old)
            })
        };
        self.comparison.pairs.iter().filter_map(line).collect()
    }
}

fn singles(singles: &[Single], list: &[Account], other: &[Account]) -> Vec<Line> {
    let line = |single: &Single| {
        let account = list.get(single.index)?;
        let twin = single.twin.and_then(|twin| other.get(twin)).map(Name::of);
        Some(Line { other_name: twin, ..Line::of(account, single.index) })
    };
    singles.iter().filter_map(line).collect()
}

fn secret(pair: &Pair, _: &Account, _: &Account) -> Option<Vec<Change>> {
    matches!(pair.codes, Codes::Lost | Codes::Gained | Codes::Differ { secret: true, .. }).then(Vec::new)
}

fn remark(pair: &Pair, old: &Account, new: &Account) -> Option<&'static str> {
    match pair.codes {
        Codes::Lost => Some("the new one is only a name, without a secret"),
        Codes::Gained => Some("the old one is only a name, and the new one has a secret"),
        Codes::Differ { secret: true, .. } if old.is_per_device() && new.is_per_device() => {
            Some("a personal Microsoft account has another key on each phone; both are right")
        }
        _ => None,
    }
}

fn parameters(pair: &Pair, old: &Account, new: &Account) -> Option<Vec<Change>> {
    let (old, new) = (old.otp()?, new.otp()?);
    let differing: &[Parameter] = match &pair.codes {
        Codes::Ahead(_) => &[Parameter::Counter],
        Codes::Differ { parameters, .. } => parameters,
        _ => return None,
    };
    let change = |parameter: &Parameter| {
        let value = |otp: &Otp| parameter.value(otp);
        Change { field: parameter.name(), old: value(old), new: value(new) }
    };
    let changes: Vec<Change> = differing.iter().map(change).collect();
    (!changes.is_empty()).then_some(changes)
}

fn detail(field: Field, old: &Account, new: &Account) -> Change {
    let value = |account: &Account| {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        match field {
            Field::Groups => Some(account.groups.join(", ")),
            Field::Favorite => Some(yes(account.favorite)),
            Field::Trashed => Some(yes(account.trashed)),
            _ => None,
        }
    };
    Change { field: field.name(), old: value(old), new: value(new) }
}

impl Line {
    fn of(account: &Account, place: usize) -> Self {
        Self {
            issuer: account.issuer.clone(),
            account: account.name.clone(),
            kind: account.kind().name(),
            place,
            other_name: None,
            new_place: None,
            changes: Vec::new(),
            remark: None,
        }
    }
}

impl Name {
    fn of(account: &Account) -> Self {
        Self { issuer: account.issuer.clone(), account: account.name.clone() }
    }
}
