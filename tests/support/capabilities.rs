//! What each target takes, written down from the facts about its app. The matrix proves that what
//! is taken comes back; this that nothing is refused without need.

use otpferry_formats::model::{Account, Algorithm, Credential, Device, Digits, Otp, Period, SecretText};
use otpferry_formats::{Form, registry};

use crate::random::Random;
use crate::vectors::{COUNTERS, LENGTHS, PERIODS};

mod takes;

use takes::{TAKES, Takes};

#[test]
fn every_target_is_written_down() {
    let names: Vec<String> = registry::forms().map(Form::name).collect();
    assert!(
        names.iter().eq(TAKES.iter().map(|takes| takes.name)),
        "what {names:?} take has to be written down"
    );
}

#[test]
fn targets_take_what_their_apps_can_hold() {
    for (takes, form) in TAKES.iter().zip(registry::forms()) {
        let usual = takes.usual();
        assert_eq!(taken(form, kinds(usual)).join(" "), takes.kinds, "{}", takes.name);
        let lengths = LENGTHS.iter().map(|length| (*length, usual.account(*length)));
        let wanted: Vec<usize> = LENGTHS.iter().copied().filter(|length| (takes.lengths)(*length)).collect();
        assert_eq!(taken(form, lengths), wanted, "{}", takes.name);
        if takes.kinds.split(' ').any(|kind| kind == "totp") {
            takes_totp(form, takes);
        }
        if takes.kinds.split(' ').any(|kind| kind == "hotp") {
            takes_hotp(form, takes);
        }
    }
}

/// What most accounts of a target are.
#[derive(Clone, Copy)]
struct Usual {
    is_totp: bool,
    counter: u64,
    digits: u64,
    period: u64,
}

impl Takes {
    /// 6 digits every 30 seconds, but for a target that takes no such account.
    fn usual(&self) -> Usual {
        Usual {
            is_totp: self.kinds.split(' ').any(|kind| kind == "totp"),
            counter: lowest_counter(self),
            digits: if self.digits.contains(&6) { 6 } else { self.digits[0] },
            period: if (self.periods)(30) { 30 } else { 60 },
        }
    }
}

impl Usual {
    fn account(self, length: usize) -> Account {
        if self.is_totp {
            totp(Algorithm::Sha1, self.digits, self.period, length)
        } else {
            hotp_of(Algorithm::Sha1, self.digits, self.counter, length)
        }
    }
}

fn takes_totp(form: Form, takes: &Takes) {
    let Usual { digits: usual, period, .. } = takes.usual();
    let algorithms = Algorithm::ALL.map(|algorithm| (algorithm.name(), totp(algorithm, usual, period, 20)));
    assert_eq!(taken(form, algorithms).join(" "), takes.algorithms, "{}", takes.name);
    let digits = (1..=10).map(|digits| (digits, totp(Algorithm::Sha1, digits, period, 20)));
    assert_eq!(taken(form, digits), takes.digits, "{}", takes.name);
    let periods = PERIODS.iter().map(|period| (*period, totp(Algorithm::Sha1, usual, *period, 20)));
    let wanted: Vec<u64> = PERIODS.iter().copied().filter(|period| (takes.periods)(*period)).collect();
    assert_eq!(taken(form, periods), wanted, "{}", takes.name);
}

/// The same for counter-based accounts.
fn takes_hotp(form: Form, takes: &Takes) {
    let (usual, lowest) = (takes.usual().digits, lowest_counter(takes));
    let hotp_algorithms = Algorithm::ALL.map(|algorithm| (algorithm.name(), hotp(algorithm, usual, lowest)));
    // The only one that KeePass has for it.
    let algorithms = if takes.name.starts_with("keepass:") { "SHA1" } else { takes.algorithms };
    assert_eq!(taken(form, hotp_algorithms).join(" "), algorithms, "{}", takes.name);
    let hotp_digits = (1..=10).map(|digits| (digits, hotp(Algorithm::Sha1, digits, lowest)));
    assert_eq!(taken(form, hotp_digits), hotp_lengths(takes), "{}", takes.name);
    let counters = COUNTERS.iter().map(|counter| (*counter, hotp(Algorithm::Sha1, usual, *counter)));
    let wanted: Vec<u64> = COUNTERS
        .iter()
        .copied()
        .filter(|counter| (lowest..=takes.highest_counter).contains(counter))
        .collect();
    assert_eq!(taken(form, counters), wanted, "{}", takes.name);
}

/// Where a server begins to count.
fn lowest_counter(takes: &Takes) -> u64 {
    u64::from(takes.name.starts_with("google-authenticator-libpam:"))
}

/// Lengths of HOTP codes where they are other than those of TOTP.
fn hotp_lengths(takes: &Takes) -> Vec<u64> {
    match takes.name {
        "stratum" => vec![6, 7, 8],
        "keepass:kdbx" | "keepass:xml" => vec![6],
        _ => takes.digits.to_vec(),
    }
}

/// Those of the accounts that are not refused, each asked about alone.
fn taken<T>(form: Form, accounts: impl IntoIterator<Item = (T, Account)>) -> Vec<T> {
    let is_taken = |account: &Account| form.fit(std::slice::from_ref(account))[0].refused.is_none();
    accounts.into_iter().filter(|(_, account)| is_taken(account)).map(|(what, _)| what).collect()
}

fn totp(algorithm: Algorithm, digits: u64, period: u64, length: usize) -> Account {
    account(Otp::Totp {
        secret: Random(7).secret(length),
        algorithm,
        digits: Digits::new(digits).unwrap(),
        period: Period::new(period).unwrap(),
    })
}

fn hotp(algorithm: Algorithm, digits: u64, counter: u64) -> Account {
    hotp_of(algorithm, digits, counter, 20)
}

fn hotp_of(algorithm: Algorithm, digits: u64, counter: u64, length: usize) -> Account {
    let secret = Random(7).secret(length);
    account(Otp::Hotp { secret, algorithm, digits: Digits::new(digits).unwrap(), counter })
}

fn kinds(usual: Usual) -> [(&'static str, Account); 8] {
    let secret = || Random(7).secret(16);
    let pin = || Some(SecretText::new("1234"));
    let name_only = Credential::NameOnly { reason: "approved by push".to_owned() };
    [
        ("totp", totp(Algorithm::Sha1, usual.digits, usual.period, 20)),
        ("hotp", hotp(Algorithm::Sha1, usual.digits, usual.counter)),
        ("steam", account(Otp::Steam { secret: secret() })),
        ("motp", account(Otp::Motp { secret: secret(), pin: None })),
        ("motp+pin", account(Otp::Motp { secret: secret(), pin: pin() })),
        ("yandex", account(Otp::Yandex { secret: secret(), pin: None })),
        ("yandex+pin", account(Otp::Yandex { secret: secret(), pin: pin() })),
        ("name-only", Account::new(name_only, "Contoso", "maria")),
    ]
}

fn account(otp: Otp) -> Account {
    // Servers want to know the token and its user.
    let text = str::to_owned;
    let device = Device { serial: text("T1"), manufacturer: text("Acme"), model: text("T1") };
    let mut account = Account::new(Credential::Otp(otp), "Acme", "alice");
    (account.device, account.user) = (Some(device), Some(text("alice@contoso.example")));
    account
}
