//! Writing otpferry's own table.

use super::HEADER;
use crate::caps::{Caps, Field, Fit};
use crate::error::Error;
use crate::format::Part;
use crate::model::{Account, Otp, SecretText};
use crate::open::otpauth;
use crate::text::csv::{Dialect, Writer, writable};

/// What happens to an account in the table.
pub(super) fn fit(caps: &Caps, account: &Account) -> Fit {
    let mut fit = caps.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    for (field, text) in
        [(Field::Issuer, &account.issuer), (Field::Account, &account.name), (Field::Note, &account.note)]
    {
        if writable(text) != text.as_str() {
            fit.change(field, "characters that no text holds are left out of it");
        }
    }
    if account.groups.iter().any(|group| group.is_empty() || written_group(group) != *group) {
        fit.change(Field::Groups, "a semicolon in the name of a group becomes a comma; a group needs a name");
    }
    let cells = [&account.issuer, &account.name, &account.note];
    if cells.into_iter().chain(&account.groups).any(|cell| is_formula(cell)) {
        fit.remarks
            .push("a spreadsheet takes one of its names for a formula; open the table as text".to_owned());
    }
    fit
}

/// Whether a spreadsheet would compute a cell instead of showing it.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

fn written_group(group: &str) -> String {
    writable(group).replace(';', ",")
}

/// Writes all accounts.
pub(super) fn encode(accounts: &[Account]) -> Result<Part, Error> {
    let mut table = Writer::new(HEADER, Dialect::Plain)?;
    for account in accounts {
        if let Some(otp) = account.otp() {
            row(&mut table, account, otp)?;
        }
    }
    Ok(Part(table.finish()?))
}

fn row(table: &mut Writer, account: &Account, otp: &Otp) -> Result<(), Error> {
    let groups: Vec<String> = account.groups.iter().map(|group| written_group(group)).collect();
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let uri = zeroize::Zeroizing::new(otpauth::write(account, otp));
    table.row([
        otp.kind().name(),
        &account.issuer,
        &account.name,
        &otp.secret().to_base32(),
        otp.algorithm().name(),
        &otp.digits().to_string(),
        &number(otp.period().map(u64::from)),
        &number(otp.counter()),
        otp.pin().map(SecretText::expose).unwrap_or_default(),
        &groups.join(";"),
        &account.note,
        if account.favorite { "1" } else { "" },
        &uri,
    ])
}
