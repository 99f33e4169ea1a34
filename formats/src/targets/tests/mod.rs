mod explaining;

use std::collections::BTreeSet;

use super::*;
use crate::model::{Account, Credential, Digits, Otp, Period, Secret};

fn found(name: &str) -> &'static Target {
    find(name).unwrap().target
}

fn totp(algorithm: Algorithm, digits: u64, period: u64) -> Account {
    let otp = Otp::Totp {
        secret: Secret::new(vec![7; 20]).unwrap(),
        algorithm,
        digits: Digits::new(digits).unwrap(),
        period: Period::new(period).unwrap(),
    };
    Account::new(Credential::Otp(otp), "Acme", "bob")
}

fn usual() -> Account {
    totp(Algorithm::Sha1, 6, 30)
}

fn hotp(digits: u64) -> Account {
    let otp = Otp::Hotp {
        secret: Secret::new(vec![8; 20]).unwrap(),
        algorithm: Algorithm::Sha1,
        digits: Digits::new(digits).unwrap(),
        counter: 5,
    };
    Account::new(Credential::Otp(otp), "Acme", "bob")
}

fn of_kind(kind: Kind) -> Account {
    let secret = Secret::new(vec![9; 16]).unwrap();
    let otp = match kind {
        Kind::Totp => return usual(),
        Kind::Hotp => return hotp(6),
        Kind::Steam => Otp::Steam { secret },
        Kind::Motp => Otp::Motp { secret, pin: Some(crate::model::SecretText::new("1234")) },
        Kind::Yandex => Otp::Yandex { secret, pin: Some(crate::model::SecretText::new("1234")) },
        Kind::NameOnly => {
            return Account::new(Credential::NameOnly { reason: "push".to_owned() }, "Acme", "bob");
        }
    };
    Account::new(Credential::Otp(otp), "Acme", "bob")
}

#[test]
fn the_table_is_read_whole() {
    let table: Table = toml::from_str(TABLE).unwrap();
    assert_eq!(table.target.len(), TABLE.lines().filter(|line| *line == "[[target]]").count());
    assert_eq!(all(), table.target);
    assert!(all().len() >= 40, "{}", all().len());
}

#[test]
fn every_fact_has_a_source_and_a_date() {
    for row in all() {
        let name = row.name();
        assert!(!row.source.is_empty() && row.source.iter().all(|source| source.len() > 10), "{name}");
        assert!((2015..=2026).contains(&row.checked.year()), "{name}");
        for trap in row.traps.iter().chain(&row.exports) {
            assert!((2015..=2026).contains(&trap.checked(row).year()), "{name} {}", trap.code);
            assert!(!trap.source(row).is_empty(), "{name} {}", trap.code);
            assert!(trap.message(row).ends_with(&format!(" (as of {})", trap.checked(row))));
            // A date of its own says what the source of that date is.
            assert!(trap.checked.is_none() || !trap.source.is_empty(), "{name} {}", trap.code);
        }
    }
}

#[test]
fn texts_are_sentences_without_a_stop() {
    for row in all() {
        let says = row.traps.iter().chain(&row.exports).map(|trap| &trap.says);
        let hows = row.routes.iter().map(|route| &route.how);
        for text in says.chain(hows).chain(&row.avoid) {
            assert!(!text.ends_with('.') && text.trim() == text && text.len() > 20, "{}: {text}", row.name());
            assert!(
                !text.starts_with(char::is_lowercase) || text.starts_with(&row.title),
                "{}: {text}",
                row.name()
            );
        }
    }
}

#[test]
fn rows_are_in_order_and_each_is_one_app_and_platform() {
    let keys: Vec<_> = all().iter().map(|row| (row.id.as_str(), row.platforms.clone())).collect();
    assert!(keys.is_sorted_by(|a, b| a.0 <= b.0), "in order of id");
    let mut seen = BTreeSet::new();
    for (id, platforms) in &keys {
        assert!(!platforms.is_empty(), "{id}");
        assert!(platforms.iter().all(|platform| seen.insert((*id, *platform))), "{id} twice on a platform");
    }
    for row in all() {
        let siblings = || all().iter().filter(|other| other.id == row.id);
        // A row is named by one platform where there are others.
        assert!(siblings().count() == 1 || row.platforms.len() == 1, "{}", row.id);
        assert!(
            siblings().all(|other| other.title == row.title && other.aliases == row.aliases),
            "{}",
            row.id
        );
    }
}

#[test]
fn codes_are_kebab_case_and_once_in_a_row() {
    for row in all() {
        let mut seen = BTreeSet::new();
        for trap in row.traps.iter().chain(&row.exports) {
            assert!(
                trap.code
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            );
            assert!(seen.insert(&trap.code), "{} {}", row.name(), trap.code);
        }
    }
}

#[test]
fn conditions_name_formats_and_ways_that_exist() {
    let is_format = |id: &String| crate::registry::by_name(id).is_some_and(|format| format.info().id == id);
    for row in all() {
        for trap in row.traps.iter().chain(&row.exports) {
            assert!(trap.when.from.iter().all(is_format), "{} {}", row.name(), trap.code);
        }
        for trap in &row.traps {
            let way = |by: &Means| *by == Means::File || row.routes.iter().any(|route| route.by == *by);
            let is_open = trap.when.by.contains(&Means::MigrationQr)
                && row
                    .opens
                    .as_ref()
                    .is_some_and(|opens| opens.iter().any(|one| one.format == "google-migration"));
            assert!(is_open || trap.when.by.iter().all(way), "{} {}", row.name(), trap.code);
        }
        for trap in &row.exports {
            assert!(!trap.when.from.is_empty(), "{} {}: out in which format?", row.name(), trap.code);
        }
    }
}

#[test]
fn what_is_written_for_a_route_exists_and_is_opened() {
    for row in all() {
        for route in &row.routes {
            assert_eq!(
                route.form_name.is_some(),
                route.form().is_some(),
                "{} {:?}",
                row.name(),
                route.form_name
            );
            let (Means::File, Some(form), Some(opens)) = (route.by, route.form(), &row.opens) else {
                continue;
            };
            let id = form.format.info().id;
            assert!(opens.iter().any(|one| one.format == id), "{} does not open {id}", row.name());
        }
        assert!(!row.routes.is_empty() || row.avoid.is_some(), "{} has no way in", row.name());
    }
}

#[test]
fn is_found_by_id_alias_and_title_in_any_case() {
    for name in
        ["aegis", "AEGIS", " Aegis Authenticator", "aegis_authenticator", "aegis@android", "Aegis@Android"]
    {
        assert_eq!(find(name).unwrap().name(), "aegis@android", "{name}");
    }
    assert_eq!(find("Google@iPhone").unwrap().name(), "google-authenticator@ios");
    assert_eq!(find("microsoft-authenticator@ios").unwrap().name(), "microsoft-authenticator@ios");
    assert_eq!(find("microsoft-authenticator").unwrap().name(), "microsoft-authenticator");
    assert_eq!(find("twofas@ios").unwrap().target.name(), "2fas@ios");
    assert_eq!(find("keepassxc@linux").unwrap().name(), "keepassxc@desktop");
    for row in all() {
        assert_eq!(find(&row.name()).unwrap().target, row, "{}", row.name());
    }
}

#[test]
fn names_the_nearest_where_there_is_none() {
    let nearest = |name: &str| match find(name) {
        Err(FindError::Unknown { nearest }) => nearest,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(nearest("agis"), ["aegis"]);
    assert_eq!(nearest("microsft-authenticator"), ["microsoft-authenticator"]);
    assert_eq!(nearest("googel")[0], "google-authenticator");
    assert_eq!(nearest("straum"), ["stratum"]);
    assert_eq!(nearest("keepas"), ["keepass", "keepassxc"]);
    for name in ["", "@", "xyzzy", "zzz@ios", &"a".repeat(10_000), "\u{202e}\u{0}"] {
        assert_eq!(nearest(name), [""; 0], "{name}");
    }
}

#[test]
fn asks_for_the_platform_where_platforms_differ() {
    let error = find("google-authenticator").unwrap_err();
    assert_eq!(error.choices(), ["google-authenticator@android", "google-authenticator@ios"]);
    assert_eq!(error.to_string(), "Google Authenticator differs between platforms");
    let error = find("aegis@ios").unwrap_err();
    assert_eq!(error.choices(), ["aegis@android"]);
    assert_eq!(error.to_string(), "Aegis Authenticator is not known on that platform");
    assert!(matches!(find("aegis@toaster"), Err(FindError::NotOnPlatform { .. })));
}

fn verdict(name: &str, account: &Account) -> String {
    match found(name).judge(account).verdict {
        Verdict::Holds => "holds".to_owned(),
        Verdict::CannotHold { reason, silently } => {
            assert!(reason.message.ends_with(&format!("(as of {})", reason.checked)));
            assert!(!reason.source.is_empty());
            format!("{}{}", reason.code, if silently { ", silently" } else { "" })
        }
        Verdict::Unknown { reason } => format!("unknown: {}", reason.code),
        Verdict::NoSecret => "no secret".to_owned(),
    }
}

#[test]
fn an_account_as_every_app_has_it_is_held_by_every_app() {
    for row in all().iter().filter(|row| row.id != "entra-software-oath") {
        assert_eq!(row.judge(&usual()).verdict, Verdict::Holds, "{}", row.name());
        assert_eq!(row.judge(&of_kind(Kind::NameOnly)).verdict, Verdict::NoSecret, "{}", row.name());
    }
}

#[test]
fn judges_as_the_reports_say() {
    use Algorithm::{Md5, Sha1, Sha256, Sha512};
    let microsoft = |account: &Account| verdict("microsoft-authenticator", account);
    assert_eq!(microsoft(&totp(Sha256, 6, 30)), "ignores-algorithm, silently");
    assert_eq!(microsoft(&totp(Sha1, 8, 30)), "ignores-digits, silently");
    assert_eq!(microsoft(&totp(Sha1, 6, 60)), "ignores-period, silently");
    assert_eq!(microsoft(&hotp(6)), "hotp-as-totp, silently");
    assert_eq!(microsoft(&of_kind(Kind::Steam)), "unsupported-kind, silently");

    assert_eq!(verdict("google-authenticator@android", &totp(Sha256, 8, 30)), "holds");
    assert_eq!(verdict("google-authenticator@android", &totp(Sha1, 6, 60)), "period-as-30, silently");
    assert_eq!(verdict("google-authenticator@ios", &totp(Sha1, 6, 60)), "unknown: unsupported-period");
    assert_eq!(verdict("google-authenticator@ios", &totp(Sha1, 7, 30)), "odd-digits, silently");

    assert_eq!(verdict("proton", &hotp(6)), "hotp-left-out");
    assert_eq!(verdict("proton", &totp(Sha512, 9, 65_535)), "holds");
    assert_eq!(verdict("proton", &totp(Sha512, 6, 65_536)), "unsupported-period");
    assert_eq!(verdict("2fas@ios", &totp(Sha1, 6, 45)), "unsupported-period");
    assert_eq!(verdict("2fas@ios", &totp(Sha1, 9, 30)), "unsupported-digits");
    assert_eq!(verdict("2fas@android", &totp(Sha1, 9, 45)), "holds");
    assert_eq!(verdict("stratum", &hotp(9)), "hotp-digits");
    assert_eq!(verdict("stratum", &totp(Sha1, 10, 45)), "holds");
    assert_eq!(verdict("aegis", &of_kind(Kind::Yandex)), "holds");
    assert_eq!(verdict("ente", &totp(Md5, 6, 30)), "unknown-algorithm-as-sha1, silently");
    assert_eq!(verdict("ente", &of_kind(Kind::Yandex)), "yandex-as-totp, silently");
    assert_eq!(verdict("bitwarden", &hotp(6)), "hotp-as-totp, silently");
    assert_eq!(verdict("lastpass", &totp(Sha512, 8, 30)), "unknown: unsupported-algorithm");
    assert_eq!(verdict("authy", &totp(Sha1, 8, 30)), "unknown: unsupported-digits");
    assert_eq!(verdict("authy", &totp(Sha1, 6, 60)), "period-60, silently");
}

#[test]
fn a_remark_has_the_date_of_its_own_trap() {
    let remarks = found("google-authenticator@android").judge(&totp(Algorithm::Sha256, 6, 30)).remarks;
    assert_eq!(remarks.len(), 1);
    assert_eq!(
        remarks[0].message,
        "Versions of 2015 to 2022 showed SHA1 codes whatever the account said: update the app and compare a code \
         (as of 2022)"
    );
    let verdict = found("google-authenticator@android").judge(&totp(Algorithm::Sha1, 6, 60)).verdict;
    let Verdict::CannotHold { reason, .. } = verdict else { panic!("{verdict:?}") };
    assert!(reason.message.ends_with(" (as of 2024)"), "{}", reason.message);
}

#[test]
fn a_way_has_its_own_traps() {
    let stratum = found("stratum");
    let eight = totp(Algorithm::Sha1, 8, 30);
    let by = |by: Means| stratum.judge_all(&[&eight], Some(stratum.route(by).unwrap().import(false)));
    assert_eq!(by(Means::File)[0].verdict, Verdict::Holds);
    assert!(matches!(&by(Means::MigrationQr)[0].verdict, Verdict::CannotHold { reason, silently: true }
        if reason.code == "migration-digits"));
    let codes: Vec<_> =
        found("google-authenticator@android").remarks(Some(Import::of("google-migration", false)));
    assert_eq!(codes.iter().map(|remark| remark.code.as_str()).collect::<Vec<_>>(), ["every-part"]);
}

#[test]
fn accounts_that_move_together_are_judged_together() {
    let (first, second) = (usual(), Account { name: "eve".to_owned(), ..usual() });
    let judged = found("2fas@android").judge_all(&[&first, &second], None);
    assert_eq!(judged[0].remarks, []);
    assert_eq!(judged[1].remarks[0].code, "merges-equal-secrets");
    assert_eq!(judged[1].remarks[0].effect, Effect::Merged);

    let key = found("yubikey");
    assert_eq!(key.limits(), Limits { slots: Some(32), label_bytes: Some(64), ..Limits::default() });
    let one = usual();
    let many: Vec<&Account> = std::iter::repeat_n(&one, 65).collect();
    let judged = key.judge_all(&many, None);
    assert_eq!(judged[31].verdict, Verdict::Holds);
    assert!(judged[32].remarks.iter().any(|remark| remark.code == "slots-32"));
    assert!(matches!(&judged[64].verdict, Verdict::CannotHold { reason, .. } if reason.code == "slots-64"));
}

#[test]
fn names_are_measured_in_characters_or_bytes() {
    let stratum = |issuer: usize| {
        let account = Account { issuer: "é".repeat(issuer), ..usual() };
        found("stratum").judge(&account).remarks.into_iter().map(|remark| remark.code).collect::<Vec<_>>()
    };
    assert_eq!((stratum(32), stratum(33)), (vec![], vec!["cuts-issuer".to_owned()]));
    let key = |name: usize| Account { issuer: String::new(), name: "é".repeat(name), ..usual() };
    assert_eq!(
        (verdict("yubikey", &key(32)), verdict("yubikey", &key(33))),
        ("holds".into(), "long-name".into())
    );
}

/// Of these, otpferry's form is narrower than the app: it is written for all platforms, or nothing confirms that
/// more would come in right.
const NARROWER: &[(&str, &str)] = &[
    ("2fas@android", "digits 1"),
    ("2fas@android", "digits 4"),
    ("2fas@android", "digits 9"),
    ("2fas@android", "digits 10"),
    ("2fas@android", "hotp of 1"),
    ("2fas@android", "hotp of 4"),
    ("2fas@android", "hotp of 9"),
    ("2fas@android", "hotp of 10"),
    ("2fas@android", "period 15"),
    ("2fas@android", "period 45"),
    ("2fas@android", "period 300"),
    ("2fas@android", "period 100000"),
    ("2fas@ios", "MD5"),
    ("andotp", "motp"),
    ("authenticator-ext", "period 45"),
    ("authenticator-ext", "period 90"),
    ("authenticator-ext", "period 300"),
    ("authenticator-ext", "period 100000"),
    ("freeipa", "SHA384"),
];

/// Of these, otpferry's form holds what the row denies, with no trap that says so: they open the file of another app.
const WIDER: &[(&str, &str)] = &[
    ("gnome-authenticator", "motp"),
    ("gnome-authenticator", "yandex"),
    ("otpclient", "motp"),
    ("otpclient", "yandex"),
];

#[test]
fn what_a_row_denies_the_form_of_its_file_route_refuses() {
    let (mut narrower, mut wider) = (Vec::new(), Vec::new());
    for row in all() {
        let Some(route) = row.route(Means::File).filter(|route| route.form().is_some()) else { continue };
        let form = route.form().unwrap();
        for (what, account) in probes() {
            let is_written = form.fit(std::slice::from_ref(&account))[0].refused.is_none();
            // A trap of this very way explains a difference.
            let judged = row.judge_all(&[&account], Some(route.import(false))).remove(0);
            let by_table = row.verdict(account.otp().unwrap());
            let name = row.name();
            match (by_table, judged.verdict) {
                (Verdict::CannotHold { .. }, Verdict::CannotHold { reason, .. })
                    if is_written && !row.traps.iter().any(|trap| trap.code == reason.code) =>
                {
                    wider.push((name, what));
                }
                (Verdict::Holds, Verdict::Holds) if !is_written => narrower.push((name, what)),
                _ => {}
            }
        }
    }
    let named = |list: &[(&str, &str)]| {
        list.iter().map(|(name, what)| ((*name).to_owned(), (*what).to_owned())).collect::<BTreeSet<_>>()
    };
    assert_eq!(wider.into_iter().collect::<BTreeSet<_>>(), named(WIDER), "wider");
    assert_eq!(narrower.into_iter().collect::<BTreeSet<_>>(), named(NARROWER), "narrower");
}

fn probes() -> Vec<(String, Account)> {
    let mut probes: Vec<(String, Account)> = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::NameOnly) {
        probes.push((kind.name().to_owned(), of_kind(kind)));
    }
    for algorithm in Algorithm::ALL {
        probes.push((algorithm.name().to_owned(), totp(algorithm, 6, 30)));
    }
    for digits in [1, 4, 5, 6, 7, 8, 9, 10] {
        probes.push((format!("digits {digits}"), totp(Algorithm::Sha1, digits, 30)));
        probes.push((format!("hotp of {digits}"), hotp(digits)));
    }
    for period in [10, 15, 30, 45, 60, 90, 300, 100_000] {
        probes.push((format!("period {period}"), totp(Algorithm::Sha1, 6, period)));
    }
    probes
}
