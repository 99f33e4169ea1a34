//! What importers do, written down from their source code and from reports: see the sources in the table.

use super::*;

fn with_secret(byte: u8, mut account: Account) -> Account {
    if let Credential::Otp(otp) = &mut account.credential {
        let own = Secret::new(vec![byte; 20]).unwrap();
        match otp {
            Otp::Totp { secret, .. } | Otp::Hotp { secret, .. } => *secret = own,
            Otp::Steam { secret } | Otp::Motp { secret, .. } | Otp::Yandex { secret, .. } => *secret = own,
        }
    }
    account
}

/// Accounts with secrets of their own.
fn apart(accounts: Vec<Account>) -> Vec<Account> {
    (1..).zip(accounts).map(|(byte, account)| with_secret(byte, account)).collect()
}

fn explained(target: &str, import: Import<'_>, accounts: &[Account]) -> Explanation {
    let explanation = explain(found(target), import, &accounts.iter().collect::<Vec<_>>());
    assert_eq!(explanation.accounts.len(), accounts.len());
    for (index, fate) in explanation.accounts.iter().enumerate() {
        assert_eq!(fate.index, index);
        for reason in &fate.reasons {
            assert!(reason.message.ends_with(&format!(" (as of {})", reason.checked)), "{}", reason.message);
            assert!(!reason.source.is_empty());
        }
    }
    explanation
}

fn outcomes(target: &str, import: Import<'_>, accounts: &[Account]) -> Vec<Outcome> {
    explained(target, import, accounts).accounts.into_iter().map(|fate| fate.outcome).collect()
}

fn codes(explanation: &Explanation, index: usize) -> Vec<&str> {
    explanation.accounts[index].reasons.iter().map(|reason| reason.code.as_str()).collect()
}

fn wrong(instead: Instead) -> Outcome {
    Outcome::WrongCodes { instead }
}

fn file(format: &str) -> Import<'_> {
    Import::of(format, false)
}

use Algorithm::{Md5, Sha1, Sha256, Sha512};
use Outcome::{FileNotRead, LeftOut, Right};

#[test]
fn two_fas_keeps_one_of_equal_secrets() {
    let accounts = [usual(), Account { issuer: "Other".to_owned(), ..usual() }, with_secret(1, usual())];
    for target in ["2fas@android", "2fas@ios"] {
        let explanation = explained(target, file("2fas"), &accounts);
        assert_eq!(explanation.file, FileFate::Opened);
        assert_eq!(explanation.accounts[0].outcome, Right);
        assert_eq!(explanation.accounts[1].outcome, Outcome::Merged { into: 0 }, "{target}");
        assert_eq!(explanation.accounts[2].outcome, Right);
        assert_eq!(codes(&explanation, 1), ["merges-equal-secrets"]);
        assert_eq!(explanation.right(), 2);
    }
}

#[test]
fn two_fas_on_iphone_drops_odd_values_of_other_apps_and_bends_those_of_its_own_file() {
    let accounts = apart(vec![totp(Sha1, 6, 45), totp(Sha1, 9, 30), totp(Sha1, 8, 90)]);
    let as_30 = wrong(Instead { period: Some(30), ..Instead::default() });
    let as_6 = wrong(Instead { digits: Some(6), ..Instead::default() });
    assert_eq!(outcomes("2fas@ios", file("aegis"), &accounts), [LeftOut, LeftOut, Right]);
    assert_eq!(outcomes("2fas@ios", file("lastpass"), &accounts), [LeftOut, LeftOut, Right]);
    assert_eq!(outcomes("2fas@ios", file("andotp"), &accounts), [as_30.clone(), LeftOut, Right]);
    assert_eq!(outcomes("2fas@ios", file("2fas"), &accounts), [as_30, as_6, Right]);
    assert_eq!(outcomes("2fas@android", file("2fas"), &accounts), [Right, Right, Right]);
    assert_eq!(outcomes("2fas@android", file("raivo"), &accounts), [LeftOut, LeftOut, Right]);
}

#[test]
fn one_that_is_dropped_is_not_what_a_later_one_is_merged_with() {
    let accounts = [totp(Sha1, 6, 45), usual()];
    assert_eq!(outcomes("2fas@ios", file("aegis"), &accounts), [LeftOut, Right]);
    assert_eq!(
        outcomes("2fas@ios", file("2fas"), &accounts),
        [wrong(Instead { period: Some(30), ..Instead::default() }), Outcome::Merged { into: 0 }]
    );
}

#[test]
fn bitwarden_authenticator_fails_over_one_hotp_account_on_android_and_drops_it_on_iphone() {
    let accounts = apart(vec![usual(), hotp(6), usual()]);
    let android = explained("bitwarden-authenticator@android", file("2fas"), &accounts);
    assert!(
        matches!(&android.file, FileFate::Refused { by: 1, reason } if reason.code == "hotp-fails-import")
    );
    assert!(android.accounts.iter().all(|fate| fate.outcome == FileNotRead));
    assert_eq!(outcomes("bitwarden-authenticator@ios", file("2fas"), &accounts), [Right, LeftOut, Right]);
    let grouped = [Account { groups: vec!["Work".to_owned()], ..usual() }];
    let android = explained("bitwarden-authenticator@android", file("2fas"), &grouped);
    let FileFate::Refused { by: 0, reason } = android.file else { panic!("{:?}", android.file) };
    assert_eq!(reason.message, "The import of a 2FAS file with groups failed (as of 2025)");
    assert_eq!(outcomes("bitwarden-authenticator@android", file("aegis"), &grouped), [Right]);
}

#[test]
fn bitwarden_authenticator_on_iphone_takes_transfer_codes_for_sha1_and_six_digits() {
    let accounts = apart(vec![totp(Sha256, 8, 30), hotp(6), usual()]);
    let there = Instead { algorithm: Some("SHA1".to_owned()), digits: Some(6), ..Instead::default() };
    assert_eq!(
        outcomes("bitwarden-authenticator@ios", file("google-migration"), &accounts),
        [wrong(there), LeftOut, Right]
    );
}

#[test]
fn an_encrypted_2fas_file_is_not_opened_by_bitwarden_authenticator() {
    let explanation = explained("bitwarden-authenticator@android", Import::of("2fas", true), &[usual()]);
    let FileFate::NotOpened { opens, reason } = &explanation.file else { panic!("{:?}", explanation.file) };
    assert_eq!(
        reason.message,
        "Bitwarden Authenticator (Android) does not read an encrypted file of the format 2FAS (as of 2026)"
    );
    let opens: Vec<String> = opens.iter().cloned().map(String::from).collect();
    assert_eq!(opens, ["bitwarden-authenticator", "2fas", "aegis", "lastpass"]);
    assert_eq!(explanation.accounts[0].outcome, FileNotRead);
    assert_eq!(explanation.remarks, []);
}

#[test]
fn proton_leaves_hotp_out() {
    let accounts = apart(vec![hotp(6), usual(), of_kind(Kind::Steam)]);
    for format in ["2fas", "aegis", "google-migration"] {
        let explanation = explained("proton", file(format), &accounts);
        let outcomes: Vec<_> = explanation.accounts.iter().map(|fate| fate.outcome.clone()).collect();
        assert_eq!(outcomes, [LeftOut, Right, Right], "{format}");
        assert_eq!(codes(&explanation, 0), ["hotp-left-out"]);
    }
}

#[test]
fn stratum_cuts_names_and_loses_digits_and_groups() {
    let long = Account { issuer: "I".repeat(33), name: "n".repeat(41), ..usual() };
    let cut = Outcome::NameCut { issuer_there: "I".repeat(32), account_there: "n".repeat(40) };
    assert_eq!(outcomes("stratum", file("2fas"), &[long]), [cut]);
    let issuer = Account { issuer: "é".repeat(40), ..usual() };
    let cut = Outcome::NameCut { issuer_there: "é".repeat(32), account_there: "bob".to_owned() };
    assert_eq!(outcomes("stratum", file("stratum"), &[issuer]), [cut]);

    let eight = [totp(Sha1, 8, 30)];
    let as_6 = wrong(Instead { digits: Some(6), ..Instead::default() });
    assert_eq!(outcomes("stratum", file("google-migration"), &eight), [as_6]);
    assert_eq!(outcomes("stratum", file("aegis"), &eight), [Right]);
    let grouped = [Account { groups: vec!["Work".to_owned()], ..usual() }];
    assert_eq!(outcomes("stratum", file("aegis"), &grouped), [Outcome::Changed]);
    assert_eq!(outcomes("stratum", file("2fas"), &grouped), [Right]);
}

#[test]
fn stratum_stops_at_the_first_account_of_its_own_file_that_it_does_not_take() {
    let accounts = apart(vec![usual(), totp(Sha1, 5, 30), usual(), hotp(9)]);
    let lost = Outcome::Lost { stopped_at: 1 };
    let explanation = explained("stratum", file("stratum"), &accounts);
    let found: Vec<_> = explanation.accounts.iter().map(|fate| fate.outcome.clone()).collect();
    assert_eq!(found, [Right, LeftOut, lost.clone(), lost]);
    assert_eq!(codes(&explanation, 2), ["stops-at-bad-digits"]);
    // Its converters of other apps' files go on.
    let explanation = explained("stratum", file("2fas"), &accounts);
    let found: Vec<_> = explanation.accounts.iter().map(|fate| fate.outcome.clone()).collect();
    assert_eq!(found, [Right, Outcome::NotShown, Right, LeftOut]);
}

#[test]
fn google_authenticator_reads_small_letters_as_sha1_on_android_and_refuses_them_on_iphone() {
    let accounts = [totp(Sha256, 6, 30)];
    let qr = |lower_case| Import { by: Means::Qr, lower_case, ..file("otpauth") };
    let as_sha1 = wrong(Instead { algorithm: Some("SHA1".to_owned()), ..Instead::default() });
    assert_eq!(outcomes("google-authenticator@android", qr(Some(true)), &accounts), [as_sha1]);
    assert_eq!(outcomes("google-authenticator@ios", qr(Some(true)), &accounts), [LeftOut]);
    for (target, code) in [
        ("google-authenticator@android", "small-letters-as-sha1"),
        ("google-authenticator@ios", "small-letters-refused"),
    ] {
        assert_eq!(outcomes(target, qr(Some(false)), &accounts), [Right]);
        // Where it is not known how the code is written, it is said what may happen.
        let explanation = explained(target, qr(None), &accounts);
        assert_eq!(explanation.accounts[0].outcome, Right);
        assert!(codes(&explanation, 0).contains(&code));
    }
}

#[test]
fn google_authenticator_flattens_periods_and_digits() {
    let accounts = apart(vec![totp(Sha1, 6, 60), totp(Sha1, 7, 30), totp(Sha1, 7, 60)]);
    let as_30 = Instead { period: Some(30), ..Instead::default() };
    let as_6 = Instead { digits: Some(6), ..Instead::default() };
    let both = Instead { digits: Some(6), period: Some(30), ..Instead::default() };
    for target in ["google-authenticator@android", "google-authenticator@ios"] {
        assert_eq!(
            outcomes(target, file("google-migration"), &accounts),
            [wrong(as_30.clone()), wrong(as_6.clone()), wrong(both.clone())]
        );
    }
}

#[test]
fn microsoft_authenticator_opens_no_file_and_ignores_parameters() {
    let accounts = apart(vec![totp(Sha256, 8, 60), hotp(6), usual(), of_kind(Kind::Steam)]);
    let explanation = explained("microsoft-authenticator@ios", file("aegis"), &accounts);
    assert!(matches!(&explanation.file, FileFate::NotOpened { opens, .. } if opens.is_empty()));
    let qr = Import { by: Means::Qr, ..file("otpauth") };
    let there = Instead {
        algorithm: Some("SHA1".to_owned()),
        digits: Some(6),
        period: Some(30),
        ..Instead::default()
    };
    let as_totp = Instead { kind: Some("totp".to_owned()), ..Instead::default() };
    assert_eq!(
        outcomes("microsoft-authenticator", qr, &accounts),
        [wrong(there), wrong(as_totp), Right, wrong(Instead::default())]
    );
}

#[test]
fn two_fas_on_android_loses_counters_of_aegis_and_periods_of_andotp() {
    let accounts = apart(vec![hotp(6), totp(Sha1, 6, 60), of_kind(Kind::Steam), totp(Md5, 6, 30)]);
    assert_eq!(outcomes("2fas@android", file("aegis"), &accounts), [LeftOut, Right, Right, LeftOut]);
    let as_30 = wrong(Instead { period: Some(30), ..Instead::default() });
    assert_eq!(outcomes("2fas@android", file("andotp"), &accounts), [Right, as_30, Right, LeftOut]);
    assert_eq!(outcomes("2fas@ios", file("aegis"), &accounts[..3]), [Right, Right, Right]);
}

#[test]
fn ente_fails_over_one_kind_that_it_does_not_know_in_an_aegis_file() {
    let accounts = apart(vec![usual(), of_kind(Kind::Yandex)]);
    let explanation = explained("ente", Import::of("aegis", true), &accounts);
    assert!(
        matches!(&explanation.file, FileFate::Refused { by: 1, reason } if reason.code == "aegis-kinds-fail-import")
    );
    let motp = apart(vec![usual(), of_kind(Kind::Motp)]);
    assert_eq!(outcomes("ente", file("andotp"), &motp), [Right, LeftOut]);
}

#[test]
fn ente_takes_unknown_algorithms_for_sha1() {
    let accounts = apart(vec![totp(Md5, 6, 30), totp(Sha512, 8, 45)]);
    let as_sha1 = wrong(Instead { algorithm: Some("SHA1".to_owned()), ..Instead::default() });
    assert_eq!(outcomes("ente", Import::of("ente", true), &accounts), [as_sha1, Right]);
    let steam = [Account { issuer: "STEAM".to_owned(), ..usual() }];
    let as_steam = wrong(Instead { kind: Some("steam".to_owned()), ..Instead::default() });
    assert_eq!(outcomes("ente", file("otpauth"), &steam), [as_steam]);
}

#[test]
fn aegis_reads_other_files_by_its_own_lights() {
    let accounts = apart(vec![totp(Sha1, 8, 50), usual()]);
    let there = Instead { digits: Some(6), period: Some(30), ..Instead::default() };
    assert_eq!(outcomes("aegis", Import::of("totp-authenticator", true), &accounts), [wrong(there), Right]);
    assert_eq!(outcomes("aegis", file("stratum"), &apart(vec![of_kind(Kind::Motp)])), [LeftOut]);
    assert_eq!(outcomes("aegis", file("aegis"), &apart(vec![of_kind(Kind::Motp)])), [Right]);
    let explanation = explained("aegis", Import::of("proton", true), &accounts);
    assert!(matches!(explanation.file, FileFate::NotOpened { .. }));
}

#[test]
fn aegis_drops_the_period_when_it_exports_to_google() {
    let aegis = found("aegis");
    let said = |account: &Account, format| {
        let remarks = aegis.exported(account, format);
        remarks.into_iter().map(|remark| (remark.code, remark.effect)).collect::<Vec<_>>()
    };
    let wrong = ("google-export-drops-period".to_owned(), Effect::WrongCodes);
    assert_eq!(said(&totp(Sha1, 6, 60), "google-migration"), [wrong]);
    assert_eq!(said(&totp(Sha1, 6, 60), "aegis"), []);
    assert_eq!(said(&totp(Sha1, 8, 30), "google-migration")[0].1, Effect::LeftOut);
    assert_eq!(said(&usual(), "google-migration"), []);
}

#[test]
fn what_nobody_said_is_not_right() {
    let explanation = explained("1password", file("aegis"), &[usual(), hotp(6)]);
    assert!(matches!(&explanation.file, FileFate::Unknown { reason } if reason.code == "not-known"));
    assert_eq!(explanation.accounts[0].outcome, Outcome::Unknown);
    assert_eq!(explanation.right(), 0);
    // The app is known, the period is not.
    let qr = Import { by: Means::Qr, ..file("otpauth") };
    assert_eq!(outcomes("apple-passwords@ios", qr, &[totp(Sha1, 6, 60)]), [Outcome::Unknown]);
}

#[test]
fn an_account_without_a_secret_has_nothing_to_import() {
    let accounts = [of_kind(Kind::NameOnly), usual()];
    assert_eq!(outcomes("aegis", file("microsoft"), &accounts), [Outcome::NoSecret, Right]);
    assert_eq!(outcomes("aegis", file("aegis"), &[]), []);
}

#[test]
fn every_target_explains_every_format() {
    let kinds = [Kind::Totp, Kind::Hotp, Kind::Steam, Kind::Motp, Kind::Yandex, Kind::NameOnly];
    let accounts = apart(kinds.map(of_kind).to_vec());
    for row in all() {
        for format in crate::registry::ALL {
            for encrypted in [false, true] {
                let import = Import::of(format.info().id, encrypted);
                let explanation = explained(&row.name(), import, &accounts);
                let json = serde_json::to_string(&explanation).unwrap();
                assert!(json.contains(&format!("\"target\":\"{}\"", row.name())));
            }
        }
    }
}

#[test]
fn a_hundred_thousand_accounts_take_no_time() {
    let one = usual();
    let many: Vec<&Account> = std::iter::repeat_n(&one, 100_000).collect();
    let explanation = explain(found("2fas@ios"), file("2fas"), &many);
    assert_eq!(explanation.accounts[99_999].outcome, Outcome::Merged { into: 0 });
}
