//! Who gets an account: the roster against the ledger.
//!
//! Nothing here makes a secret. [`Staging::of`] says what is to become of everybody, and the run makes what is new.

use std::collections::{HashMap, HashSet};

use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::roster::{self, Person, Roster};

use super::token::Blueprint;
use crate::failure::{Exit, Failure};

/// What becomes of one person of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A new account.
    New {
        /// The number of the account that it takes the place of.
        replaces: Option<usize>,
        why: Why,
    },
    /// The account that the ledger has, by its place there.
    Kept {
        entry: usize,
        /// The login name is another one now.
        renamed: bool,
    },
    /// None, and why.
    LeftOut { code: &'static str, reason: String },
}

/// Why somebody gets a new secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The person has none.
    First,
    /// It was asked for.
    Reissue,
    /// The person has none, and the login name was another person's.
    NameOfAnother,
}

/// What becomes of everybody.
#[derive(Debug)]
pub(super) struct Staging<'r> {
    /// In the order of the roster.
    pub(super) people: Vec<(&'r Person, Fate)>,
    /// Live accounts of people who are not on the roster, by their place in the ledger.
    pub(super) gone: Vec<usize>,
}

/// What a run asks for beyond the roster.
pub(super) struct Wishes<'a> {
    pub(super) issuer: &'a str,
    pub(super) blueprint: &'a Blueprint,
    pub(super) include_disabled: bool,
    pub(super) additional_issuer: bool,
    pub(super) reissue: &'a [String],
    /// The run that is gone on with: what it has replaced is not replaced again.
    pub(super) resumed: Option<&'a str>,
}

impl<'r> Staging<'r> {
    /// Works out everybody's fate. `is_meant` says which people of the roster this run is about.
    ///
    /// # Errors
    /// [`Exit::Usage`] when the accounts of the ledger have other parameters or another issuer, or nobody is called
    /// as an option says.
    pub(super) fn of(
        roster: &'r Roster,
        ledger: &Ledger,
        wishes: &Wishes<'_>,
        is_meant: impl Fn(&Person) -> bool,
    ) -> Result<Self, Failure> {
        check_issuer(ledger, wishes)?;
        let known = Known::of(ledger, wishes.issuer);
        let mut replaced = Reissues::of(wishes.reissue, ledger, wishes.issuer, wishes.resumed)?;
        let mut taken = HashSet::new();
        let mut names = HashSet::new();
        let mut people = Vec::with_capacity(roster.people.len());
        for person in &roster.people {
            let found = known.find(person, ledger);
            if let Found::Live(entry) = found {
                taken.insert(entry);
            }
            if is_meant(person) {
                let mut fate = fate(person, found, ledger, wishes, &mut replaced)?;
                if !matches!(fate, Fate::LeftOut { .. }) && !names.insert(roster::fold(&person.account)) {
                    fate = Fate::LeftOut { code: "same-name", reason: SAME_NAME.to_owned() };
                }
                people.push((person, fate));
            }
        }
        replaced.check_all_found()?;
        // Who does not meet a condition was not compared with the ledger.
        let is_gone = |entry: &usize| roster.unmatched == 0 && !taken.contains(entry);
        Ok(Self { people, gone: known.live.into_iter().filter(is_gone).collect() })
    }
}

const SAME_NAME: &str = "another person of the roster has the same login name";

fn fate(
    person: &Person,
    found: Found,
    ledger: &Ledger,
    wishes: &Wishes<'_>,
    reissues: &mut Reissues<'_>,
) -> Result<Fate, Failure> {
    let left_out = |code, reason: &str| Ok(Fate::LeftOut { code, reason: reason.to_owned() });
    let live = match found {
        Found::Live(entry) => Some(entry),
        _ => None,
    };
    let is_reissue = reissues.wants(person, live.and_then(|entry| ledger.entries.get(entry)));
    if person.guest {
        return left_out("guest", "guests of a directory cannot have tokens");
    }
    if !person.enabled && !wishes.include_disabled {
        return left_out("disabled", "the account is disabled; --include-disabled takes it along");
    }
    if is_reissue {
        return Ok(Fate::New { replaces: live, why: Why::Reissue });
    }
    match found {
        Found::Live(index) => {
            let Some(entry) = ledger.entries.get(index) else {
                return left_out("internal", "it is missing in the ledger");
            };
            if !entry.otp.as_ref().is_some_and(|otp| wishes.blueprint.is_like(otp)) {
                return Err(other_parameters(entry));
            }
            Ok(Fate::Kept { entry: index, renamed: entry.account != person.account })
        }
        Found::Withdrawn => {
            left_out("withdrawn", "the account was withdrawn; --reissue makes a new one for this person")
        }
        Found::OfSomebodyElse => Ok(Fate::New { replaces: None, why: Why::NameOfAnother }),
        Found::Nobody => Ok(Fate::New { replaces: None, why: Why::First }),
    }
}

fn other_parameters(entry: &Entry) -> Failure {
    let message = format!(
        "the ledger has an account of {} with other parameters (kind, hash, digits, period or length of the secret)",
        crate::show::named("", &entry.account)
    );
    Failure::new(Exit::Usage, message).next_step(
        "Give the parameters of the first run again, or make a new secret for this person with --reissue",
    )
}

/// A second issuer is a second secret for everybody, which nobody should get by a slip of the pen.
fn check_issuer(ledger: &Ledger, wishes: &Wishes<'_>) -> Result<(), Failure> {
    let mut live = ledger.entries.iter().filter(|entry| entry.state.is_live()).peekable();
    let other = live.peek().map(|entry| entry.issuer.clone());
    match other {
        Some(other) if !wishes.additional_issuer && !live.any(|entry| entry.issuer == wishes.issuer) => {
            Err(Failure::new(
                Exit::Usage,
                format!("the accounts of this ledger are of the issuer {}", crate::show::named(&other, "")),
            )
            .next_step(
                "Give that name; --additional-issuer gives everybody a second account, --ledger names another ledger",
            ))
        }
        _ => Ok(()),
    }
}

/// Whom of the roster the ledger knows.
#[derive(Clone, Copy)]
enum Found {
    Live(usize),
    /// Had an account once.
    Withdrawn,
    /// The login name was another person's.
    OfSomebodyElse,
    Nobody,
}

/// The accounts of one issuer, by key and by login name.
struct Known {
    /// In the order of the ledger.
    live: Vec<usize>,
    live_by_key: HashMap<String, usize>,
    live_by_name: HashMap<String, usize>,
    /// Keys of people whose accounts are all out of use.
    withdrawn: HashSet<String>,
}

impl Known {
    fn of(ledger: &Ledger, issuer: &str) -> Self {
        let mut known = Self {
            live: Vec::new(),
            live_by_key: HashMap::new(),
            live_by_name: HashMap::new(),
            withdrawn: HashSet::new(),
        };
        for (index, entry) in ledger.entries.iter().enumerate().filter(|(_, entry)| entry.issuer == issuer) {
            if entry.state.is_live() {
                known.live.push(index);
                known.live_by_key.insert(entry.key.clone(), index);
                known.live_by_name.insert(roster::fold(&entry.account), index);
            } else {
                known.withdrawn.insert(entry.key.clone());
            }
        }
        known
    }

    /// A key of a directory decides. Where one of the two sides has none but the login name, that does.
    fn find(&self, person: &Person, ledger: &Ledger) -> Found {
        if let Some(entry) = self.live_by_key.get(&person.key) {
            return Found::Live(*entry);
        }
        let name = roster::fold(&person.account);
        if let Some(index) = self.live_by_name.get(&name) {
            let entry = ledger.entries.get(*index);
            let has_key = |key: &str, account: &str| key != roster::fold(account);
            let both = has_key(&person.key, &person.account)
                && entry.is_some_and(|entry| has_key(&entry.key, &entry.account));
            return if both { Found::OfSomebodyElse } else { Found::Live(*index) };
        }
        if self.withdrawn.contains(&person.key) { Found::Withdrawn } else { Found::Nobody }
    }
}

/// Whose accounts are to be made anew.
struct Reissues<'a> {
    wanted: HashMap<String, &'a str>,
    found: HashSet<&'a str>,
    resumed: Option<&'a str>,
}

impl<'a> Reissues<'a> {
    fn of(
        wanted: &'a [String],
        ledger: &Ledger,
        issuer: &str,
        resumed: Option<&'a str>,
    ) -> Result<Self, Failure> {
        let mut reissues = Self { wanted: HashMap::new(), found: HashSet::new(), resumed };
        for text in wanted {
            // A serial number stands for the person who has it; in a run that is gone on with, also one that this
            // run has replaced.
            let owner = ledger.entries.iter().find(|entry| {
                entry.device.serial.eq_ignore_ascii_case(text)
                    && entry.issuer == issuer
                    && (entry.state.is_live() || resumed.is_some())
            });
            let name = owner.map_or_else(|| roster::fold(text), |entry| roster::fold(&entry.key));
            if reissues.wanted.insert(name, text).is_some() {
                return Err(Failure::new(Exit::Usage, "--reissue names a person twice"));
            }
        }
        Ok(reissues)
    }

    fn wants(&mut self, person: &Person, entry: Option<&Entry>) -> bool {
        let names = [roster::fold(&person.key), roster::fold(&person.account)];
        let Some(text) = names.iter().find_map(|name| self.wanted.get(name)) else { return false };
        self.found.insert(text);
        entry.is_none_or(|entry| self.resumed != Some(entry.run.as_str()))
    }

    fn check_all_found(&self) -> Result<(), Failure> {
        match self.wanted.values().find(|text| !self.found.contains(*text)) {
            None => Ok(()),
            Some(text) => Err(Failure::new(
                Exit::Usage,
                format!("--reissue {}: nobody of the roster is called so", crate::show::named("", text)),
            )
            .next_step("Give the login name, the key or the serial number as the report has it")),
        }
    }
}

/// Places in the ledger of the live accounts that these words mean: login names, keys, or serial numbers.
///
/// # Errors
/// [`Exit::Usage`] for a word that means none, or several.
pub(super) fn meant(
    words: &[String],
    option: &str,
    ledger: &Ledger,
    issuer: &str,
) -> Result<Vec<usize>, Failure> {
    let mut places = Vec::new();
    for word in words {
        let wanted = roster::fold(word);
        let is_meant = |entry: &Entry| {
            entry.state.is_live()
                && entry.issuer == issuer
                && [&entry.key, &entry.account, &entry.device.serial]
                    .iter()
                    .any(|own| roster::fold(own) == wanted)
        };
        let found: Vec<usize> =
            (0..).zip(&ledger.entries).filter(|(_, entry)| is_meant(entry)).map(|(index, _)| index).collect();
        match found.as_slice() {
            [one] => places.push(*one),
            several => {
                let how_many =
                    if several.is_empty() { "no account of the ledger is" } else { "several accounts are" };
                return Err(Failure::new(
                    Exit::Usage,
                    format!("{option} {}: {how_many} meant", crate::show::named("", word)),
                )
                .next_step("Give the login name, the key or the serial number as the report has it"));
            }
        }
    }
    Ok(places)
}
