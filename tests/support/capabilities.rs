//! What each target takes, written down from the facts about its app. The matrix proves that what
//! is taken comes back; this that nothing is refused without need.

use otpferry_formats::model::{Account, Algorithm, Credential, Digits, Otp, Period, SecretText};
use otpferry_formats::{Format, registry};

use crate::random::Random;
use crate::vectors::{COUNTERS, LENGTHS, PERIODS};

/// Everything that an app holds, out of the lists of edges.
struct Takes {
    id: &'static str,
    kinds: &'static str,
    algorithms: &'static str,
    digits: &'static [u64],
    periods: fn(u64) -> bool,
    highest_counter: u64,
    lengths: fn(usize) -> bool,
}

static TAKES: &[Takes] = &[
    Takes {
        id: "2fas",
        kinds: "totp hotp steam",
        algorithms: "SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[5, 6, 7, 8],
        periods: |period| [10, 30, 60, 90].contains(&period),
        highest_counter: 2_147_483_647,
        lengths: |length| (2..=320).contains(&length),
    },
    Takes {
        id: "2fauth",
        kinds: "totp hotp steam",
        algorithms: "MD5 SHA1 SHA256 SHA512",
        digits: &[5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_007_199_254_740_991,
        lengths: |_| true,
    },
    Takes {
        id: "aegis",
        kinds: "totp hotp steam motp+pin yandex+pin",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |period| period <= 2_147_483,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        id: "andotp",
        // It keeps no PIN.
        kinds: "totp hotp steam motp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        id: "bitwarden",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        id: "cotp",
        kinds: "totp hotp steam motp+pin yandex+pin",
        algorithms: "MD5 SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        id: "csv",
        kinds: "totp hotp steam motp motp+pin yandex yandex+pin",
        algorithms: "MD5 SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        id: "ente",
        kinds: "totp hotp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        id: "freeotp",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[6, 7, 8, 9],
        periods: |period| period >= 5,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        id: "freeotpplus",
        kinds: "totp hotp steam",
        algorithms: "MD5 SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[5, 6, 7, 8],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        id: "google-migration",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 8],
        periods: |period| period == 30,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |length| length <= 1024,
    },
    Takes {
        id: "lastpass",
        kinds: "totp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 65_535,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        id: "otpauth",
        kinds: "totp hotp steam motp motp+pin yandex yandex+pin",
        algorithms: "MD5 SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        id: "otpferry",
        kinds: "totp hotp steam motp motp+pin yandex yandex+pin name-only",
        algorithms: "MD5 SHA1 SHA224 SHA256 SHA384 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: u64::MAX,
        lengths: |_| true,
    },
    Takes {
        id: "proton",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        periods: |period| period <= 65_535,
        highest_counter: 0,
        lengths: |_| true,
    },
    Takes {
        id: "raivo",
        kinds: "totp hotp",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        id: "stratum",
        kinds: "totp hotp steam motp+pin yandex+pin",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8, 9, 10],
        periods: |_| true,
        highest_counter: 9_223_372_036_854_775_807,
        lengths: |_| true,
    },
    Takes {
        id: "winauth",
        kinds: "totp steam",
        algorithms: "SHA1 SHA256 SHA512",
        digits: &[6, 7, 8],
        periods: |_| true,
        highest_counter: 2_147_483_647,
        lengths: |_| true,
    },
];

#[test]
fn every_target_is_written_down() {
    let writers = registry::ALL.iter().filter(|format| format.info().write.is_some());
    let ids: Vec<&str> = writers.map(|format| format.info().id).collect();
    assert!(ids.iter().eq(TAKES.iter().map(|takes| &takes.id)), "what {ids:?} take has to be written down");
}

#[test]
fn targets_take_what_their_apps_can_hold() {
    for takes in TAKES {
        let format = registry::by_name(takes.id).unwrap();
        assert_eq!(taken(format, kinds()).join(" "), takes.kinds, "{}", takes.id);
        let algorithms = Algorithm::ALL.map(|algorithm| (algorithm.name(), totp(algorithm, 6, 30, 20)));
        assert_eq!(taken(format, algorithms).join(" "), takes.algorithms, "{}", takes.id);
        let digits = (1..=10).map(|digits| (digits, totp(Algorithm::Sha1, digits, 30, 20)));
        assert_eq!(taken(format, digits), takes.digits, "{}", takes.id);
        let periods = PERIODS.iter().map(|period| (*period, totp(Algorithm::Sha1, 6, *period, 20)));
        let wanted: Vec<u64> = PERIODS.iter().copied().filter(|period| (takes.periods)(*period)).collect();
        assert_eq!(taken(format, periods), wanted, "{}", takes.id);
        let lengths = LENGTHS.iter().map(|length| (*length, totp(Algorithm::Sha1, 6, 30, *length)));
        let wanted: Vec<usize> = LENGTHS.iter().copied().filter(|length| (takes.lengths)(*length)).collect();
        assert_eq!(taken(format, lengths), wanted, "{}", takes.id);
        if takes.kinds.split(' ').any(|kind| kind == "hotp") {
            takes_hotp(format, takes);
        }
    }
}

/// The same for counter-based accounts.
fn takes_hotp(format: &dyn Format, takes: &Takes) {
    let hotp_algorithms = Algorithm::ALL.map(|algorithm| (algorithm.name(), hotp(algorithm, 6, 0)));
    assert_eq!(taken(format, hotp_algorithms).join(" "), takes.algorithms, "{}", takes.id);
    let hotp_digits = (1..=10).map(|digits| (digits, hotp(Algorithm::Sha1, digits, 0)));
    assert_eq!(taken(format, hotp_digits), hotp_lengths(takes), "{}", takes.id);
    let counters = COUNTERS.iter().map(|counter| (*counter, hotp(Algorithm::Sha1, 6, *counter)));
    let wanted: Vec<u64> = COUNTERS.iter().copied().filter(|c| *c <= takes.highest_counter).collect();
    assert_eq!(taken(format, counters), wanted, "{}", takes.id);
}

/// Lengths of HOTP codes where they are other than those of TOTP.
fn hotp_lengths(takes: &Takes) -> Vec<u64> {
    match takes.id {
        "stratum" => vec![6, 7, 8],
        _ => takes.digits.to_vec(),
    }
}

/// Those of the accounts that are not refused, each asked about alone.
fn taken<T>(format: &dyn Format, accounts: impl IntoIterator<Item = (T, Account)>) -> Vec<T> {
    let is_taken = |account: &Account| format.fit(std::slice::from_ref(account))[0].refused.is_none();
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
    let secret = Random(7).secret(20);
    account(Otp::Hotp { secret, algorithm, digits: Digits::new(digits).unwrap(), counter })
}

fn kinds() -> [(&'static str, Account); 8] {
    let secret = || Random(7).secret(16);
    let pin = || Some(SecretText::new("1234"));
    let name_only = Credential::NameOnly { reason: "approved by push".to_owned() };
    [
        ("totp", totp(Algorithm::Sha1, 6, 30, 20)),
        ("hotp", hotp(Algorithm::Sha1, 6, 0)),
        ("steam", account(Otp::Steam { secret: secret() })),
        ("motp", account(Otp::Motp { secret: secret(), pin: None })),
        ("motp+pin", account(Otp::Motp { secret: secret(), pin: pin() })),
        ("yandex", account(Otp::Yandex { secret: secret(), pin: None })),
        ("yandex+pin", account(Otp::Yandex { secret: secret(), pin: pin() })),
        ("name-only", Account::new(name_only, "Contoso", "maria")),
    ]
}

fn account(otp: Otp) -> Account {
    Account::new(Credential::Otp(otp), "Acme", "alice")
}
