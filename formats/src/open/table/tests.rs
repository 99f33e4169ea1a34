//! Whole tables that people make are read in `tests/goldens.rs`; here is what is doubtful in them.

use super::*;
use crate::ctx::NoPasswords;
use crate::error::ErrorKind;
use crate::report::Skip;
use crate::testing;

fn decode_with(text: &[u8], columns: &[&str], encoding: Option<SecretEncoding>) -> Result<Vault, Error> {
    let columns: Vec<String> = columns.iter().map(|pair| (*pair).to_owned()).collect();
    let mut options = TableOptions::parse(&columns).unwrap();
    options.secret_encoding = encoding;
    testing::with_ctx(&mut NoPasswords, |ctx| {
        let mut ctx = Ctx {
            passwords: ctx.passwords,
            key_files: &[],
            new_password: None,
            random: ctx.random,
            now: ctx.now,
            limits: ctx.limits,
            per_qr: ctx.per_qr,
            read_codes: None,
            table: &options,
            tokens: &crate::TokenOptions::default(),
        };
        AnyTable.decode(&Input::new(text), &mut ctx)
    })
}

fn decode(text: &str) -> Vault {
    decode_with(text.as_bytes(), &[], None).unwrap()
}

/// Issuer, account and key of each account.
fn read(vault: &Vault) -> Vec<(&str, &str, Vec<u8>)> {
    let key = |account: &Account| account.otp().unwrap().secret().expose().to_vec();
    vault.accounts.iter().map(|a| (a.issuer.as_str(), a.name.as_str(), key(a))).collect()
}

fn reasons(vault: &Vault) -> Vec<&str> {
    vault.skipped.iter().map(|item| item.code.as_str()).collect()
}

const HELLO: &[u8] = b"Hello!\xDE\xAD\xBE\xEF";

#[test]
fn a_table_without_header_is_read_by_numbers() {
    let text = b"Acme\tbob\tJBSWY3DPEHPK3PXP\nOther\teve\tjbsw y3dp ehpk 3pxp\n";
    let vault = decode_with(text, &["issuer=1", "account=2", "secret=3"], None).unwrap();
    assert_eq!(read(&vault), [("Acme", "bob", HELLO.to_vec()), ("Other", "eve", HELLO.to_vec())]);
    // With numbers and a header, the header is no account.
    let vault = decode_with(b"Service;User;Key\nAcme;bob;JBSWY3DPEHPK3PXP", &["secret=3"], None).unwrap();
    assert_eq!(read(&vault), [("Acme", "bob", HELLO.to_vec())]);
}

#[test]
fn without_a_column_of_secrets_the_way_out_is_told() {
    let error = decode_with(b"a,b\n1,2\n", &[], None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(error.next_step.unwrap().contains("--columns"));
    // A first row that is an account is not lost as a header.
    let error =
        decode_with(b"Acme,otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP\n", &[], None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    // Links are found by themselves.
    let vault = decode("what,where\nx,otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP\n");
    assert_eq!(read(&vault), [("Acme", "bob", HELLO.to_vec())]);
}

#[test]
fn hexadecimal_is_taken_only_where_it_is_plain() {
    let hex = "48656c6c6f21deadbeef48656c6c6f21deadbeef";
    let key = [HELLO, HELLO].concat();
    let vault = decode(&format!("issuer,account,secret\nA,b,{hex}\nA,c,{hex}\n"));
    assert_eq!(read(&vault), [("A", "b", key.clone()), ("A", "c", key.clone())]);
    assert!(vault.warnings.iter().any(|item| item.code == "secret-encoding"));
    // Base32 beside it: what can only be hexadecimal is, what can be both is not guessed.
    let both = "ABCDEF234567ABCDEF234567ABCDEF23";
    let vault = decode(&format!("issuer,account,secret\nA,b,{hex}\nA,c,{both}\nA,d,JBSWY3DPEHPK3PXP\n"));
    assert_eq!(read(&vault), [("A", "b", key), ("A", "d", HELLO.to_vec())]);
    assert_eq!(reasons(&vault), [Skip::BAD_SECRET]);
    let text = format!("issuer,account,secret\nA,c,{both}\n");
    let vault = decode_with(text.as_bytes(), &[], Some(SecretEncoding::Base32)).unwrap();
    assert_eq!(vault.accounts[0].otp().unwrap().secret().expose().len(), 20);
}

#[test]
fn secrets_of_every_encoding() {
    for (encoding, secret) in [
        (SecretEncoding::Hex, "0x48 65 6C 6C 6F 21 DE AD BE EF"),
        (SecretEncoding::Base64, "SGVsbG8h3q2+7w=="),
        (SecretEncoding::Base32, "jbsw-y3dp-ehpk-3pxp"),
    ] {
        let text = format!("account,secret\nb,{secret}\n");
        let vault = decode_with(text.as_bytes(), &[], Some(encoding)).unwrap();
        assert_eq!(read(&vault), [("", "b", HELLO.to_vec())], "{secret}");
    }
    let vault =
        decode_with(b"account,secret\nb,12345678901234567890\n", &[], Some(SecretEncoding::Utf8)).unwrap();
    assert_eq!(read(&vault), [("", "b", b"12345678901234567890".to_vec())]);
    for encoding in [SecretEncoding::Hex, SecretEncoding::Base64, SecretEncoding::Base32] {
        let vault = decode_with(b"account,secret\nb,$$$\n", &[], Some(encoding)).unwrap();
        assert_eq!(reasons(&vault), [Skip::BAD_SECRET]);
    }
}

#[test]
fn doubtful_rows_are_not_guessed() {
    for (row, reason) in [
        // A comma in a cell that nobody quoted.
        ("Acme, Inc,bob,JBSWY3DPEHPK3PXP,totp,30,5", Skip::DAMAGED),
        // A counter, and nothing that says what for.
        ("Acme,bob,JBSWY3DPEHPK3PXP,,,7", Skip::UNKNOWN_KIND),
        ("Acme,bob,JBSWY3DPEHPK3PXP,push,30,", Skip::UNKNOWN_KIND),
        ("Acme,bob,,totp,30,", Skip::NO_SECRET),
        ("Acme,bob,JBSWY3DPEHPK3PXP,totp,thirty,", Skip::BAD_PERIOD),
        ("Acme,bob,JBSWY3DPEHPK3PXP,hotp,,-1", Skip::BAD_COUNTER),
    ] {
        let vault = decode(&format!("issuer,account,secret,kind,period,counter\n{row}\n"));
        assert_eq!(reasons(&vault), [reason], "{row}");
        assert!(vault.accounts.is_empty());
    }
    let vault = decode("name,uri,note\nx,otpauth://totp/b?secret=JBSWY3DPEHPK3PXP&issuer=A, Inc&digits=8\n");
    assert_eq!((reasons(&vault), vault.accounts.len()), (vec![Skip::DAMAGED], 0));
    let vault = decode(
        "secret,uri\nGEZDGNBVGY3TQOJQ,otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP\n\
         JBSWY3DPEHPK3PXP,otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&digits=8\n",
    );
    assert_eq!(reasons(&vault), [Skip::BAD_SECRET]);
    assert_eq!(vault.accounts[0].otp().unwrap().digits(), 8);
}

#[test]
fn logins_without_a_code_are_only_counted() {
    let vault = decode("name,username,password,totp\nAcme,bob,x,JBSWY3DPEHPK3PXP\nOther,eve,y,\n");
    assert_eq!(read(&vault), [("Acme", "bob", HELLO.to_vec())]);
    assert!(vault.warnings.iter().any(|item| item.code == "other-items"));
}

#[test]
fn windows_1252_is_read_with_a_remark() {
    let vault = decode_with(b"issuer,account,secret\nCaf\xE9 \x80,b,JBSWY3DPEHPK3PXP\n", &[], None).unwrap();
    assert_eq!(read(&vault), [("Café €", "b", HELLO.to_vec())]);
    assert!(vault.warnings.iter().any(|item| item.code == "encoding-guessed"));
}

#[test]
fn detection_wants_a_secret_below_the_name() {
    let confidence = |text: &str| AnyTable.detect(&Probe::new(text.as_bytes(), None));
    assert_eq!(confidence("Service;Key\nAcme;JBSWY3DPEHPK3PXP\n"), Confidence::Likely);
    assert_eq!(confidence("sep=;\r\nService;Key\r\nAcme;JBSWY3DPEHPK3PXP\r\n"), Confidence::Likely);
    assert_eq!(confidence("Service,Key\nAcme,x\n"), Confidence::Weak);
    assert_eq!(
        confidence("kind,issuer,account,secret,algorithm,digits,period,counter,pin,group,note,favorite,uri"),
        Confidence::Sure
    );
    for other in
        ["name,url,username,password\na,b,c,d\n", "hello", "", "{\"secret\":1}", "secret\nJBSWY3DPEHPK3PXP\n"]
    {
        assert_eq!(confidence(other), Confidence::No, "{other}");
    }
}

#[test]
fn what_a_table_cannot_hold_is_announced() {
    use crate::caps::Field;
    let vault = decode("issuer,account,secret,group,note\nA,b,JBSWY3DPEHPK3PXP,,\n");
    let mut account = vault.accounts[0].clone();
    account.issuer = "=cmd\u{1}".to_owned();
    account.groups = vec!["a;b".to_owned()];
    let fit = testing::form(&AnyTable).fit(std::slice::from_ref(&account)).remove(0);
    let fields: Vec<Field> = fit.changes.iter().map(|change| change.field).collect();
    assert_eq!(fields, [Field::Issuer, Field::Groups]);
    assert_eq!(fit.remarks.len(), 1);
}
