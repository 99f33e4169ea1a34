//! Whole files are read in `tests/goldens.rs`; here is what is written.

use super::*;
use crate::ctx::NoPasswords;
use crate::testing;

const TABLE: &[u8] = include_bytes!("../../../../fixtures/1password/passwords.csv");

#[test]
fn every_cell_is_quoted_and_no_password_is_written() {
    let read = |ctx: &mut Ctx<'_>| OnePassword.decode(&Input::new(TABLE), ctx);
    let vault = testing::with_ctx(&mut NoPasswords, read).unwrap();
    let write = |ctx: &mut Ctx<'_>| testing::form(&OnePassword).encode(&vault, ctx);
    let parts = testing::with_ctx(&mut NoPasswords, write).unwrap();
    let text = std::str::from_utf8(&parts[0].0).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let first = "\"Title\",\"Url\",\"Username\",\"Password\",\"OTPAuth\",\"Favorite\",\"Archived\",\"Tags\",\"Notes\"\n\
        \"Acme\",\"https://acme.example/\",\"bob\",\"\",\"otpauth://totp/Acme:bob?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Acme\
        &algorithm=SHA1&digits=8&period=30\",\"true\",\"false\",\"work;home\",\"two\nlines\"\n";
    assert!(text.starts_with(first), "{text}");
}

#[test]
fn a_tag_with_a_semicolon_and_further_addresses_are_announced() {
    let read = |ctx: &mut Ctx<'_>| OnePassword.decode(&Input::new(TABLE), ctx);
    let mut account = testing::with_ctx(&mut NoPasswords, read).unwrap().accounts.remove(0);
    account.groups = vec!["a;b".to_owned(), "c".to_owned()];
    account.urls.push("https://other.example".to_owned());
    let fit = testing::form(&OnePassword).fit(&[account]).remove(0);
    let changes: Vec<_> = fit.changes.iter().map(|change| (change.field, change.message.as_str())).collect();
    let wanted = [
        (Field::Groups, "its groups become \"a,b\", \"c\""),
        (Field::Urls, "its web addresses are kept without what the file cannot hold of them"),
    ];
    assert_eq!((fit.refused, changes.as_slice()), (None, &wanted[..]));
}
