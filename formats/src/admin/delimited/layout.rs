//! What the columns of a file are, and how its cells are written.

use std::str::FromStr;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The login name.
    User,
    /// The login name, which has to be one with a domain.
    Upn,
    /// The same, called by another name.
    Email,
    /// Serial number of the token.
    Serial,
    /// The key.
    Secret(Encoding),
    /// `totp` or `hotp`.
    Type,
    /// Length of a code.
    Digits,
    /// Seconds that a code lives.
    Period,
    /// The hash.
    Algorithm,
    /// The next counter.
    Counter,
    /// Its bytes in base64.
    CounterBytes,
    /// Name of the service.
    Issuer,
    /// Name of the account.
    Label,
    /// Maker of the token.
    Manufacturer,
    /// Model of the token.
    Model,
    /// The whole account as a link.
    Uri,
    /// The same text in every row.
    Text(String),
}

/// How keys are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Base32,
    Hex,
    Base64,
}

/// Fields by their names.
const FIELDS: [(&str, Field); 17] = [
    ("user", Field::User),
    ("upn", Field::Upn),
    ("email", Field::Email),
    ("serial", Field::Serial),
    ("secret:base32", Field::Secret(Encoding::Base32)),
    ("secret:hex", Field::Secret(Encoding::Hex)),
    ("secret:base64", Field::Secret(Encoding::Base64)),
    ("type", Field::Type),
    ("digits", Field::Digits),
    ("period", Field::Period),
    ("algorithm", Field::Algorithm),
    ("counter", Field::Counter),
    ("counter:base64", Field::CounterBytes),
    ("issuer", Field::Issuer),
    ("label", Field::Label),
    ("manufacturer", Field::Manufacturer),
    ("model", Field::Model),
];

/// The one that is no table of its own.
const URI: &str = "uri";

/// The columns where the user says none: everything, of which a row needs the secret.
const ALL: &str = "user?,serial?,secret:base32,type?,algorithm?,digits?,period?,counter?,issuer?,label?,manufacturer?,model?";

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name in the first row.
    pub(super) header: String,
    pub(super) field: Field,
    /// Whether an account may have nothing for it. Of period and counter each has one.
    pub(super) may_be_empty: bool,
}

/// When cells stand between quotation marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quoting {
    /// Where a cell would otherwise be read as another.
    #[default]
    Minimal,
    /// Always.
    Always,
    /// Never: they are letters like any other.
    Never,
}

impl FromStr for Quoting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "minimal" => Ok(Self::Minimal),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err("it is minimal, always or never".to_owned()),
        }
    }
}

/// How lines end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnding {
    /// As on Unix.
    #[default]
    Lf,
    /// As on Windows.
    Crlf,
}

impl LineEnding {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::Crlf => "\r\n",
        }
    }
}

impl FromStr for LineEnding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "lf" => Ok(Self::Lf),
            "crlf" => Ok(Self::Crlf),
            _ => Err("it is lf or crlf".to_owned()),
        }
    }
}

/// How a delimited file is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub(super) columns: Vec<Column>,
    /// What stands between two cells.
    pub(super) delimiter: char,
    /// Whether the first row has the names of the columns.
    pub(super) has_header: bool,
    pub(super) line_ending: LineEnding,
    pub(super) quoting: Quoting,
}

impl Default for Layout {
    /// Every field in a column of its own, as tables are usually written.
    fn default() -> Self {
        Self {
            columns: columns(ALL).unwrap_or_default(),
            delimiter: ',',
            has_header: true,
            line_ending: LineEnding::Lf,
            quoting: Quoting::Minimal,
        }
    }
}

impl Layout {
    /// Sets the columns: `Serial Number=serial,Seed=secret:hex,User=user?,'TOTP'`. Each has a field, or a text in
    /// single quotes; before it the name in the first row, where that is another; behind it a `?` where it may be empty. No
    /// row has both a period and a counter: the other one is always empty.
    ///
    /// # Errors
    /// A sentence that says what is wrong with them, and lists the fields.
    pub fn with_columns(mut self, text: &str) -> Result<Self, String> {
        self.columns = columns(text)?;
        Ok(self)
    }

    /// Sets what stands between two cells: one character, or `tab`.
    ///
    /// # Errors
    /// A sentence that says what it can be.
    pub fn with_delimiter(mut self, text: &str) -> Result<Self, String> {
        let one = if text.eq_ignore_ascii_case("tab") { "\t" } else { text };
        let mut characters = one.chars();
        let can_be =
            |c: &char| c.is_ascii() && (!c.is_ascii_control() || *c == '\t') && !c.is_ascii_alphanumeric();
        match (characters.next().filter(can_be), characters.next()) {
            (Some(delimiter), None) if delimiter != '"' => {
                self.delimiter = delimiter;
                Ok(self)
            }
            _ => Err("the delimiter is one character such as ; or the word tab, no letter, digit or quotation mark"
                .to_owned()),
        }
    }

    /// Leaves out the row with the names of the columns.
    #[must_use]
    pub fn without_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    /// Sets how lines end.
    #[must_use]
    pub fn with_line_ending(mut self, line_ending: LineEnding) -> Self {
        self.line_ending = line_ending;
        self
    }

    /// Sets when cells stand between quotation marks.
    #[must_use]
    pub fn with_quoting(mut self, quoting: Quoting) -> Self {
        self.quoting = quoting;
        self
    }

    /// Checks what no part says alone.
    ///
    /// # Errors
    /// A sentence that says what does not go together.
    pub fn checked(self) -> Result<Self, String> {
        let names = self.columns.iter().map(|column| column.header.to_lowercase());
        let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        names.sort();
        let same = names.iter().zip(names.iter().skip(1)).any(|(a, b)| a == b);
        if self.has_header && same {
            return Err("two columns have the same name: give them others with NAME=FIELD".to_owned());
        }
        let is_split = |column: &Column| {
            let text = match &column.field {
                Field::Text(text) => text.as_str(),
                _ => "",
            };
            let header = if self.has_header { column.header.as_str() } else { "" };
            [text, header].iter().any(|text| text.contains([self.delimiter, '\r', '\n']))
        };
        if self.quoting == Quoting::Never && self.columns.iter().any(is_split) {
            return Err("a name or a text has the delimiter in it, and nothing is to be quoted".to_owned());
        }
        Ok(self)
    }

    pub(super) fn has(&self, is_meant: impl Fn(&Field) -> bool) -> bool {
        self.columns.iter().any(|column| is_meant(&column.field))
    }

    pub(super) fn has_device(&self) -> bool {
        self.has(|field| matches!(field, Field::Serial | Field::Manufacturer | Field::Model))
    }
}

/// Reads columns with commas between, but for those inside of single quotes.
fn columns(text: &str) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for part in parts(text)? {
        let column = Column::parse(part.trim())?;
        let is_twice = !matches!(column.field, Field::Text(_))
            && columns.iter().any(|known: &Column| known.field.is_like(&column.field));
        if is_twice {
            return Err(format!("{} is given twice", column.field.name()));
        }
        columns.push(column);
    }
    let has_secret = columns.iter().any(|column| matches!(column.field, Field::Secret(_) | Field::Uri));
    if has_secret { Ok(columns) } else { Err(format!("no column has the secret; {}", fields())) }
}

fn parts(text: &str) -> Result<Vec<&str>, String> {
    let mut is_quoted = false;
    // Only where a field can begin does a quotation mark: names have apostrophes.
    let mut before = ',';
    let parts: Vec<&str> = text
        .split(|c| {
            is_quoted ^= c == '\'' && (is_quoted || matches!(before, ',' | '='));
            before = if c == ' ' { before } else { c };
            c == ',' && !is_quoted
        })
        .collect();
    if is_quoted {
        Err("a text has no quotation mark at its end: write 'text'".to_owned())
    } else {
        Ok(parts)
    }
}

/// What can stand in a column, as a sentence.
fn fields() -> String {
    let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    format!(
        "the fields are {}, {URI} and 'a text'; NAME=FIELD names a column, and FIELD? may be empty",
        names.join(", ")
    )
}

impl Column {
    fn parse(part: &str) -> Result<Self, String> {
        let (header, field) = named(part);
        if header.is_some_and(|header| header.contains(char::is_control)) {
            return Err("a name of a column has a line break or the like".to_owned());
        }
        if let Some(text) = field.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            if text.contains(|c: char| c == '\'' || c.is_control()) {
                return Err("a text has a quotation mark or a line break in it".to_owned());
            }
            let header = header.unwrap_or_default().to_owned();
            return Ok(Self { header, field: Field::Text(text.to_owned()), may_be_empty: true });
        }
        let (name, may_be_empty) = field.strip_suffix('?').map_or((field, false), |name| (name, true));
        let field = Field::named(name).ok_or_else(fields)?;
        Ok(Self { header: header.unwrap_or(name).to_owned(), field, may_be_empty })
    }

    /// Whether a cell has its name, or that of its field with or without what stands behind the colon.
    pub(super) fn is_called(&self, cell: &str) -> bool {
        let field = match &self.field {
            Field::Text(text) => text.as_str(),
            field => field.name(),
        };
        let short = field.split(':').next().unwrap_or_default();
        let names = [self.header.trim(), field, short];
        names.iter().any(|name| !name.is_empty() && name.to_lowercase() == cell.to_lowercase())
    }
}

/// The name of a column, where one is given, and what it holds. A text may have a `=` in it.
fn named(part: &str) -> (Option<&str>, &str) {
    if part.starts_with('\'') {
        return (None, part);
    }
    let begins_text = |at: &usize| part.get(*at..).is_some_and(|rest| field(rest).starts_with('\''));
    let text = part.match_indices('=').map(|(at, _)| at).find(begins_text);
    match text.or_else(|| part.rfind('=')).and_then(|at| part.split_at_checked(at)) {
        Some((header, rest)) => (Some(header.trim()), field(rest)),
        None => (None, part),
    }
}

/// What stands behind a `=`.
fn field(rest: &str) -> &str {
    rest.trim_start_matches('=').trim()
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case(URI) {
            return Some(Self::Uri);
        }
        FIELDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| field.clone())
    }

    /// What it is called in `--columns`.
    pub(super) fn name(&self) -> &'static str {
        FIELDS.iter().find(|(_, known)| known == self).map_or(URI, |(name, _)| name)
    }

    /// Whether both say the same thing of an account.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secret(_), Self::Secret(_)) => true,
            (Self::Counter | Self::CounterBytes, Self::Counter | Self::CounterBytes) => true,
            _ => self == other,
        }
    }
}
