//! What an admin says about a list.

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// What the person signs in with.
    Account,
    /// The name for people.
    Display,
    /// The address.
    Email,
    /// The person's id in the directory, which becomes the key.
    Id,
    /// Whether the account may be used.
    Enabled,
    /// A department or unit.
    Group,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Account, Self::Display, Self::Email, Self::Id, Self::Enabled, Self::Group];

    /// The name in a mapping.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Display => "display",
            Self::Email => "email",
            Self::Id => "id",
            Self::Enabled => "enabled",
            Self::Group => "group",
        }
    }

    /// The field of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// Which people are meant: those with a value in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column: its name in the header, its number from 1, or else the name of a [`Field`].
    pub column: String,
    /// The whole value, in any case; `*` stands for any text and `?` for one character.
    pub pattern: String,
}

/// What an admin says about a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What columns mean, each by its name in the header or its number from 1. Of several for one field the
    /// first that is not empty counts, of groups all. An empty name is no column at all.
    pub columns: Vec<(Field, String)>,
    /// Who is meant. Conditions on different columns must all hold, of those on one column any.
    pub conditions: Vec<Condition>,
}

impl Options {
    /// Reads mappings such as `account=Login` and conditions such as `department=Sales`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with them.
    pub fn parse(columns: &[String], conditions: &[String]) -> Result<Self, String> {
        let columns = columns.iter().map(|text| mapping(text)).collect::<Result<_, _>>()?;
        let conditions = conditions.iter().map(|text| condition(text)).collect::<Result<_, _>>()?;
        Ok(Self { columns, conditions })
    }
}

fn mapping(text: &str) -> Result<(Field, String), String> {
    let (field, column) = text.split_once('=').ok_or("it has to be FIELD=COLUMN, such as account=Login")?;
    let field = Field::parse(field.trim())
        .ok_or_else(|| format!("the fields are {}", Field::ALL.map(Field::name).join(", ")))?;
    Ok((field, column.trim().to_owned()))
}

fn condition(text: &str) -> Result<Condition, String> {
    let (column, pattern) =
        text.split_once('=').ok_or("it has to be COLUMN=VALUE, such as department=Sales")?;
    let (column, pattern) = (column.trim().to_owned(), pattern.trim().to_owned());
    if column.is_empty() {
        return Err("a column has to be named before the =".to_owned());
    }
    Ok(Condition { column, pattern })
}
