//! Writing a table: a row for each account, which the manager's import makes a login with a code of.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::{Columns, TableManager};
use crate::caps::Fit;
use crate::ctx::Limits;
use crate::error::Error;
use crate::format::{Part, Writing};
use crate::managers::login::{Gathering, title};
use crate::managers::written;
use crate::model::{Account, Otp, Vault};
use crate::open::otp_field;
use crate::text::csv::{Dialect, Row, Table, Writer};

/// The form with placeholders where nothing is known, for an import that takes no row without them.
pub(super) const FILLED: &str = "filled";

/// What stands in a cell.
#[derive(Clone, Copy)]
pub(super) enum Cell {
    Title,
    User,
    Url,
    /// No password is known: empty, or a placeholder.
    Password,
    Note,
    Group,
    Favorite,
    /// The code as a link with every parameter.
    Link,
    /// The code as a bare secret.
    Secret,
    Empty,
}

/// What the manager's import makes of each account: the row is read again, and what differs is
/// announced.
pub(super) fn fit(manager: &TableManager, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
    let columns = Columns::find(manager, &Table::with_header(manager.written.iter().map(|(name, _)| *name)));
    let mut taken = HashSet::new();
    let mut one = |account: &Account| {
        let fit = written::fit(&writing.caps, account, |otp| {
            let cells = manager.cells(writing, account, otp);
            let mut gathering = Gathering::new(manager.info.id, "CSV", &Limits::default());
            columns.gather(&Row::of(cells.iter().map(|cell| cell.as_str())), &mut gathering);
            gathering.finish()
        });
        let place = manager.place_of(writing, account).filter(|_| fit.refused.is_none());
        if place.is_some_and(|place| !taken.insert(place)) { same_place(writing.caps.app) } else { fit }
    };
    accounts.iter().map(&mut one).collect()
}

pub(super) fn encode(manager: &TableManager, writing: &Writing, vault: &Vault) -> Result<Part, Error> {
    let table = Writer::new(manager.written.iter().map(|(name, _)| *name), Dialect::Plain)?;
    written::rows(table, &vault.accounts, |table, account, otp| {
        table.row(manager.cells(writing, account, otp).iter().map(|cell| cell.as_str()))
    })
}

/// Apple keeps one login for a web address and a user name, and drops a second one.
fn same_place(app: &str) -> Fit {
    Fit::refuse(
        "same-login",
        format!(
            "{app} keeps one login for a web address and user name, and an account before this one has the same"
        ),
        "Add its code in the app by hand, or rename one of the two before you move them",
    )
}

impl TableManager {
    fn cells(&self, writing: &Writing, account: &Account, otp: &Otp) -> Vec<Zeroizing<String>> {
        let filled = writing.form == FILLED;
        let cell = |(_, cell): &(&str, Cell)| match cell {
            Cell::Link => otp_field::write(account, otp),
            Cell::Secret => otp.secret().to_base32(),
            Cell::Url if filled => Zeroizing::new(filled_url(account)),
            plain => Zeroizing::new(plain_text(*plain, account, filled).to_owned()),
        };
        self.written.iter().map(cell).collect()
    }

    /// What decides whether the app takes two rows for the same login, where it does that.
    fn place_of(&self, writing: &Writing, account: &Account) -> Option<(String, String)> {
        let keeps_one = self.written.iter().any(|(_, cell)| matches!(cell, Cell::Password));
        let filled = writing.form == FILLED;
        let url = if filled { filled_url(account) } else { account.urls.first()?.clone() };
        keeps_one.then(|| (url, plain_text(Cell::User, account, filled).to_owned()))
    }
}

fn plain_text(cell: Cell, account: &Account, filled: bool) -> &str {
    let or = |text, placeholder| if filled && str::is_empty(text) { placeholder } else { text };
    match cell {
        Cell::Title => title(account),
        Cell::User => or(&account.name, "code"),
        Cell::Url => account.urls.first().map_or("", String::as_str),
        Cell::Password => or("", "-"),
        Cell::Note => &account.note,
        Cell::Group => account.groups.first().map_or("", String::as_str),
        Cell::Favorite if account.favorite => "1",
        Cell::Favorite => "0",
        Cell::Link | Cell::Secret | Cell::Empty => "",
    }
}

/// The known address, or one that belongs to nobody (RFC 2606) and says whose code it is.
fn filled_url(account: &Account) -> String {
    if let Some(url) = account.urls.first() {
        return url.clone();
    }
    let mut slug = String::new();
    for letter in title(account).chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    // A name between two dots has 63 letters at most (RFC 1035).
    slug.truncate(63);
    let slug = slug.trim_end_matches('-');
    format!("https://{}.invalid/", if slug.is_empty() { "code" } else { slug })
}

#[cfg(test)]
mod tests {
    use super::super::{APPLE, DASHLANE, LASTPASS};
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::format::{Form, Format};
    use crate::open::otpauth;
    use crate::testing;

    const LINKS: [&str; 3] = [
        "otpauth://totp/Acme%2C%20Inc:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme%2C%20Inc",
        "otpauth://totp/eve?secret=GEZDGNBVGY3TQOJQ",
        "otpauth://totp/-:eve?secret=GEZDGNBVGY3TQOJQ&issuer=-",
    ];

    fn accounts() -> Vec<Account> {
        let mut accounts: Vec<Account> =
            LINKS.into_iter().map(|link| otpauth::parse(link).ok().unwrap()).collect();
        accounts[0].urls = vec!["https://acme.example/login".to_owned()];
        accounts[0].groups = vec!["Work".to_owned()];
        accounts[0].favorite = true;
        accounts
    }

    fn written(manager: &'static dyn Format, form: &str) -> String {
        let vault = Vault { accounts: accounts(), ..Vault::default() };
        let form = Form::named(manager, form).unwrap();
        let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).unwrap();
        String::from_utf8(parts[0].0.to_vec()).unwrap()
    }

    #[test]
    fn each_manager_gets_its_columns() {
        assert_eq!(
            written(&LASTPASS, ""),
            "url,username,password,totp,extra,name,grouping,fav\n\
             https://acme.example/login,bob,,JBSWY3DPEHPK3PXP,,\"Acme, Inc\",Work,1\n\
             ,eve,,GEZDGNBVGY3TQOJQ,,eve,,0\n\
             ,eve,,GEZDGNBVGY3TQOJQ,,-,,0\n"
        );
        assert!(written(&DASHLANE, "").starts_with(
            "username,username2,username3,title,password,note,url,category,otpUrl\n\
             bob,,,\"Acme, Inc\",,,https://acme.example/login,Work,otpauth://totp/Acme%2C%20Inc:bob?secret="
        ));
    }

    #[test]
    fn apple_gets_placeholders_when_they_are_asked_for() {
        let names = |text: String| {
            let cells = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
            text.lines().map(cells).collect::<Vec<_>>()
        };
        assert_eq!(
            names(written(&APPLE, "")),
            [
                "Title,URL,Username,Password,Notes",
                "\"Acme, Inc\",https://acme.example/login,bob,,",
                "eve,,eve,,",
                "-,,eve,,"
            ]
        );
        assert_eq!(
            names(written(&APPLE, FILLED))[1..],
            [
                "\"Acme, Inc\",https://acme.example/login,bob,-,",
                "eve,https://eve.invalid/,eve,-,",
                "-,https://code.invalid/,eve,-,"
            ]
        );
    }

    #[test]
    fn one_address_and_user_name_hold_one_code() {
        let mut twice = accounts();
        twice.push(twice[0].clone());
        let code = |form: &str| {
            let fits = Form::named(&APPLE, form).unwrap().fit(&twice);
            fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect::<Vec<_>>()
        };
        assert_eq!(code(""), [None, None, None, Some("same-login")]);
        assert_eq!(code(FILLED), [None, None, None, Some("same-login")]);
        assert!(testing::form(&LASTPASS).fit(&twice).iter().all(|fit| fit.refused.is_none()));
    }
}
