//! Which column of a table means what: by what the user says, else by its name.

use std::fmt;

use crate::error::Error;
use crate::text::csv;

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A link of any dialect.
    Uri,
    /// The key.
    Secret,
    /// The service.
    Issuer,
    /// The user's name there.
    Account,
    /// The hash.
    Algorithm,
    /// Length of a code.
    Digits,
    /// Seconds that a code lives.
    Period,
    /// `totp`, `hotp` and others.
    Kind,
    /// The next HOTP counter.
    Counter,
    /// PIN of mOTP and Yandex.
    Pin,
    /// Folder, category or tag.
    Group,
    /// Free text.
    Note,
    /// Pinned or starred.
    Favorite,
}

impl Role {
    const ALL: [Self; 13] = [
        Self::Uri,
        Self::Secret,
        Self::Issuer,
        Self::Account,
        Self::Algorithm,
        Self::Digits,
        Self::Period,
        Self::Kind,
        Self::Counter,
        Self::Pin,
        Self::Group,
        Self::Note,
        Self::Favorite,
    ];

    /// The name in a mapping.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Uri => "uri",
            Self::Secret => "secret",
            Self::Issuer => "issuer",
            Self::Account => "account",
            Self::Algorithm => "algorithm",
            Self::Digits => "digits",
            Self::Period => "period",
            Self::Kind => "kind",
            Self::Counter => "counter",
            Self::Pin => "pin",
            Self::Group => "group",
            Self::Note => "note",
            Self::Favorite => "favorite",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the user names a column.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Selector {
    /// By the number in its order, from 1.
    Number(usize),
    /// By its name in the header.
    Name(String),
}

/// How secrets are written in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretEncoding {
    /// RFC 4648, leniently.
    Base32,
    /// Hexadecimal digits.
    Hex,
    /// RFC 4648, with or without padding.
    Base64,
    /// The text itself is the key.
    Utf8,
}

/// What the user says about a table whose columns cannot be guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    columns: Vec<(Role, Selector)>,
    /// How secrets are written, where it is not base32 and the column's name does not say it.
    pub secret_encoding: Option<SecretEncoding>,
}

impl TableOptions {
    /// Reads a mapping such as `issuer=Service,account=User,secret=3`: each column by its name, or by
    /// its number from 1.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the mapping.
    pub fn parse(columns: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        for pair in columns {
            let (role, column) =
                pair.split_once('=').ok_or("it has to be FIELD=COLUMN, such as secret=Key")?;
            let role = Role::ALL
                .into_iter()
                .find(|known| known.name() == role.trim())
                .ok_or_else(|| format!("the fields are {}", Role::ALL.map(Role::name).join(", ")))?;
            if options.columns.iter().any(|(known, _)| *known == role) {
                return Err(format!("{role} is given twice"));
            }
            options.columns.push((role, Selector::parse(column.trim())?));
        }
        Ok(options)
    }

    /// Whether the user said anything about the columns.
    pub(super) fn names_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Whether every column is given by its number, so that the table needs no header.
    pub(super) fn only_numbers(&self) -> bool {
        self.names_columns() && self.columns.iter().all(|(_, column)| matches!(column, Selector::Number(_)))
    }
}

impl Selector {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(0) => Err("columns are counted from 1".to_owned()),
            Ok(number) => Ok(Self::Number(number)),
            Err(_) if text.is_empty() => Err("a column has to be named after the =".to_owned()),
            Err(_) => Ok(Self::Name(text.to_owned())),
        }
    }

    fn find(&self, header: &[String]) -> Option<usize> {
        match self {
            Self::Number(number) => number.checked_sub(1).filter(|at| *at < header.len()),
            Self::Name(name) => header
                .iter()
                .position(|column| column == name)
                .or_else(|| header.iter().position(|column| plain(column) == plain(name))),
        }
    }
}

/// The columns of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    places: Vec<(Role, usize)>,
    /// What the name of the secret's column says about its encoding.
    pub(super) encoding: Option<SecretEncoding>,
    /// The column of the secret is one of KeePass for counter-based codes.
    pub(super) is_hotp: bool,
    /// The column of the account holds `issuer:account`, for want of other names.
    pub(super) joined_names: bool,
}

impl Columns {
    /// Where a field stands; `None` when the table does not have it.
    pub(super) fn place(&self, role: Role) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == role).map(|(_, place)| *place)
    }

    /// Whether accounts can be read at all.
    pub(super) fn hold_secrets(&self) -> bool {
        self.place(Role::Secret).is_some() || self.place(Role::Uri).is_some()
    }

    /// Takes a column for links; `None` when there is none to take.
    pub(super) fn take_links(&mut self, place: Option<usize>) -> Option<()> {
        self.places.push((Role::Uri, place?));
        Some(())
    }

    /// What the columns mean, as a sentence, and which ones are not read.
    pub(super) fn describe(&self, header: &[String]) -> String {
        let name = |place: usize| csv::column_label(header, place);
        let meant: Vec<_> =
            self.places.iter().map(|(role, place)| format!("{role} = {}", name(*place))).collect();
        let is_read = |at: &usize| self.places.iter().any(|(_, place)| place == at);
        let unread: Vec<_> = (0..header.len()).filter(|at| !is_read(at)).map(name).collect();
        let unread = match unread.len() {
            0 => String::new(),
            _ => format!("; not read: {}", unread.join(", ")),
        };
        format!("the columns were read as {}{unread}", meant.join(", "))
    }

    /// Finds the columns: what the user names first, then what the header says.
    pub(super) fn find(header: &[String], options: &TableOptions) -> Result<Self, Error> {
        let mut columns = Self::default();
        for (role, selector) in &options.columns {
            let place = selector.find(header).ok_or_else(|| {
                Error::malformed(format!("the table has no column for {role} as it was named"))
                    .next_step("Look at the header of the table and give --columns again")
            })?;
            columns.places.push((*role, place));
        }
        columns.guess(header);
        Ok(columns)
    }

    fn guess(&mut self, header: &[String]) {
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let mut taken: Vec<usize> = self.places.iter().map(|(_, place)| *place).collect();
        let free = |known: &[&str], taken: &[usize]| {
            // The order of the list decides, not the order of the columns.
            known.iter().find_map(|wanted| {
                names.iter().enumerate().position(|(at, name)| name == wanted && !taken.contains(&at))
            })
        };
        for (role, known) in NAMES {
            if self.place(*role).is_none()
                && let Some(place) = free(known, &taken)
            {
                self.places.push((*role, place));
                taken.push(place);
            }
        }
        // A title or name stands for whichever of the two is missing.
        for (role, known) in [(Role::Issuer, ISSUER_TITLES), (Role::Account, ACCOUNT_TITLES)] {
            let other = if role == Role::Issuer { Role::Account } else { Role::Issuer };
            if self.place(role).is_none()
                && self.place(other).is_some()
                && let Some(place) = free(known, &taken)
            {
                self.places.push((role, place));
                taken.push(place);
            }
        }
        if self.place(Role::Issuer).is_none()
            && self.place(Role::Account).is_none()
            && let Some(place) = free(ACCOUNT_TITLES, &taken)
        {
            self.places.push((Role::Account, place));
            self.joined_names = true;
        }
        let secret = self.place(Role::Secret).and_then(|place| names.get(place)).map(String::as_str);
        self.encoding = secret.and_then(encoding_of);
        self.is_hotp = secret.is_some_and(|name| name.starts_with("hmacotp"));
    }
}

/// Names of columns as they are compared: lower case, without blanks and joints.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && !"_-.".contains(*c)).flat_map(char::to_lowercase).collect()
}

/// Names of columns in real tables, the plainest first. A link under the name of a secret is still read
/// as a link.
const NAMES: &[(Role, &[&str])] = &[
    (
        Role::Uri,
        &["uri", "otpauth", "otpauthurl", "otpauthuri", "otpurl", "otpuri", "totpuri", "totpurl", "keyuri"],
    ),
    (
        Role::Secret,
        &[
            "secret",
            "key",
            "seed",
            "totp",
            "otp",
            "otpsecret",
            "totpsecret",
            "secretkey",
            "sharedsecret",
            "base32",
            "timeotpsecretbase32",
            "hmacotpsecretbase32",
            "totpseed",
            "secrethex",
            "seedhex",
            "hexkey",
            "timeotpsecrethex",
            "hmacotpsecrethex",
            "secretbase64",
            "timeotpsecretbase64",
            "hmacotpsecretbase64",
        ],
    ),
    (Role::Issuer, &["issuer", "service", "provider", "site", "organisation", "organization", "app"]),
    (Role::Account, &["account", "accountname", "username", "user", "login", "email", "upn"]),
    (Role::Algorithm, &["algorithm", "algo", "hash", "digest", "otphashmode", "timeotpalgorithm"]),
    (Role::Digits, &["digits", "length", "len", "size", "timeotplength"]),
    (Role::Period, &["period", "step", "interval", "timestep", "timeinterval", "timeotpperiod"]),
    (Role::Kind, &["type", "kind", "otptype", "method"]),
    (Role::Counter, &["counter", "movingfactor", "next", "hmacotpcounter"]),
    (Role::Pin, &["pin"]),
    (Role::Group, &["group", "folder", "category", "tag", "tags", "groups", "grouping"]),
    (Role::Note, &["note", "notes", "comment", "extra"]),
    (Role::Favorite, &["favorite", "favourite", "fav", "pinned"]),
];

/// Names that mean the service when the account has a column of its own.
const ISSUER_TITLES: &[&str] = &["title", "name", "label"];
/// Names that mean the account when the service has a column of its own.
const ACCOUNT_TITLES: &[&str] = &["name", "label", "title"];

fn encoding_of(name: &str) -> Option<SecretEncoding> {
    match name {
        _ if name.contains("base32") => Some(SecretEncoding::Base32),
        _ if name.contains("hex") => Some(SecretEncoding::Hex),
        _ if name.contains("base64") => Some(SecretEncoding::Base64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &[&str], columns: &[&str]) -> Vec<(&'static str, usize)> {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let columns: Vec<String> = columns.iter().map(|pair| (*pair).to_owned()).collect();
        let options = TableOptions::parse(&columns).unwrap();
        let found = Columns::find(&header, &options).unwrap();
        found.places.iter().map(|(role, place)| (role.name(), *place)).collect()
    }

    #[test]
    fn names_of_columns() {
        for (header, wanted) in [
            (
                &["name", "secret", "issuer", "type"][..],
                &[("secret", 1), ("issuer", 2), ("kind", 3), ("account", 0)][..],
            ),
            (
                &["Title", "User Name", "TimeOtp-Secret-Base32"],
                &[("secret", 2), ("account", 1), ("issuer", 0)],
            ),
            (&["name", "username", "totp"], &[("secret", 2), ("account", 1), ("issuer", 0)]),
            (&["Name", "Key"], &[("secret", 1), ("account", 0)]),
            (
                &["service", "login", "key", "algo", "len", "step", "kind", "next"],
                &[
                    ("secret", 2),
                    ("issuer", 0),
                    ("account", 1),
                    ("algorithm", 3),
                    ("digits", 4),
                    ("period", 5),
                    ("kind", 6),
                    ("counter", 7),
                ],
            ),
            (&["foo", "bar"], &[]),
        ] {
            assert_eq!(find(header, &[]), wanted, "{header:?}");
        }
    }

    #[test]
    fn the_users_mapping_wins() {
        assert_eq!(
            find(&["secret", "Serial No", "x"], &["secret=3", "account=serial no"]),
            [("secret", 2), ("account", 1)]
        );
        for bad in ["secret", "secret=0", "secret=", "key=1"] {
            assert!(TableOptions::parse(&[bad.to_owned()]).is_err(), "{bad}");
        }
        assert!(TableOptions::parse(&["pin=1".to_owned(), "pin=2".to_owned()]).is_err());
        let options = TableOptions::parse(&["secret=9".to_owned()]).unwrap();
        assert!(Columns::find(&["a".to_owned()], &options).is_err());
    }

    #[test]
    fn the_name_of_the_column_says_the_encoding() {
        let columns = |name: &str| Columns::find(&[name.to_owned()], &TableOptions::default()).unwrap();
        assert_eq!(columns("Secret (hex)").encoding, None);
        assert_eq!(columns("secret_hex").encoding, Some(SecretEncoding::Hex));
        assert_eq!(columns("TimeOtp-Secret-Base64").encoding, Some(SecretEncoding::Base64));
        assert!(columns("HmacOtp-Secret-Base32").is_hotp);
    }

    #[test]
    fn the_mapping_is_told() {
        let header = ["Key".to_owned(), String::new(), "Color".to_owned()];
        let options = TableOptions::parse(&["account=2".to_owned()]).unwrap();
        let columns = Columns::find(&header, &options).unwrap();
        assert_eq!(
            columns.describe(&header),
            "the columns were read as account = column 2, secret = \"Key\"; not read: \"Color\""
        );
    }
}
