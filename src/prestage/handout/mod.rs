//! Enrolment sheets: for each person one page with the code to scan, the key to type, and what to do.
//!
//! A [`Handout`] holds its code, drawn once and read again. It becomes a page ([`page()`], [`pages()`]), paper
//! ([`print()`]) or a picture of the code alone ([`picture()`]). The lower part of the paper is folded up over the
//! code, and whose sheet it is stays to be seen.
//!
//! Names come from a roster that anybody may have filled in: they are text everywhere, and never an order to turn or
//! run anything. Nothing is on a sheet but what its person needs; where it goes and who else gets one is not.

mod apps;
mod page;
#[cfg(feature = "pdf")]
mod paper;
mod steps;

use std::collections::HashMap;

use jiff::civil::Date;
use otpferry_formats::Field;
use otpferry_formats::model::{Account, Algorithm, Kind, Otp};
use zeroize::Zeroizing;

use crate::cli::Paper;
use crate::draw::{self, Picture};
use crate::failure::{Exit, Failure};
use crate::sheet::card::settings;
use crate::sheet::{Card, Packing};
use crate::show;

use apps::Apps;
pub(crate) use page::{page, pages};
#[cfg(feature = "pdf")]
pub(crate) use paper::print;

/// Who gets an account.
#[derive(Clone, Copy)]
pub(crate) struct Person<'a> {
    /// The service is the issuer, the login the name, and the serial number that of the device.
    pub(crate) account: &'a Account,
    /// What the person is called.
    pub(crate) display: &'a str,
}

/// What is the same on all sheets.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// The server that the accounts are loaded into, by its format; it decides the steps. `None` where there are
    /// several, or none is known.
    pub(crate) target: Option<&'a str>,
    /// Whom to ask: a name, a telephone number, an address.
    pub(crate) help: Option<&'a str>,
    /// When the sheets are made.
    pub(crate) issued: Date,
    pub(crate) paper: Paper,
}

/// The sheet of one person. Its code was read again and shows the same codes as the account.
pub(crate) struct Handout<'a> {
    display: &'a str,
    account: &'a Account,
    card: Card,
}

impl<'a> Handout<'a> {
    /// Draws the code of everyone, in their order.
    ///
    /// # Errors
    /// [`Exit::CodesDiffer`] when a code does not say what it should; [`Exit::Limit`] when names are too long for one;
    /// [`Exit::Internal`] when an account cannot be a code at all.
    pub(crate) fn all(people: &[Person<'a>]) -> Result<Vec<Self>, Failure> {
        let accounts: Vec<Account> = people.iter().map(|person| bare(person.account)).collect();
        let (cards, proved) = Packing::Single.draw(accounts)?;
        if cards.len() != people.len() || proved.differing.len() != people.len() {
            return Err(Failure::new(Exit::Internal, "not every account has a code"));
        }
        for (person, differing) in people.iter().zip(&proved.differing) {
            if differing.contains(&Field::Issuer) || differing.contains(&Field::Account) {
                return Err(unnamed(person.account));
            }
        }
        let handout = |(person, card): (&Person<'a>, Card)| Self {
            display: person.display,
            account: person.account,
            card,
        };
        Ok(people.iter().zip(cards).map(handout).collect())
    }

    fn otp(&self) -> Option<&'a Otp> {
        self.account.otp()
    }

    /// The number of the token; no two have the same.
    pub(super) fn serial(&self) -> &'a str {
        self.account.device.as_ref().map_or("", |device| device.serial.as_str())
    }

    /// How the person is called at the top: by the login where the roster has no name.
    fn title(&self) -> &'a str {
        if self.display.trim().is_empty() { &self.account.name } else { self.display }
    }

    /// What identifies the account: label and text.
    fn facts(&self) -> Vec<(&'static str, &'a str)> {
        let facts = [
            ("Service", self.account.issuer.as_str()),
            ("Login", self.account.name.as_str()),
            ("Serial number", self.serial()),
        ];
        facts.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }

    /// The key in groups of four, as it is typed.
    fn key(&self) -> Zeroizing<String> {
        let first = self.otp().and_then(|otp| settings(otp).into_iter().next());
        first.map(|key| key.value).unwrap_or_default()
    }

    /// `time-based, 6 digits, 30 seconds`.
    fn kind(&self) -> String {
        self.otp().map(kind).unwrap_or_default()
    }
}

/// What a code holds of an account: the rest would be compared for nothing.
fn bare(account: &Account) -> Account {
    Account::new(account.credential.clone(), account.issuer.as_str(), account.name.as_str())
}

fn unnamed(account: &Account) -> Failure {
    let message = format!("a QR code cannot hold the names of {}", show::name_of(account));
    Failure::new(Exit::CodesDiffer, message)
        .next_step("Leave out colons, and blanks at the beginning and the end")
}

fn kind(otp: &Otp) -> String {
    let mut words = vec![match otp.kind() {
        Kind::Totp => "time-based".to_owned(),
        Kind::Hotp => "counter-based".to_owned(),
        other => other.name().to_owned(),
    }];
    words.push(format!("{} digits", otp.digits()));
    words.extend(otp.period().map(|period| format!("{period} seconds")));
    words.extend(otp.counter().map(|counter| format!("counter {counter}")));
    // Where nothing is said, apps take this one.
    if otp.algorithm() != Algorithm::Sha1 {
        words.push(otp.algorithm().name().to_owned());
    }
    words.join(", ")
}

/// A picture of the code alone, for letters that are made elsewhere. It was read again.
///
/// # Errors
/// [`Exit::CodesDiffer`] when it says something else.
pub(crate) fn picture(handout: &Handout<'_>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = Zeroizing::new(handout.card.qr.picture(Picture::Png)?);
    if draw::read(&bytes)? == *handout.card.payload.0 {
        Ok(bytes)
    } else {
        Err(Failure::new(Exit::CodesDiffer, "a picture of a QR code says something else"))
    }
}

/// What the sheets say besides names and keys: the same for all with the same parameters.
struct Advice {
    steps: Vec<String>,
    apps: Apps,
}

/// The advice for every kind of account among the sheets.
struct Advices<'a>(HashMap<Parameters<'a>, Advice>);

/// All that advice depends on.
#[derive(PartialEq, Eq, Hash)]
struct Parameters<'a> {
    kind: String,
    issuer: &'a str,
    key_bytes: usize,
}

impl<'a> Advices<'a> {
    fn of(handouts: &[Handout<'a>], setting: &Setting<'_>) -> Self {
        let mut advices = HashMap::new();
        for handout in handouts {
            advices.entry(Parameters::of(handout)).or_insert_with(|| Advice {
                steps: steps::steps(handout.account, setting),
                apps: Apps::of(handout.account),
            });
        }
        Self(advices)
    }

    fn get(&self, handout: &Handout<'a>) -> Option<&Advice> {
        self.0.get(&Parameters::of(handout))
    }
}

impl<'a> Parameters<'a> {
    fn of(handout: &Handout<'a>) -> Self {
        Self {
            kind: handout.kind(),
            issuer: &handout.account.issuer,
            key_bytes: handout.otp().map_or(0, |otp| otp.secret().expose().len()),
        }
    }
}

impl Advice {
    /// Sentences about apps, the warning last.
    fn about_apps(&self) -> Vec<String> {
        let mut says = Vec::new();
        if !self.apps.fit.is_empty() {
            says.push(format!("Apps that fit: {}.", self.apps.fit.join(", ")));
        }
        if !self.apps.careful.is_empty() {
            says.push(format!(
                "Take the newest version of these, and make sure that you can sign in: {}.",
                show::listed(&self.apps.careful)
            ));
        }
        if !self.apps.unfit.is_empty() {
            says.push(format!(
                "Do not use: {}. For this account the number would be wrong there, or the app would refuse it.",
                show::listed(&self.apps.unfit)
            ));
        }
        says
    }
}

/// How to treat the sheet.
const PRIVATE: &str = "This code is a key to your account. Do not photograph it and show it to nobody: whoever scans it can make \
    the same numbers.";
const DESTROY: &str =
    "Destroy after use: once you have signed in with a number from the app, tear this sheet up or shred it.";
const FOLD: &str = "Fold the lower part up along this line: the code is covered then.";
const NO_CAMERA: &str = "You cannot scan? Choose to type a key in the app, and type this one:";

fn title(account: &Account) -> String {
    match account.issuer.as_str() {
        "" => "Your second step to sign in".to_owned(),
        issuer => format!("Your second step to sign in: {issuer}"),
    }
}

fn date(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests;
