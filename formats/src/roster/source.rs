//! Directories, and how they name the columns of their lists.

use super::options::Field;

/// Where a list of people is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Microsoft Entra ID: "Download users", or its people by PowerShell.
    Entra,
    /// Google Workspace: "Download users", or the template for importing them.
    GoogleWorkspace,
    /// Okta: the template for importing people, or a report.
    Okta,
    /// Active Directory: `Get-ADUser` with `Export-Csv`.
    ActiveDirectory,
    /// Any other table.
    Generic,
}

/// First names of people, in lists that have no whole ones.
pub(super) const FIRST_NAME: &[&str] = &["firstname", "givenname"];
/// Last names.
pub(super) const LAST_NAME: &[&str] = &["lastname", "surname"];
/// Whether a person is a member or a guest, in lists of Entra ID.
pub(super) const USER_TYPE: &str = "usertype";

impl Source {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Entra, Self::GoogleWorkspace, Self::Okta, Self::ActiveDirectory, Self::Generic];

    /// Stable kebab-case name.
    pub fn id(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::GoogleWorkspace => "google-workspace",
            Self::Okta => "okta",
            Self::ActiveDirectory => "active-directory",
            Self::Generic => "generic",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Entra => "Entra ID",
            Self::GoogleWorkspace => "Google Workspace",
            Self::Okta => "Okta",
            Self::ActiveDirectory => "Active Directory",
            Self::Generic => "a table",
        }
    }

    /// Whose list has such a header, of names as [`plain`] writes them.
    pub(super) fn of(header: &[String]) -> Self {
        let has = |name: &str| header.iter().any(|known| known == name);
        let has_upn = has("userprincipalname");
        match () {
            () if has("samaccountname") || (has_upn && has("objectguid")) => Self::ActiveDirectory,
            // The id is there also when an admin chose few columns.
            () if has_upn && [USER_TYPE, "accountenabled", "id", "objectid"].into_iter().any(has) => {
                Self::Entra
            }
            () if has("emailaddress") && has("orgunitpath") => Self::GoogleWorkspace,
            () if ["login", "firstname", "lastname", "email"].into_iter().all(has) => Self::Okta,
            () => Self::Generic,
        }
    }

    /// Whether the ids of this directory stay when a person is renamed. Google's list has only the employee
    /// number, a text that need not be unique.
    pub(super) fn has_ids(self) -> bool {
        matches!(self, Self::Entra | Self::Okta | Self::ActiveDirectory)
    }

    /// The columns of a field, as [`plain`] writes them, the best one first.
    pub(super) fn columns(self, field: Field) -> &'static [&'static str] {
        match self {
            Self::Entra => match field {
                Field::Account => &["userprincipalname"],
                Field::Display => &["displayname"],
                Field::Email => &["mail"],
                Field::Id => &["id", "objectid"],
                Field::Enabled => &["accountenabled"],
                Field::Group => &["department"],
            },
            Self::GoogleWorkspace => match field {
                Field::Account | Field::Email => &["emailaddress"],
                Field::Display => &[],
                Field::Id => &["employeeid"],
                Field::Enabled => &["status"],
                Field::Group => &["orgunitpath"],
            },
            Self::Okta => match field {
                Field::Account => &["login"],
                Field::Display => &["displayname"],
                Field::Email => &["email"],
                Field::Id => &["id"],
                Field::Enabled => &["status"],
                Field::Group => &["department"],
            },
            Self::ActiveDirectory => match field {
                Field::Account => &["userprincipalname", "samaccountname"],
                Field::Display => &["displayname", "name"],
                Field::Email => &["emailaddress", "mail"],
                Field::Id => &["objectguid"],
                Field::Enabled => &["enabled"],
                Field::Group => &["department"],
            },
            Self::Generic => match field {
                Field::Account => GENERIC_ACCOUNTS,
                Field::Display => &["name", "displayname"],
                Field::Email => &["email", "mail", "emailaddress"],
                Field::Id => &[],
                Field::Enabled => &["enabled", "active", "status"],
                Field::Group => &["group", "department"],
            },
        }
    }
}

/// Only the first one that is there is read: an address is no account where others have a login.
const GENERIC_ACCOUNTS: &[&str] = &[
    "username",
    "user",
    "login",
    "uid",
    "upn",
    "userprincipalname",
    "account",
    "email",
    "mail",
    "emailaddress",
];

/// A name of a column as names are compared: lower case, without blanks and `_`, and without what Google
/// adds in brackets.
pub(super) fn plain(name: &str) -> String {
    let name = name.trim();
    let name = name.split_once(" [").map_or(name, |(name, _)| name);
    name.chars().filter(|c| !c.is_whitespace() && *c != '_').flat_map(char::to_lowercase).collect()
}
