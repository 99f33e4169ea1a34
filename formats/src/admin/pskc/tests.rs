use super::*;
use crate::ctx::NoPasswords;
use crate::error::ErrorKind;
use crate::model::{Credential, Digits, Otp, Period, Secret, SecretText};
use crate::testing;

const SEALED: &str = include_str!("../../../../fixtures/pskc/aes128-cbc.pskcxml");
const PLAIN: &str = include_str!("../../../../fixtures/pskc/every-part.xml");
/// What `fixtures/make/pskc.py` encrypts with.
const KEY: &str = "63616e6172792d70736b632d6b65792d";

fn decode(text: &str, password: &str) -> Result<Vault, Error> {
    let given = [SecretText::new(password)];
    testing::with_ctx(&mut &given[..], |ctx| Pskc.decode(&Input::new(text.as_bytes()), ctx))
}

fn account(name: &str, serial: &str) -> Account {
    let otp = Otp::Totp {
        secret: Secret::new(vec![7; 20]).unwrap(),
        algorithm: Algorithm::Sha256,
        digits: Digits::SIX,
        period: Period::THIRTY,
    };
    let device = super::super::token::device(serial, "", "");
    Account { device, issuer: "Acme".to_owned(), ..super::super::token::account(otp, name) }
}

#[test]
fn a_wrong_key_is_told_and_what_it_looks_like() {
    let error = decode(SEALED, "hunter2").unwrap_err();
    assert_eq!(error.kind, ErrorKind::WrongPassword);
    assert_eq!(error.message, "wrong key or passphrase, or the file was altered");
    assert!(error.next_step.unwrap().contains("32 hexadecimal digits"));
    assert!(decode(SEALED, &KEY.to_uppercase()).is_ok());
    let spaced = format!("{} {}\n", &KEY[..16], &KEY[16..]);
    assert!(decode(SEALED, &spaced).is_ok());
}

/// Any byte of a file with MACs may be changed: what is read is either right or not there.
#[test]
fn damage_gives_no_other_secret() {
    let whole = decode(SEALED, KEY).unwrap();
    let known: Vec<&Secret> = whole.accounts.iter().filter_map(Account::otp).map(Otp::secret).collect();
    assert_eq!(known.len(), 3);
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let letters = b"ABCDEFabcdef0123456789+/=<>\"&; ";
    let mut told = 0;
    for _ in 0..3000 {
        let mut bytes = SEALED.as_bytes().to_vec();
        let at = random() % bytes.len();
        bytes[at] = letters[random() % letters.len()];
        let given = [SecretText::new(KEY)];
        let read = testing::with_ctx(&mut &given[..], |ctx| Pskc.decode(&Input::new(&bytes), ctx));
        let Ok(vault) = read else {
            told += 1;
            continue;
        };
        told += usize::from(!vault.skipped.is_empty());
        for account in &vault.accounts {
            assert!(known.contains(&account.otp().unwrap().secret()), "byte {at}");
        }
    }
    assert!(told > 500, "only {told}");
}

#[test]
fn a_cut_file_gives_only_whole_keys() {
    let whole = decode(PLAIN, "").unwrap();
    let known: Vec<&Otp> = whole.accounts.iter().filter_map(Account::otp).collect();
    for at in (0..PLAIN.len()).filter(|at| PLAIN.is_char_boundary(*at)) {
        let Ok(vault) = decode(&PLAIN[..at], "") else { continue };
        let read: Vec<&Otp> = vault.accounts.iter().filter_map(Account::otp).collect();
        assert_eq!(read, known[..read.len()], "{at}");
        assert!(vault.warnings.iter().any(|item| item.code == "end-missing") || at + 2 > PLAIN.len(), "{at}");
    }
}

#[test]
fn nothing_opens_what_needs_too_many_rounds() {
    let text = include_str!("../../../../fixtures/pskc/pbkdf2-sha1.pskcxml");
    let error = |rounds: &str| decode(&text.replace(">1000<", rounds), "any").unwrap_err().kind;
    assert_eq!(error(">4294967295<"), ErrorKind::Limit);
    assert_eq!(error(">4294967296<"), ErrorKind::Malformed);
    assert_eq!(error(">0<"), ErrorKind::Malformed);
    assert_eq!(decode(&text.replace(">32<", ">17<"), "any").unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn deep_and_large_entries_end_early() {
    let deep = format!("<KeyContainer><KeyPackage>{}", "<a>".repeat(10_000));
    assert_eq!(decode(&deep, "").unwrap_err().kind, ErrorKind::Malformed);
    let large = format!("<KeyContainer><KeyPackage>{}</KeyPackage></KeyContainer>", "<a/>".repeat(10_000));
    assert_eq!(decode(&large, "").unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn only_the_root_is_looked_at() {
    let is_own = |text: &str| Pskc.detect(&Probe::new(text.as_bytes(), None)) == Confidence::Sure;
    for text in [
        "<KeyContainer/>",
        " \n<?xml version=\"1.0\"?><!-- <Tokens> --><a:keycontainer>",
        "\u{feff}<SecretContainer version=\"1.2\">",
        "<!DOCTYPE KeyContainer [<!ENTITY a \"b\">]><KeyContainer>",
    ] {
        assert!(is_own(text), "{text}");
    }
    for text in [
        "",
        "KeyContainer",
        "x<KeyContainer/>",
        "<Tokens><KeyContainer/></Tokens>",
        "{\"KeyContainer\":1}",
        "<KeyContainers/>",
    ] {
        assert!(!is_own(text), "{text}");
    }
}

fn serials(accounts: Vec<Account>) -> Vec<String> {
    let kept = Vault { accounts, ..Vault::default() };
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Pskc).encode(&kept, ctx)).unwrap();
    let read = decode(std::str::from_utf8(&parts[0].0).unwrap(), "").unwrap();
    read.accounts.iter().map(|account| super::super::token::serial(account).to_owned()).collect()
}

fn announced(accounts: &[Account]) -> Vec<Option<String>> {
    let serial = |fit: Fit| Some(fit.changes.first()?.message.rsplit_once(' ')?.1.to_owned());
    write::fit("common", accounts).into_iter().map(serial).collect()
}

/// The numbers are those of Python's `hashlib.sha256`.
#[test]
fn accounts_on_no_token_get_numbers_of_their_names() {
    let accounts =
        [account("a", ""), account("b", "otpf81ea4157"), account("c", ""), account("d", "OTPF81EA4157")];
    let fits = write::fit("common", &accounts);
    let changes: Vec<Vec<&str>> =
        fits.iter().map(|fit| fit.changes.iter().map(|change| change.message.as_str()).collect()).collect();
    assert_eq!(changes[0], ["it gets the serial number OTPF56EF620A"]);
    assert!(changes[1].is_empty());
    assert_eq!(changes[2], ["it gets the serial number OTPFCA19267E"]);
    assert_eq!(fits[3].refused.as_ref().unwrap().code, "same-serial");
    assert_eq!(serials(accounts[..3].to_vec()), ["OTPF56EF620A", "otpf81ea4157", "OTPFCA19267E"]);
}

#[test]
fn a_number_is_the_same_in_each_file_and_for_no_other_account() {
    let of_maria = Account { user: Some("maria".to_owned()), ..account("a", "") };
    assert_eq!(serials(vec![account("a", "")]), ["OTPF81EA4157"]);
    assert_eq!(serials(vec![account("c", ""), account("a", "")]), ["OTPFCA19267E", "OTPF81EA4157"]);
    assert_eq!(serials(vec![account("a", ""), account("a", "")]), ["OTPF81EA4157", "OTPF56EF620A"]);
    assert_eq!(serials(vec![account("a", ""), of_maria]), ["OTPF81EA4157", "OTPF0E92E215"]);
    // The secret has no part in it.
    let otp = Otp::Totp {
        secret: Secret::new(vec![9; 20]).unwrap(),
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        period: Period::THIRTY,
    };
    let other = Account { credential: Credential::Otp(otp), ..account("a", "") };
    assert_eq!(serials(vec![other]), ["OTPF81EA4157"]);
}

/// What is left out takes no number away from what is written.
#[test]
fn announced_numbers_are_those_of_the_file() {
    let steam = Otp::Steam { secret: Secret::new(vec![9; 20]).unwrap() };
    let refused = Account { credential: Credential::Otp(steam), ..account("a", "OTPF81EA4157") };
    let accounts = [refused, account("a", ""), account("a", "")];
    assert_eq!(
        announced(&accounts),
        [None, Some("OTPF81EA4157".to_owned()), Some("OTPF56EF620A".to_owned())]
    );
    assert_eq!(serials(accounts[1..].to_vec()), ["OTPF81EA4157", "OTPF56EF620A"]);
}

#[test]
fn what_some_servers_do_not_take_is_said_for_each_form() {
    let remarks = |form: &str, account: &Account| {
        write::fit(form, std::slice::from_ref(account)).remove(0).remarks.len()
    };
    let otp = Otp::Totp {
        secret: Secret::new(vec![9; 20]).unwrap(),
        algorithm: Algorithm::Sha1,
        digits: Digits::new(7).unwrap(),
        period: Period::THIRTY,
    };
    let seven = Account { credential: Credential::Otp(otp), ..account("a", "T1") };
    for (what, account, wanted) in [
        ("plain", account("a", "T1"), [0, 0]),
        ("none", account("a", ""), [0, 0]),
        ("7 digits", seven, [1, 1]),
        ("40 letters", account("a", &"x".repeat(40)), [0, 0]),
        ("41 letters", account("a", &"x".repeat(41)), [1, 0]),
        ("a blank", account("a", "T 1"), [1, 0]),
        ("an umlaut", account("a", "Ü1"), [1, 0]),
    ] {
        assert_eq!(["common", "strong"].map(|form| remarks(form, &account)), wanted, "{what}");
    }
}

#[test]
fn a_key_is_written_in_the_order_of_the_schema() {
    let user = Some("maria".to_owned());
    let kept = Vault { accounts: vec![Account { user, ..account("a<b", "T1") }], ..Vault::default() };
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Pskc).encode(&kept, ctx)).unwrap();
    let text = std::str::from_utf8(&parts[0].0).unwrap();
    let package = text.lines().nth(2).unwrap();
    assert_eq!(
        package,
        "<pskc:KeyPackage><pskc:DeviceInfo><pskc:SerialNo>T1</pskc:SerialNo><pskc:UserId>CN=maria</pskc:UserId></pskc:DeviceInfo>\
         <pskc:Key Id=\"T1\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:totp\"><pskc:Issuer>Acme</pskc:Issuer>\
         <pskc:AlgorithmParameters><pskc:Suite>sha256</pskc:Suite><pskc:ResponseFormat Length=\"6\" Encoding=\"DECIMAL\"/>\
         </pskc:AlgorithmParameters><pskc:FriendlyName>Acme:a&lt;b</pskc:FriendlyName>\
         <pskc:Data><pskc:Secret><pskc:PlainValue>BwcHBwcHBwcHBwcHBwcHBwcHBwc=</pskc:PlainValue></pskc:Secret>\
         <pskc:Time><pskc:PlainValue>0</pskc:PlainValue></pskc:Time>\
         <pskc:TimeInterval><pskc:PlainValue>30</pskc:PlainValue></pskc:TimeInterval></pskc:Data>\
         <pskc:UserId>CN=maria</pskc:UserId><pskc:Policy><pskc:KeyUsage>OTP</pskc:KeyUsage></pskc:Policy></pskc:Key></pskc:KeyPackage>"
    );
}
