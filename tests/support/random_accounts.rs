//! Accounts at random: values of all the lists of edges, mixed.

use otpferry_formats::model::{Account, Algorithm, Credential, Digits, Otp, Period, SecretText};

use crate::random::Random;
use crate::vectors::{COUNTERS, LENGTHS, NAMES, PERIODS, PINS, device, groups, icons, times};

/// The next one.
pub(crate) fn random_account(random: &mut Random) -> Account {
    let credential = random_credential(random);
    let (issuer, name) = (random_name(random), random_name(random));
    let mut account = Account::new(credential, issuer, name);
    if chance(random, 3) {
        account.groups = pick(random, &groups());
    }
    if chance(random, 4) {
        account.note = random_name(random);
    }
    account.favorite = chance(random, 5);
    account.trashed = chance(random, 9);
    account.icon = chance(random, 6).then(|| pick(random, &icons()));
    account.modified = chance(random, 3).then(|| pick(random, &times()));
    account.created = chance(random, 5).then(|| pick(random, &times()));
    account.last_used = chance(random, 5).then(|| pick(random, &times()));
    account.uses = chance(random, 7).then(|| random.next());
    account.device = chance(random, 20).then(device);
    account.user = chance(random, 20).then(|| random_name(random));
    if chance(random, 10) {
        account.urls.push(random_name(random));
    }
    account
}

fn random_credential(random: &mut Random) -> Credential {
    let length = match below(random, 4) {
        0 => pick(random, LENGTHS),
        _ => 10 + below(random, 30),
    };
    let secret = random.secret(length);
    // Half of them are what is usual, so that every writer gets its share.
    let usual = chance(random, 2);
    let algorithm = if usual { Algorithm::Sha1 } else { pick(random, &Algorithm::ALL) };
    let digits = Digits::new(if usual { 6 } else { pick(random, &[1, 4, 5, 6, 7, 8, 9, 10]) }).unwrap();
    let period = Period::new(if usual { 30 } else { pick(random, PERIODS) }).unwrap();
    let counter = if chance(random, 3) { random.next() } else { pick(random, COUNTERS) };
    let pin = pick(random, PINS).map(SecretText::new);
    Credential::Otp(match below(random, 12) {
        0 => return Credential::NameOnly { reason: "approved by push".to_owned() },
        1 => Otp::Steam { secret },
        2 => Otp::Motp { secret, pin },
        3 => Otp::Yandex { secret: random.secret(16), pin },
        4 | 5 => Otp::Hotp { secret, algorithm, digits, counter },
        _ => Otp::Totp { secret, algorithm, digits, period },
    })
}

fn random_name(random: &mut Random) -> String {
    let (a, b) = pick(random, NAMES);
    match below(random, 4) {
        0 => format!("{a}{b}"),
        1 => a.to_owned(),
        2 => b.to_owned(),
        _ => {
            let characters = [
                ':', ' ', '+', '%', '#', '&', '=', '?', '/', '\\', '"', '\0', '\n', 'a', 'ß', '\u{202e}',
                '🔑',
            ];
            (0..below(random, 12)).map(|_| pick(random, &characters)).collect()
        }
    }
}

fn pick<T: Clone>(random: &mut Random, from: &[T]) -> T {
    from[below(random, from.len())].clone()
}

fn chance(random: &mut Random, one_in: usize) -> bool {
    below(random, one_in) == 0
}

fn below(random: &mut Random, end: usize) -> usize {
    usize::try_from(random.next() >> 33).unwrap() % end
}
