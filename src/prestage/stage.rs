//! Who gets an account: the roster against the ledger.
//!
//! Nothing here makes a secret. [`Staging::of`] says what is to become of everybody, and the run makes what is new.

use std::collections::{HashMap, HashSet};

use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::roster::{self, Person, Roster};

use super::matching::{self, Known, Matches};
use super::token::Blueprint;
use crate::failure::{Exit, Failure};
use crate::show;

/// What becomes of one person of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A new account.
    New {
        /// The place of the account that it takes the place of.
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
    LeftOut(String),
}

/// Why somebody gets a new secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The person has none.
    First,
    /// It was asked for.
    Reissue,
    /// The person has none, and the login name is, or was, another person's. What to do about that one's token.
    NameOfOther(String),
}

/// What becomes of everybody.
#[derive(Debug)]
pub(super) struct Staging<'r> {
    /// Whom the run is about, in the order of the roster.
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
    pub(super) new_people: bool,
    pub(super) reissue: &'a [String],
    /// The run that is gone on with: what it has replaced is not replaced again.
    pub(super) resumed: Option<&'a str>,
}

/// Login names of others that may turn up before the run asks whether the keys have changed their form.
const FEW: usize = 5;

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
        let Matches { known, free, names } = matching::people(roster, ledger, wishes.issuer);
        let owners = owners_of_names(roster, &known, wishes);
        let reissues = reissues(roster, &known, ledger, wishes)?;
        let holders = holders(roster, &known);
        let mut people = Vec::with_capacity(roster.people.len());
        for (at, (person, known)) in
            roster.people.iter().zip(known).enumerate().filter(|(_, (person, _))| is_meant(person))
        {
            let fate = match owners.get(&roster::fold(&person.account)) {
                Some(owner) if *owner != at => {
                    Fate::LeftOut("another person of the roster has the same login name".to_owned())
                }
                _ => {
                    let is_reissue = reissues.contains(&at);
                    let (names, holders) = (&names, &holders);
                    Case { person, known, roster, ledger, wishes, is_reissue, names, holders }.fate()?
                }
            };
            people.push((person, fate));
        }
        check_keys(&people, wishes)?;
        // Who does not meet a condition was not compared with the ledger.
        let gone = if roster.unmatched == 0 { free } else { Vec::new() };
        Ok(Self { people, gone })
    }
}

/// The one person whom a login name belongs to: who has an account under it, else who comes first.
fn owners_of_names(roster: &Roster, known: &[Known], wishes: &Wishes<'_>) -> HashMap<String, usize> {
    let mut owners: HashMap<String, usize> = HashMap::new();
    let has_account = |at: usize| matches!(known.get(at), Some(Known::Live(_)));
    let is_eligible = |person: &Person| !person.guest && (person.enabled || wishes.include_disabled);
    for (at, person) in roster.people.iter().enumerate().filter(|(_, person)| is_eligible(person)) {
        let owner = owners.entry(roster::fold(&person.account)).or_insert(at);
        if has_account(at) && !has_account(*owner) {
            *owner = at;
        }
    }
    owners
}

/// Who has which live account, by its place.
fn holders<'r>(roster: &'r Roster, known: &[Known]) -> HashMap<usize, &'r Person> {
    let held = |(known, person): (&Known, &'r Person)| match known {
        Known::Live(place) => Some((*place, person)),
        _ => None,
    };
    known.iter().zip(&roster.people).filter_map(held).collect()
}

/// One person, and all that decides about them.
struct Case<'c> {
    person: &'c Person,
    known: Known,
    roster: &'c Roster,
    ledger: &'c Ledger,
    wishes: &'c Wishes<'c>,
    is_reissue: bool,
    /// Live accounts by login name.
    names: &'c HashMap<String, usize>,
    holders: &'c HashMap<usize, &'c Person>,
}

impl Case<'_> {
    fn fate(&self) -> Result<Fate, Failure> {
        let left_out = |reason: &str| Ok(Fate::LeftOut(reason.to_owned()));
        if self.person.guest {
            return left_out("guests of a directory cannot have tokens");
        }
        if !self.person.enabled && !self.wishes.include_disabled {
            return left_out("the account is disabled; --include-disabled takes it along");
        }
        if has_hidden_letters(&self.person.account) {
            return left_out("the login name has letters that nobody sees; correct it in the directory");
        }
        match self.known {
            Known::Live(place) => self.live(place),
            Known::OutOfUse if self.is_reissue => Ok(Fate::New { replaces: None, why: Why::Reissue }),
            Known::OutOfUse => {
                left_out("the account is out of use; --reissue makes a new one for this person")
            }
            Known::FormerName(place) => {
                let now = self.entry(place).map(|entry| show::named("", &entry.account)).unwrap_or_default();
                Ok(Fate::LeftOut(format!(
                    "this was the login name of {now}: use a list with the keys of the directory, which tells who it is now"
                )))
            }
            Known::NameOfOther(_) if self.roster.unmatched > 0 => left_out(
                "the ledger has this login name for another person: run it without --where, so that all people are compared",
            ),
            Known::NameOfOther(place) => {
                Ok(Fate::New { replaces: None, why: Why::NameOfOther(self.about_other(place)) })
            }
            Known::Nothing => Ok(Fate::New { replaces: None, why: Why::First }),
        }
    }

    fn live(&self, place: usize) -> Result<Fate, Failure> {
        let Some(entry) = self.entry(place) else {
            return Ok(Fate::LeftOut("it is missing in the ledger".to_owned()));
        };
        // A run that is gone on with has replaced it already.
        let is_successor = || {
            let mut others = self.ledger.entries.iter();
            others
                .any(|other| other.key == entry.key && other.issuer == entry.issuer && !other.state.is_live())
        };
        let is_done = self.wishes.resumed == Some(entry.run.as_str()) && is_successor();
        if self.is_reissue && !is_done {
            return Ok(Fate::New { replaces: Some(place), why: Why::Reissue });
        }
        if !entry.otp.as_ref().is_some_and(|otp| self.wishes.blueprint.is_like(otp)) {
            return Err(other_parameters(entry));
        }
        if !self.wishes.new_people && self.is_name_of_another(place) {
            return Err(changed_hands(entry, self.person));
        }
        Ok(Fate::Kept { entry: place, renamed: !roster::same_account(&entry.account, &self.person.account) })
    }

    /// Whether the login name is one that another live account has.
    fn is_name_of_another(&self, place: usize) -> bool {
        self.names.get(&roster::fold(&self.person.account)).is_some_and(|named| *named != place)
            && self.entry(place).is_some_and(|own| !roster::same_account(&own.account, &self.person.account))
    }

    /// What to do about the token of the person who has, or had, the login name.
    fn about_other(&self, place: usize) -> String {
        let Some(entry) = self.entry(place) else { return String::new() };
        let serial = &entry.device.serial;
        match self.holders.get(&place) {
            Some(owner) => format!(
                "this login name was another person's, who is {} now: at the server, token {serial} stays theirs",
                show::named("", &owner.account)
            ),
            _ => format!("another person had this login name before: remove token {serial} at the server"),
        }
    }

    fn entry(&self, place: usize) -> Option<&Entry> {
        self.ledger.entries.get(place)
    }
}

/// Two names that look the same are not the same to a server.
fn has_hidden_letters(name: &str) -> bool {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    name.chars().any(is_hidden)
}

/// With a key that is somebody else's now, everybody's secret would move to the next person.
fn changed_hands(entry: &Entry, person: &Person) -> Failure {
    let (old, new) = (show::named("", &entry.account), show::named("", &person.account));
    Failure::new(
        Exit::Usage,
        format!("by its key, {old} is called {new} now, which is another person's login name: the keys seem to have changed hands"),
    )
    .next_step("Use a column of keys that stay; if the names have changed hands indeed, say so with --new-people")
}

fn other_parameters(entry: &Entry) -> Failure {
    let message = format!(
        "the ledger has an account of {} with other parameters (kind, hash, digits, period or length of the secret)",
        show::named("", &entry.account)
    );
    Failure::new(Exit::Usage, message)
        .next_step("Give the parameters of that account again; --only chooses the people who have the same")
}

/// A second issuer is a second secret for everybody, which nobody should get by a slip of the pen.
fn check_issuer(ledger: &Ledger, wishes: &Wishes<'_>) -> Result<(), Failure> {
    let mut entries = ledger.entries.iter();
    match ledger.entries.last() {
        Some(other) if !wishes.additional_issuer && !entries.any(|entry| entry.issuer == wishes.issuer) => {
            let other = show::named(&other.issuer, "");
            Err(Failure::new(Exit::Usage, format!("the accounts of this ledger are of the issuer {other}")).next_step(
                "Give that name; --additional-issuer gives everybody a second account, --ledger names another ledger",
            ))
        }
        _ => Ok(()),
    }
}

/// When keys change their form (another column, leading zeros lost), everybody looks like somebody else.
fn check_keys(people: &[(&Person, Fate)], wishes: &Wishes<'_>) -> Result<(), Failure> {
    let is_other = |fate: &Fate| matches!(fate, Fate::New { why: Why::NameOfOther(_), .. });
    let others = people.iter().filter(|(_, fate)| is_other(fate)).count();
    if wishes.new_people || others <= FEW || others * 10 <= people.len() {
        return Ok(());
    }
    let message = format!(
        "{others} people have login names that the ledger knows, under other keys: the keys seem to have changed"
    );
    Err(Failure::new(Exit::Usage, message).next_step(
        "Use the column of keys of the first run; if they are new people indeed, say so with --new-people",
    ))
}

/// Whose accounts are to be made anew, by their place on the roster.
fn reissues(
    roster: &Roster,
    known: &[Known],
    ledger: &Ledger,
    wishes: &Wishes<'_>,
) -> Result<HashSet<usize>, Failure> {
    let mut reissues = HashSet::new();
    for word in wishes.reissue {
        let wanted = roster::fold(word);
        let key_of_serial = key_of_serial(word, ledger, wishes);
        let is_called = |at: usize, person: &Person| {
            let is_owner = |place: &usize| {
                ledger.entries.get(*place).is_some_and(|entry| Some(&entry.key) == key_of_serial)
            };
            let has_serial = matches!(known.get(at), Some(Known::Live(place)) if is_owner(place));
            has_serial || [&person.key, &person.account].iter().any(|own| roster::fold(own) == wanted)
        };
        let called: Vec<usize> = (0..)
            .zip(&roster.people)
            .filter(|(at, person)| is_called(*at, person))
            .map(|(at, _)| at)
            .collect();
        let [one] = called.as_slice() else {
            let how_many = if called.is_empty() { "nobody" } else { "more than one person" };
            let message =
                format!("--reissue {}: {how_many} of the roster is called so", show::named("", word));
            return Err(Failure::new(Exit::Usage, message)
                .next_step("Give the login name, the key or the serial number as the report has it"));
        };
        reissues.insert(*one);
    }
    Ok(reissues)
}

/// The key of the person who has a token; in a run that is gone on with, also of one that it has replaced.
fn key_of_serial<'l>(serial: &str, ledger: &'l Ledger, wishes: &Wishes<'_>) -> Option<&'l String> {
    let is_it = |entry: &&Entry| {
        entry.device.serial.eq_ignore_ascii_case(serial)
            && entry.issuer == wishes.issuer
            && (entry.state.is_live() || wishes.resumed.is_some())
    };
    ledger.entries.iter().find(is_it).map(|entry| &entry.key)
}
