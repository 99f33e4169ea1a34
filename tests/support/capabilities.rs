//! What each target takes, written down from the facts about its app. The matrix proves that what
//! is taken comes back; this that nothing is refused without need.

use otpferry_formats::model::{Account, Algorithm, Credential, Device, Digits, Otp, Period, SecretText};
use otpferry_formats::{Form, registry};

use crate::random::Random;
use crate::vectors::{COUNTERS, LENGTHS, PERIODS};

/// Everything that an app holds, out of the lists of edges.
struct Takes {
    /// As after `-t`.
    name: &'static str,
    kinds: &'static str,
    algorithms: &'static str,
    digits: &'static [u64],
    periods: fn(u64) -> bool,
    highest_counter: u64,
    lengths: fn(usize) -> bool,
}

static TAKES: &[Takes] = &[
    Takes {
        name: "1password",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "2fas",
        kinds: "totp hotp steam",
        algorithms: "SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[5, 6, 7, 8],
        periods: |period| [10, 30, 60, 90].contains(&period),
        highest_counter: 2_147_483_647,
        lengths: |length| (2..=320).contains(&length),
    },
    Takes {
        name: "2fauth",
        kinds: "totp hotp steam",
        algorithms: "MD5 SHA1 SHA256 SHA512",
        digits: &[5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_007_199_254_740_991,
        lengths: |_| true,
    },
    Takes {
        name: "aegis",
        kinds: "totp hotp steam motp+pin yandex+pin",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |period| period <= 2_147_483,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "andotp",
        // It keeps no PIN.
        kinds: "totp hotp steam motp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "apple-passwords:known",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "apple-passwords:filled",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "authenticator-ext:json",
        kinds: "totp hotp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_007_199_254_740_991,
        lengths: |_| true,
    },
    Takes {
        name: "authenticator-ext:text",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |period| period <= 60 && 60 % period == 0,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "bitwarden:json",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 0,
        // The link around the secret has 687 bytes at most.
        lengths: |length| length <= 321,
    },
    Takes {
        name: "bitwarden:argon2id",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 0,
        // The link around the secret has 687 bytes at most.
        lengths: |length| length <= 321,
    },
    Takes {
        name: "bitwarden:csv",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 0,
        // The link around the secret has 687 bytes at most.
        lengths: |length| length <= 321,
    },
    Takes {
        name: "bitwarden-authenticator",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[5, 6, 7, 8, 9, 10],
        periods: |period| period <= 2_147_483_647,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "cotp",
        kinds: "totp hotp steam motp+pin yandex+pin",
        algorithms: "MD5 SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "csv",
        kinds: "totp hotp steam motp motp+pin yandex yandex+pin",
        algorithms: "MD5 SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "cxf",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |period| period <= 255,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "dashlane",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "duo-tokens:totp-6",
        kinds: "totp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |period| [30, 60].contains(&period),
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "duo-tokens:totp-8",
        kinds: "totp",
        algorithms: "SHA1",
        digits: &[8],
        periods: |period| [30, 60].contains(&period),
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "duo-tokens:hotp-6",
        kinds: "hotp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |_| false,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "duo-tokens:hotp-8",
        kinds: "hotp",
        algorithms: "SHA1",
        digits: &[8],
        periods: |_| false,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "enpass",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "ente",
        kinds: "totp hotp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "entra-oath:csv",
        kinds: "totp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |period| [30, 60].contains(&period),
        highest_counter: 0,
        lengths: |length| length <= 80,
    },
    Takes {
        name: "entra-oath:graph",
        kinds: "totp",
        algorithms: "SHA1 SHA256",
        digits: &[6],
        periods: |period| [30, 60].contains(&period),
        highest_counter: 0,
        lengths: |length| length <= 80,
    },
    Takes {
        name: "freeipa",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA384 SHA512",
        digits: &[6, 8],
        periods: |period| (5..=2_147_483_647).contains(&period),
        highest_counter: 2_147_483_647,
        lengths: |length| length <= 1024,
    },
    Takes {
        name: "freeotp",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[6, 7, 8, 9],
        periods: |period| period >= 5,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "freeotpplus",
        kinds: "totp hotp steam",
        algorithms: "MD5 SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[5, 6, 7, 8],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "google-authenticator-libpam:zip",
        kinds: "totp hotp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |period| period <= 60,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "google-authenticator-libpam:file",
        kinds: "totp hotp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |period| period <= 60,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "google-migration",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 8],
        periods: |period| period == 30,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |length| length <= 1024,
    },
    Takes {
        name: "keepass:kdbx",
        kinds: "totp hotp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 86_400,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "keepass:xml",
        kinds: "totp hotp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 86_400,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "keepass:csv",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 60,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "keeper:json",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "keeper:csv",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "keycloak:import",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 8],
        periods: |_| true,
        highest_counter: 2_147_483_647,
        lengths: |_| true,
    },
    Takes {
        name: "keycloak:update",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 8],
        periods: |_| true,
        highest_counter: 2_147_483_647,
        lengths: |_| true,
    },
    Takes {
        name: "lastpass",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 65_535,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "lastpass-csv",
        kinds: "totp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |period| period == 30,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "linotp",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "oath-usersfile:liboath",
        kinds: "totp hotp",
        algorithms: "SHA1",
        digits: &[6, 7, 8],
        periods: |period| [30, 60].contains(&period),
        highest_counter: u64::MAX,
        lengths: |length| length <= 32,
    },
    Takes {
        name: "oath-usersfile:mod-authn-otp",
        kinds: "totp hotp motp+pin",
        algorithms: "SHA1",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |length| length <= 64,
    },
    Takes {
        name: "okta-tokens",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 8, 10],
        periods: |period| [15, 30, 60].contains(&period),
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "otpauth",
        kinds: "totp hotp steam motp motp+pin yandex yandex+pin",
        algorithms: "MD5 SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "otpferry",
        kinds: "totp hotp steam motp motp+pin yandex yandex+pin name-only",
        algorithms: "MD5 SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "pass-otp",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "pingid:totp-30",
        kinds: "totp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |period| period == 30,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "pingid:totp-60",
        kinds: "totp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |period| period == 60,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "pingid:hotp",
        kinds: "hotp",
        algorithms: "SHA1",
        digits: &[6],
        periods: |_| false,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        name: "privacyidea",
        kinds: "totp hotp",
        algorithms: "SHA1",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 2_147_483_647,
        // Keys of these lengths are taken for those of another hash.
        lengths: |length| length != 32 && length != 64,
    },
    Takes {
        name: "proton",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 65_535,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "proton-pass:csv",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 65_535,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "proton-pass:zip",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 65_535,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "pskc:common",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |period| period <= 2_147_483_647,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "pskc:strong",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |period| period <= 2_147_483_647,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "raivo",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "stratum",
        kinds: "totp hotp steam motp+pin yandex+pin",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        name: "vault-totp",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 8],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        name: "winauth",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 2_147_483_647,
        lengths: |_| true,
    },
    Takes {
        name: "yubikey",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 4_294_967_295,
        lengths: |length| length >= 2,
    },
];

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
