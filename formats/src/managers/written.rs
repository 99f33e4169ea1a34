//! What becomes of an account that is written as an item of a password manager: the item is read again,
//! and what differs is announced.

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::error::Error;
use crate::format::Part;
use crate::model::{Account, Algorithm, Kind, Otp, Vault};
use crate::open::otpauth;
use crate::text::csv::Writer;

/// What a manager shows that takes links of time-based codes. Each has a name, and says what more it takes.
pub(crate) const CAPS: Caps = Caps {
    app: "",
    kinds: &[Kind::Totp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 7, 8],
    periods: Periods::UpTo(u32::MAX),
    max_counter: 0,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[],
};

/// What would happen to an account of which `read_again` gives what its item is read as.
pub(crate) fn fit(
    caps: &Caps,
    account: &Account,
    read_again: impl FnOnce(&Otp) -> Result<Vault, Error>,
) -> Fit {
    let fit = caps.check(account);
    let (None, Some(otp)) = (&fit.refused, account.otp()) else { return fit };
    // Nothing else may come out of the item either, be it unreadable.
    let vault = read_again(otp).ok().filter(|vault| vault.skipped.is_empty());
    match vault.as_ref().map(|vault| vault.accounts.as_slice()) {
        Some([read]) if read.otp() == account.otp() => announce(fit, account, read),
        _ => otpauth::not_expressible(),
    }
}

/// Ids for an item that is only read again: short, and no two the same.
pub(crate) fn numbered() -> impl FnMut() -> Result<String, Error> {
    let mut count = 0_u32;
    move || {
        count = count.saturating_add(1);
        Ok(count.to_string())
    }
}

/// A table with a row for each account.
pub(crate) fn rows(
    mut table: Writer,
    accounts: &[Account],
    row: impl Fn(&mut Writer, &Account, &Otp) -> Result<(), Error>,
) -> Result<Part, Error> {
    for account in accounts {
        let Some(otp) = account.otp() else { continue };
        row(&mut table, account, otp)?;
    }
    table.finish().map(Part)
}

/// Announces every field in which `read` differs from the account that was written.
pub(crate) fn announce(mut fit: Fit, account: &Account, read: &Account) -> Fit {
    for field in Field::ALL {
        let is_known = fit.changes.iter().any(|change| change.field == field);
        if !is_known && !field.same(account, read) {
            fit.change(field, message(field, account, read));
        }
    }
    fit
}

fn message(field: Field, account: &Account, read: &Account) -> String {
    match field {
        // A file of tokens may have no place at all for a field that a manager always holds.
        Field::Issuer if read.issuer.is_empty() => "the issuer is left behind".to_owned(),
        Field::Account if read.name.is_empty() => "the account name is left behind".to_owned(),
        Field::User if read.user.is_none() => "the assigned person is left behind".to_owned(),
        Field::User => {
            format!("the assigned person becomes \"{}\"", read.user.as_deref().unwrap_or_default())
        }
        Field::Issuer => format!("the issuer becomes \"{}\"", read.issuer),
        Field::Account => format!("the account name becomes \"{}\"", read.name),
        Field::Groups => match read.groups.join("\", \"") {
            names if names.is_empty() => "its group is left behind".to_owned(),
            names => format!("its groups become \"{names}\""),
        },
        Field::Note => "its note is kept without what the file cannot hold of it".to_owned(),
        Field::Urls if account.urls.is_empty() => {
            format!("a placeholder stands for its web address: {}", read.urls.join(" "))
        }
        Field::Urls => "its web addresses are kept without what the file cannot hold of them".to_owned(),
        Field::Created => "the time of creation is kept in whole seconds, or not at all".to_owned(),
        Field::Modified => "the time of the last change is kept in whole seconds, or not at all".to_owned(),
        _ => format!("its {} is kept in another form", field.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, Credential, Digits, Kind, Period, Secret};

    const CAPS: Caps = Caps {
        app: "App",
        kinds: &[Kind::Totp],
        algorithms: &[Algorithm::Sha1],
        digits: &[6],
        periods: crate::caps::Periods::OneOf(&[30]),
        max_counter: 0,
        secret_bytes: (1, 100),
        needs_pin: false,
        groups: crate::caps::Groups::One,
        fields: &[Field::Note],
    };

    fn account(digits: u64) -> Account {
        let otp = Otp::Totp {
            secret: Secret::new(vec![1; 20]).unwrap(),
            algorithm: Algorithm::Sha1,
            digits: Digits::new(digits).unwrap(),
            period: Period::new(30).unwrap(),
        };
        Account::new(Credential::Otp(otp), "Acme", "bob")
    }

    fn vault(accounts: Vec<Account>) -> Vault {
        Vault { accounts, ..Vault::default() }
    }

    #[test]
    fn what_is_read_differently_is_announced_once() {
        let given = Account { note: "a".to_owned(), favorite: true, ..account(6) };
        let read = Account { note: "b".to_owned(), name: "eve".to_owned(), ..account(6) };
        let fit = fit(&CAPS, &given, |_| Ok(vault(vec![read])));
        let fields: Vec<Field> = fit.changes.iter().map(|change| change.field).collect();
        assert_eq!((fit.refused, fields), (None, vec![Field::Favorite, Field::Account, Field::Note]));
    }

    #[test]
    fn another_code_is_refused() {
        let code = |read: Vec<Account>| fit(&CAPS, &account(6), |_| Ok(vault(read))).refused.unwrap().code;
        assert_eq!(code(vec![account(8)]), "not-expressible");
        assert_eq!(code(vec![]), "not-expressible");
        assert_eq!(code(vec![account(6), account(6)]), "not-expressible");
        let fit = fit(&CAPS, &account(8), |_| Ok(vault(vec![account(8)])));
        assert_eq!(fit.refused.unwrap().code, "unsupported-digits");
    }
}
