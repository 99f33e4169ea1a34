//! Password managers whose export is a table with a row for each login: Apple Passwords, browsers,
//! Dashlane, LastPass, NordPass and RoboForm. They differ in the names of the columns, and in where a
//! code stands.
//!
//! Source: the importers of Proton Pass and Bitwarden and their test files; for Apple the column list of
//! a real export.

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

mod write;

use self::write::Cell;
use super::login::{Gathering, Login};
use super::written;
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::container::zip::{self, Archive};
use crate::ctx::{Ctx, Limits};
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Vault};
use crate::probe::Probe;
use crate::report::Item;
use crate::text::csv::{Column, Row, Table};
use crate::text::json;

/// One such manager.
pub(crate) struct TableManager {
    info: &'static Info,
    /// Columns that only its tables have together, in lower case.
    mark: &'static [&'static str],
    /// The table in the zip that the manager exports, where it does that.
    member: Option<&'static str>,
    /// A column that its tables never have, where another manager has the same mark.
    never: Option<&'static str>,
    title: &'static str,
    user: &'static str,
    url: &'static str,
    group: Option<&'static str>,
    note: &'static str,
    favorite: Option<&'static str>,
    codes: Codes,
    /// What is written, column by column; nothing for managers that are only read.
    written: &'static [(&'static str, Cell)],
}

/// Where the code of a login stands.
enum Codes {
    /// In the first of these columns that is not empty.
    Columns(&'static [&'static str]),
    /// In a field of the cells from this column on: `LABEL$,,,TYPE,VALUE`.
    RoboForm(&'static str),
    /// Nowhere of its own; only a field that the user made can hold a link.
    NordPass(&'static str),
    /// Nowhere at all.
    Never,
}

const fn info(id: &'static str, title: &'static str, export_help: &'static str) -> Info {
    Info {
        id,
        title,
        aliases: &[],
        extensions: &["csv"],
        reads_encrypted: false,
        unverified: None,
        write: &[],
        export_help,
    }
}

/// What the managers hold that are written; each says what more it takes.
const CAPS: Caps = Caps { app: "Apple Passwords", fields: &[Field::Note, Field::Urls], ..written::CAPS };

/// The table as Apple's import takes it, with nothing in it that is not known.
const APPLE_WRITING: Writing = Writing {
    form: "known",
    caps: CAPS,
    encryption: Encryption::Never,
    any_password: true,
    carrier: Carrier::File,
    file_name: "Passwords.csv",
    encrypted_file_name: "Passwords.csv",
    import_help: "On a Mac: Passwords > File > Import Passwords from File. Rows without a web address, a user name or a \
        password may be passed over without a word: -t apple-passwords:filled puts placeholders there. Delete the file \
        afterwards",
};

/// Apple Passwords, iCloud Keychain and Safari.
pub(crate) static APPLE: TableManager = TableManager {
    info: &Info {
        extensions: &["csv", "zip"],
        unverified: Some("byte details of the export, such as line ends"),
        write: &[
            APPLE_WRITING,
            Writing {
                form: write::FILLED,
                import_help: "On a Mac: Passwords > File > Import Passwords from File; set web addresses and passwords \
                    there, and delete the file",
                ..APPLE_WRITING
            },
        ],
        ..info(
            "apple-passwords",
            "Apple Passwords (CSV)",
            "On a Mac: Passwords > File > Export All Passwords to File, or Safari > File > Export > Passwords",
        )
    },
    member: Some("passwords.csv"),
    mark: &["title", "url", "username", "password", "otpauth"],
    // That is 1Password's.
    never: Some("favorite"),
    title: "title",
    user: "username",
    url: "url",
    group: None,
    note: "notes",
    favorite: None,
    codes: Codes::Columns(&["otpauth"]),
    written: &[
        ("Title", Cell::Title),
        ("URL", Cell::Url),
        ("Username", Cell::User),
        ("Password", Cell::Password),
        ("Notes", Cell::Note),
        ("OTPAuth", Cell::Link),
    ],
};

/// Chrome, Edge, Brave, Opera and Google's password manager; Firefox.
pub(crate) static BROWSERS: TableManager = TableManager {
    info: &info(
        "chrome-passwords",
        "Passwords of Chrome and other browsers (CSV)",
        "These exports never hold one-time codes",
    ),
    member: None,
    mark: &["url", "username", "password"],
    never: None,
    title: "name",
    user: "username",
    url: "url",
    group: None,
    note: "note",
    favorite: None,
    codes: Codes::Never,
    written: &[],
};

/// Dashlane.
pub(crate) static DASHLANE: TableManager = TableManager {
    info: &Info {
        extensions: &["csv", "zip"],
        write: &[Writing {
            caps: Caps { app: "Dashlane", groups: Groups::One, fields: &[Field::Note, Field::Urls], ..CAPS },
            file_name: "dashlane_credentials.csv",
            encrypted_file_name: "dashlane_credentials.csv",
            form: "",
            import_help: "In Dashlane's web app, My account > Import data > Dashlane (CSV)",
            ..APPLE_WRITING
        }],
        ..info("dashlane", "Dashlane (CSV, zip)", "In Dashlane, My account > Export data as CSV")
    },
    member: Some("credentials.csv"),
    mark: &["username", "username2", "title", "password", "note", "category"],
    never: None,
    title: "title",
    user: "username",
    url: "url",
    group: Some("category"),
    note: "note",
    favorite: None,
    codes: Codes::Columns(&["otpurl", "otpsecret"]),
    written: &[
        ("username", Cell::User),
        ("username2", Cell::Empty),
        ("username3", Cell::Empty),
        ("title", Cell::Title),
        ("password", Cell::Empty),
        ("note", Cell::Note),
        ("url", Cell::Url),
        ("category", Cell::Group),
        ("otpUrl", Cell::Link),
    ],
};

/// LastPass, the password manager. The authenticator app has a format of its own.
pub(crate) static LASTPASS: TableManager = TableManager {
    info: &Info {
        write: &[Writing {
            caps: Caps {
                app: "LastPass",
                algorithms: &[Algorithm::Sha1],
                digits: &[6],
                periods: Periods::OneOf(&[30]),
                groups: Groups::One,
                fields: &[Field::Note, Field::Favorite, Field::Urls],
                ..CAPS
            },
            file_name: "lastpass_vault_export.csv",
            encrypted_file_name: "lastpass_vault_export.csv",
            form: "",
            import_help: "In the LastPass browser extension, Account > Fix a problem > Import > LastPass or Generic CSV",
            ..APPLE_WRITING
        }],
        ..info(
            "lastpass-csv",
            "LastPass (password manager, CSV)",
            "In the LastPass browser extension, Account > Fix a problem > Export vault items > Export data",
        )
    },
    member: None,
    mark: &["url", "username", "password", "extra", "name", "grouping"],
    never: None,
    title: "name",
    user: "username",
    url: "url",
    group: Some("grouping"),
    note: "extra",
    favorite: Some("fav"),
    codes: Codes::Columns(&["totp"]),
    written: &[
        ("url", Cell::Url),
        ("username", Cell::User),
        ("password", Cell::Empty),
        ("totp", Cell::Secret),
        ("extra", Cell::Note),
        ("name", Cell::Title),
        ("grouping", Cell::Group),
        ("fav", Cell::Favorite),
    ],
};

/// NordPass.
pub(crate) static NORDPASS: TableManager = TableManager {
    info: &info(
        "nordpass",
        "NordPass (CSV)",
        "NordPass exports no one-time codes; only links in custom fields are found",
    ),
    member: None,
    mark: &["name", "url", "username", "password", "note", "cardholdername", "folder"],
    never: None,
    title: "name",
    user: "username",
    url: "url",
    group: Some("folder"),
    note: "note",
    favorite: None,
    codes: Codes::NordPass("custom_fields"),
    written: &[],
};

/// RoboForm.
pub(crate) static ROBOFORM: TableManager = TableManager {
    info: &info("roboform", "RoboForm (CSV)", "In RoboForm, Options > Account & Data > Export > CSV file"),
    member: None,
    mark: &["name", "url", "login", "pwd", "note", "folder"],
    never: None,
    title: "name",
    user: "login",
    url: "url",
    group: Some("folder"),
    note: "note",
    favorite: None,
    codes: Codes::RoboForm("rffieldsv2"),
    written: &[],
};

impl Format for TableManager {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(names) = probe.zip_names() {
            return if self.member_of(names).is_some() { Confidence::Likely } else { Confidence::No };
        }
        let header = probe.header();
        let is_others = self.never.is_some_and(|never| header.iter().any(|name| name == never));
        let has_mark = probe.has_header(self.mark) && !is_others;
        let is_mine = match self.codes {
            Codes::Never => is_of_browser(header),
            _ => has_mark,
        };
        if is_mine { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        self.read(input, ctx).map_err(|error| error.in_format(self.info.id))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        write::fit(self, writing, accounts)
    }

    fn encode(&self, writing: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        write::encode(self, writing, vault).map(|part| vec![part])
    }
}

/// Other managers have these columns among others.
fn is_of_browser(header: &[String]) -> bool {
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    match header.as_slice() {
        ["name", "url", "username", "password"] | ["name", "url", "username", "password", "note"] => true,
        ["url", "username", "password", rest @ ..] => rest.contains(&"formactionorigin"),
        _ => false,
    }
}

impl TableManager {
    /// The table among the members of a zip; it may lie in a folder.
    fn member_of<'n>(&self, names: &'n [String]) -> Option<&'n str> {
        let wanted = self.member?;
        let is_table =
            |name: &&str| name.rsplit('/').next().is_some_and(|file| file.eq_ignore_ascii_case(wanted));
        names.iter().map(String::as_str).find(is_table)
    }

    fn read(&self, input: &Input<'_>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
        if zip::sniff(input.bytes) {
            let mut archive = Archive::open(input.bytes)?;
            let name = self.member_of(archive.names()).map(str::to_owned);
            let name = name.ok_or_else(|| zip::missing(self.member.unwrap_or("table of this manager")))?;
            let bytes = archive.read(&name, ctx.limits)?;
            return self.read_table(&Input::new(&bytes).text()?, ctx.limits);
        }
        self.read_table(&input.text()?, ctx.limits)
    }

    fn read_table(&self, text: &str, limits: &Limits) -> Result<Vault, Error> {
        let table = Table::parse(text, limits)?;
        for name in self.mark {
            table.required(name)?;
        }
        if let Some(name) = self.never.filter(|name| table.column(name).exists()) {
            return Err(Error::malformed(format!("the column \"{name}\" is another password manager's"))
                .at(crate::error::Place::Row(1))
                .next_step("Leave out -f, so that the format is recognised"));
        }
        let columns = Columns::find(self, &table);
        let mut gathering = Gathering::new(self.info.id, "CSV", limits);
        for row in &table.rows {
            columns.gather(row, &mut gathering);
        }
        if matches!(self.codes, Codes::Never | Codes::NordPass(_)) {
            gathering.warn(
                Item::new("never-holds-codes", "this export never holds one-time codes")
                    .next_step("Look for the codes in your authenticator app, and export from there"),
            );
        }
        gathering.finish()
    }
}

/// The columns of one table.
struct Columns {
    title: Column,
    user: Column,
    url: Column,
    group: Option<Column>,
    note: Column,
    favorite: Option<Column>,
    codes: CodeColumns,
}

/// Where codes stand in one table.
enum CodeColumns {
    Any(Vec<Column>),
    RoboForm(Column),
    /// The kind of the row, and the fields that the user made.
    NordPass(Column, Column),
    None,
}

impl Columns {
    fn find(manager: &TableManager, table: &Table) -> Self {
        Self {
            title: table.column(manager.title),
            user: table.column(manager.user),
            url: table.column(manager.url),
            group: manager.group.map(|name| table.column(name)),
            note: table.column(manager.note),
            favorite: manager.favorite.map(|name| table.column(name)),
            codes: match manager.codes {
                Codes::Columns(names) => {
                    CodeColumns::Any(names.iter().map(|name| table.column(name)).collect())
                }
                Codes::RoboForm(name) => CodeColumns::RoboForm(table.column(name)),
                Codes::NordPass(name) => CodeColumns::NordPass(table.column("type"), table.column(name)),
                Codes::Never => CodeColumns::None,
            },
        }
    }

    fn gather(&self, row: &Row, gathering: &mut Gathering) {
        // NordPass has a row for each folder.
        if matches!(self.codes, CodeColumns::NordPass(kind, _) if row.get(kind) == "folder") {
            return;
        }
        let (url, user) = (row.get(self.url), unquoted(row.get(self.user)));
        let group = self.group.map_or("", |column| row.get(column)).trim_start_matches('/');
        let login = Login {
            title: title(row.get(self.title), user, url),
            user,
            urls: Some(url.to_owned()).filter(|url| !url.is_empty()).into_iter().collect(),
            groups: Some(group.to_owned()).filter(|group| !group.is_empty()).into_iter().collect(),
            note: row.raw(self.note),
            favorite: self.favorite.is_some_and(|column| row.get(column) == "1"),
            ..Login::default()
        };
        let values = self.codes.of(row);
        gathering.item(&login, values.iter().map(|value| value.as_str()), &row.place());
    }
}

impl CodeColumns {
    fn of(&self, row: &Row) -> Vec<Zeroizing<String>> {
        let owned = |value: &str| Zeroizing::new(value.to_owned());
        match self {
            Self::None => Vec::new(),
            Self::Any(columns) => {
                let mut cells = columns.iter().map(|column| row.get(*column));
                cells.find(|cell| !cell.is_empty()).map(owned).into_iter().collect()
            }
            Self::RoboForm(from) => {
                let fields = row.cells_from(*from).filter_map(|field| field.strip_prefix("TOTP KEY$,"));
                // What follows are two empty parts, the type and the value.
                fields.filter_map(|rest| rest.splitn(4, ',').nth(3)).map(unquoted).map(owned).collect()
            }
            Self::NordPass(_, fields) => links(row.get(*fields)),
        }
    }
}

/// The links in fields that the user made.
fn links(fields: &str) -> Vec<Zeroizing<String>> {
    #[derive(Deserialize)]
    struct Field {
        value: Option<String>,
    }
    // A field of another type hides no link of the others.
    let fields: Vec<&RawValue> = serde_json::from_str(fields).unwrap_or_default();
    let values = fields.into_iter().filter_map(|raw| json::entry::<Field>(raw)?.value);
    let is_link = |value: &Zeroizing<String>| value.trim_start().to_ascii_lowercase().starts_with("otpauth");
    values.map(Zeroizing::new).filter(is_link).collect()
}

/// What a login is called. Apple writes `host (user)`; LastPass may have no name but an address.
fn title<'a>(title: &'a str, user: &str, url: &'a str) -> &'a str {
    let with_user = || title.strip_suffix(')')?.strip_suffix(user)?.strip_suffix(" (");
    match title {
        "" => host(url),
        _ if user.is_empty() => title,
        _ => with_user().unwrap_or(title),
    }
}

/// The host of an address, without user and port.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = place.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// RoboForm puts a quote before a value that begins like a formula.
fn unquoted(value: &str) -> &str {
    match value.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['@', '\'']) => rest,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_there_are_none() {
        for (name, user, url, wanted) in [
            ("a.example (bob)", "bob", "", "a.example"),
            ("a.example (bob)", "eve", "", "a.example (bob)"),
            ("Acme", "", "https://x.example", "Acme"),
            ("", "bob", "https://u:p@x.example:8080/login?a", "x.example"),
            ("", "bob", "", ""),
        ] {
            assert_eq!(title(name, user, url), wanted, "{name} {url}");
        }
        assert_eq!([unquoted("'@nobody"), unquoted("''x"), unquoted("'x")], ["@nobody", "'x", "'x"]);
    }

    /// A spreadsheet leaves columns without a name when it saves a table again.
    #[test]
    fn a_column_without_a_name_means_nothing() {
        use crate::ctx::NoPasswords;
        let read = |text: &str| {
            let format = crate::registry::detect(&Probe::new(text.as_bytes(), None)).unwrap();
            let input = Input::new(text.as_bytes());
            let vault = crate::testing::with_ctx(&mut NoPasswords, |ctx| format.decode(&input, ctx)).unwrap();
            let [account] = vault.accounts.as_slice() else { panic!("one account is expected") };
            (format.info().id, account.issuer.clone(), account.groups.clone(), account.favorite)
        };
        let apple = "Title,URL,Username,Password,Notes,OTPAuth,\nAcme,,bob,pw,,JBSWY3DPEHPK3PXP,1\n";
        assert_eq!(read(apple), ("apple-passwords", "Acme".to_owned(), vec![], false));
        let lastpass =
            "url,username,password,totp,extra,name,grouping,fav,\n,bob,pw,JBSWY3DPEHPK3PXP,,Acme,Work,1,x\n";
        assert_eq!(read(lastpass), ("lastpass-csv", "Acme".to_owned(), vec!["Work".to_owned()], true));
    }

    #[test]
    fn every_manager_has_its_own_header() {
        for (header, wanted) in [
            ("Title,URL,Username,Password,Notes,OTPAuth", "apple-passwords"),
            ("name,url,username,password,note", "chrome-passwords"),
            ("url,username,password,httpRealm,formActionOrigin,guid", "chrome-passwords"),
            ("url,username,password,totp,extra,name,grouping,fav", "lastpass-csv"),
            ("username,username2,username3,title,password,note,url,category,otpUrl", "dashlane"),
            ("Name,Url,MatchUrl,Login,Pwd,Note,Folder,RfFieldsV2", "roboform"),
        ] {
            let found = crate::registry::detect(&Probe::new(header.as_bytes(), None)).unwrap();
            assert_eq!(found.info().id, wanted, "{header}");
        }
        let onepassword = "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes";
        assert_eq!(APPLE.detect(&Probe::new(onepassword.as_bytes(), None)), Confidence::No);
    }
}
