//! Reading tables.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::columns::{Columns, Role, SecretEncoding, TableOptions};
use super::{HEADER, ID};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Confidence, Input};
use crate::managers::login::{Gathering, Login};
use crate::model::{Account, Credential, Draft, Kind, Number, Secret, SecretText, Vault};
use crate::open::label::Names;
use crate::open::otp_field::{self, Around};
use crate::open::uri_list::{self, Entry};
use crate::probe::{Node, Probe};
use crate::report::{Item, Skip};
use crate::text::csv::{self, Column, Row};
use crate::text::{base32, json};

/// The header of the scripts that take codes out of Google Authenticator, and the keys of their JSON.
const SCRIPTS: [&str; 6] = ["name", "secret", "issuer", "type", "counter", "url"];

/// Lengths of keys in hexadecimal: 16, 20, 32 and 64 bytes.
const HEX_LENGTHS: [usize; 4] = [32, 40, 64, 128];

/// Whether a file is such a table. A column with a telling name is not enough to be sure: what stands
/// below it has to be a secret.
pub(super) fn recognise(probe: &Probe<'_>) -> Confidence {
    if let Some(node) = probe.json() {
        return if is_of_scripts(node) { Confidence::Sure } else { Confidence::No };
    }
    let Some(text) = probe.text() else { return Confidence::No };
    let (delimiter, body) = csv::cut(text);
    let header = csv::first_row(body, delimiter);
    if is_header(&header, &HEADER) || is_header(&header, &SCRIPTS) {
        return Confidence::Sure;
    }
    let Ok(columns) = Columns::find(&header, &TableOptions::default()) else { return Confidence::No };
    if header.len() < 2 || !columns.hold_secrets() {
        return Confidence::No;
    }
    // The first rows are enough; the probe's text may end inside one.
    let beginning = body.splitn(20, '\n').take(19).collect::<Vec<_>>().join("\n");
    match csv::rows(&beginning, delimiter, &Limits::default()) {
        Ok(rows) if rows.iter().skip(1).any(|row| holds_secret(row, &columns)) => Confidence::Likely,
        _ => Confidence::Weak,
    }
}

fn holds_secret(row: &Row, columns: &Columns) -> bool {
    let cell = |role| columns.place(role).map_or("", |place| row.get(Column::at(place)));
    [cell(Role::Uri), cell(Role::Secret)].into_iter().any(looks_like_secret)
}

/// Whether a cell can only be a link or a key: no word is that long.
fn looks_like_secret(cell: &str) -> bool {
    uri_list::scheme_of(cell).is_some()
        || (cell.len() >= 16 && (base32::secret(cell).is_ok() || is_hex(cell)))
}

fn is_of_scripts(node: &Node) -> bool {
    let Node::Array(Some(first)) = node else { return false };
    let Node::Object(entries) = first.as_ref() else { return false };
    entries.len() == SCRIPTS.len() && SCRIPTS.iter().all(|key| first.get(key).is_some())
}

fn is_header(header: &[String], wanted: &[&str]) -> bool {
    header.len() == wanted.len()
        && header.iter().zip(wanted).all(|(name, wanted)| name.eq_ignore_ascii_case(wanted))
}

/// Reads a table, or the JSON of the scripts.
pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let mut vault = if text.trim_start().starts_with('[') {
        decode_json(&text, ctx.limits)?
    } else {
        decode_table(&text, ctx)?
    };
    vault.warnings.extend(csv::guess_warning(input.bytes));
    Ok(vault)
}

fn decode_table(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let (delimiter, body) = csv::cut(text);
    let rows = csv::rows(body, delimiter, ctx.limits)?;
    let table = Table::new(rows, ctx.table)?;
    let mut gathering = Gathering::new(ID, table.layout.variant(), ctx.limits);
    if table.layout == Layout::Free {
        gathering.warn(Item::new("column-mapping", table.columns.describe(&table.header)));
    }
    let rules = table.rules(ctx.table);
    for row in &table.rows {
        table.gather(row, &rules, &mut gathering);
    }
    if rules.took_hex_for_granted {
        let message = "the secrets were read as hexadecimal: all of them look like it";
        gathering.warn(
            Item::new("secret-encoding", message).next_step("If they are not, say so with --secret-encoding"),
        );
    }
    gathering.finish()
}

/// Whose table it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// otpferry's own: each cell is as it was written.
    Own,
    /// The scripts': a name is never cut at its colon.
    Scripts,
    /// Anybody's.
    Free,
}

impl Layout {
    fn variant(self) -> &'static str {
        match self {
            Self::Own => "table of otpferry",
            Self::Scripts => "table of extract_otp_secrets",
            Self::Free => "table",
        }
    }
}

struct Table {
    layout: Layout,
    header: Vec<String>,
    columns: Columns,
    rows: Vec<Row>,
}

/// How the cells of one table are read.
struct Rules {
    layout: Layout,
    is_hotp: bool,
    joined_names: bool,
    encoding: Option<SecretEncoding>,
    took_hex_for_granted: bool,
}

/// The cells of one entry.
#[derive(Default)]
struct Cells<'a> {
    uri: &'a str,
    secret: &'a str,
    issuer: &'a str,
    account: &'a str,
    algorithm: &'a str,
    digits: &'a str,
    period: &'a str,
    kind: &'a str,
    counter: &'a str,
    pin: &'a str,
}

impl Table {
    fn new(mut rows: Vec<Row>, options: &TableOptions) -> Result<Self, Error> {
        rows.retain(|row| !is_comment(row) && row.cells().any(|cell| !cell.trim().is_empty()));
        let Some(first) = rows.first() else {
            return Err(Error::malformed("the table has no rows"));
        };
        let mut header: Vec<String> = first.cells().map(|cell| cell.trim().to_owned()).collect();
        let is_data = first.cells().any(|cell| uri_list::scheme_of(cell.trim()).is_some())
            || row_is_data(first, options);
        match (is_data, options.only_numbers()) {
            (false, _) => drop(rows.remove(0)),
            (true, true) => header.iter_mut().for_each(String::clear),
            // Its first account would be taken for names of columns.
            (true, false) => return Err(no_header()),
        }
        let mut columns = Columns::find(&header, options)?;
        if !columns.hold_secrets() {
            columns.take_links(link_column(rows.first())).ok_or_else(no_secrets)?;
        }
        let layout = match () {
            () if options.names_columns() => Layout::Free,
            () if is_header(&header, &HEADER) => Layout::Own,
            () if is_header(&header, &SCRIPTS) => Layout::Scripts,
            () => Layout::Free,
        };
        Ok(Self { layout, header, columns, rows })
    }

    fn rules(&self, options: &TableOptions) -> Rules {
        let said = options.secret_encoding.or(self.columns.encoding);
        let is_own = self.layout == Layout::Own;
        let encoding = if is_own { Some(SecretEncoding::Base32) } else { said };
        let hex = encoding.is_none() && self.holds_hex();
        Rules {
            layout: self.layout,
            is_hotp: self.columns.is_hotp,
            joined_names: self.columns.joined_names,
            encoding: if hex { Some(SecretEncoding::Hex) } else { encoding },
            took_hex_for_granted: hex,
        }
    }

    /// Whether every secret has the length and the characters of a key in hexadecimal, and one of them
    /// cannot be base32.
    fn holds_hex(&self) -> bool {
        let Some(place) = self.columns.place(Role::Secret) else { return false };
        let mut cells =
            self.rows.iter().map(|row| row.get(Column::at(place))).filter(|cell| !cell.is_empty());
        let mut any = false;
        cells.all(|cell| {
            any |= is_hex(cell) && !is_base32(cell);
            is_hex(cell)
        }) && any
    }

    fn cell<'r>(&self, row: &'r Row, role: Role) -> &'r str {
        let Some(place) = self.columns.place(role) else { return "" };
        match (self.layout, role) {
            (Layout::Own, Role::Issuer | Role::Account | Role::Note | Role::Group | Role::Pin) => {
                row.raw(Column::at(place))
            }
            _ => row.get(Column::at(place)),
        }
    }

    fn gather(&self, row: &Row, rules: &Rules, gathering: &mut Gathering) {
        let cell = |role| self.cell(row, role);
        let cells = Cells {
            uri: cell(Role::Uri),
            secret: cell(Role::Secret),
            issuer: cell(Role::Issuer),
            account: cell(Role::Account),
            algorithm: cell(Role::Algorithm),
            digits: cell(Role::Digits),
            period: cell(Role::Period),
            kind: cell(Role::Kind),
            counter: cell(Role::Counter),
            pin: cell(Role::Pin),
        };
        let login = Login {
            title: cells.issuer,
            user: cells.account,
            groups: groups(cell(Role::Group), self.layout),
            note: cell(Role::Note),
            favorite: is_true(cell(Role::Favorite)),
            ..Login::default()
        };
        if cells.secret.is_empty() && cells.uri.is_empty() && self.is_of_a_manager() {
            gathering.other();
        } else if row.cells().skip(self.header.len()).any(|cell| !cell.trim().is_empty())
            || (self.layout == Layout::Free && is_cut(row))
        {
            let message =
                "a delimiter inside a cell, which is not in quotes, has cut the row in wrong places";
            let skip = Skip::new(Skip::DAMAGED, message);
            gathering.entry(&login, Err((skip, cells.names())), &row.place());
        } else {
            for entry in cells.entries(rules) {
                gathering.entry(&login, entry, &row.place());
            }
        }
    }

    /// Whether the table is of logins, of which only some have a code.
    fn is_of_a_manager(&self) -> bool {
        self.header.iter().any(|name| name.eq_ignore_ascii_case("password"))
    }
}

fn no_header() -> Error {
    Error::malformed("the first row of the table is no header")
        .at(Place::Row(1))
        .next_step("Say which column is which by number: --columns issuer=1,uri=2; -f otpauth reads plain lists of links")
}

/// Whether the first row is an account already, when the user gave the columns by number.
fn row_is_data(row: &Row, options: &TableOptions) -> bool {
    let numbers = vec![String::new(); row.cells().len()];
    Columns::find(&numbers, options).is_ok_and(|columns| holds_secret(row, &columns))
}

/// Whether a cell is the end of a link that has a delimiter in it: what it says would be missed.
fn is_cut(row: &Row) -> bool {
    const PARAMETERS: [&str; 7] =
        ["&secret=", "&issuer=", "&algorithm=", "&digits=", "&period=", "&counter=", "&encoder="];
    row.cells().filter(|cell| !cell.contains("://")).any(|cell| {
        let lower = cell.to_ascii_lowercase();
        PARAMETERS.iter().any(|parameter| lower.contains(parameter))
    })
}

fn is_comment(row: &Row) -> bool {
    row.cells().next().is_some_and(|cell| cell.trim_start().starts_with('#'))
}

fn link_column(row: Option<&Row>) -> Option<usize> {
    row?.cells().position(|cell| uri_list::scheme_of(cell.trim()).is_some())
}

fn no_secrets() -> Error {
    Error::malformed("no column of the table holds secrets or links")
        .at(Place::Row(1))
        .next_step("Say which one does: --columns secret=NAME, or its number: --columns secret=3")
}

impl Cells<'_> {
    fn names(&self) -> Names {
        Names { issuer: self.issuer.to_owned(), account: self.account.to_owned(), label_issuer: None }
    }

    /// A link says more than the cells beside it; in the tables that we know it repeats them.
    fn entries(&self, rules: &Rules) -> Vec<Entry> {
        let is_link = self.secret.contains("://");
        let link = if is_link { self.secret } else { self.uri };
        let cells_first = rules.layout != Layout::Free && !self.secret.is_empty() && !is_link;
        if link.is_empty() || cells_first {
            return vec![self.entry(rules)];
        }
        let entries = otp_field::read(link, Around { title: self.issuer, user: self.account });
        match (entries.as_slice(), is_link || self.secret.is_empty()) {
            (_, true) => entries,
            ([Ok(account)], false) if self.agrees(account, rules) => entries,
            _ => vec![Err((
                Skip::new(Skip::BAD_SECRET, "the link and the secret in this row differ"),
                self.names(),
            ))],
        }
    }

    fn agrees(&self, account: &Account, rules: &Rules) -> bool {
        let secret = self.secret(rules, account.kind());
        account.otp().zip(secret.ok()).is_some_and(|(otp, secret)| *otp.secret() == secret)
    }

    fn entry(&self, rules: &Rules) -> Entry {
        let draft = self.draft(rules).and_then(Draft::build);
        let otp = draft.map_err(|skip| (skip, self.names()))?;
        let (issuer, account) = match self.account.split_once(':') {
            Some((issuer, account)) if rules.joined_names => (issuer.trim(), account.trim()),
            _ => (self.issuer, self.account),
        };
        Ok(Account::new(Credential::Otp(otp), issuer, account))
    }

    fn draft(&self, rules: &Rules) -> Result<Draft, Skip> {
        let kind = self.kind(rules)?;
        let mut draft = Draft::new(kind, self.secret(rules, kind)?);
        draft.algorithm = Draft::read_algorithm(self.algorithm)?;
        draft.digits = Number::parse(self.digits);
        draft.period = Number::parse(self.period);
        draft.counter = Number::parse(self.counter);
        draft.pin = Some(SecretText::new(self.pin)).filter(|pin| !pin.expose().is_empty());
        Ok(draft)
    }

    fn kind(&self, rules: &Rules) -> Result<Kind, Skip> {
        let plain: String =
            self.kind.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        match plain.as_str() {
            "" if rules.is_hotp => Ok(Kind::Hotp),
            "" if !self.counter.is_empty() && self.period.is_empty() => Err(Skip::new(
                Skip::UNKNOWN_KIND,
                "the row has a counter but does not say whether its codes are counter-based",
            )),
            "" | "totp" | "time" | "timebased" | "timebasedotp" => Ok(Kind::Totp),
            "hotp" | "counter" | "counterbased" | "event" | "eventbased" => Ok(Kind::Hotp),
            "steam" | "steamguard" | "steamtotp" => Ok(Kind::Steam),
            "motp" | "mobileotp" => Ok(Kind::Motp),
            "yandex" | "yaotp" => Ok(Kind::Yandex),
            _ => Err(Skip::new(Skip::UNKNOWN_KIND, "its kind is not one that is known")),
        }
    }

    /// The key. Secrets of mOTP are written in hexadecimal everywhere but in our own table.
    fn secret(&self, rules: &Rules, kind: Kind) -> Result<Secret, Skip> {
        if self.secret.is_empty() {
            return Err(Skip::new(Skip::NO_SECRET, "the row has no secret"));
        }
        match rules.encoding {
            None if kind == Kind::Motp => read_secret(self.secret, SecretEncoding::Hex),
            None if is_hex(self.secret) && !is_base32(self.secret) => {
                read_secret(self.secret, SecretEncoding::Hex)
            }
            None if is_hex(self.secret) => Err(Skip::new(
                Skip::BAD_SECRET,
                "the secret can be hexadecimal or base32; say which with --secret-encoding",
            )),
            None => read_secret(self.secret, SecretEncoding::Base32),
            Some(encoding) => read_secret(self.secret, encoding),
        }
    }
}

fn read_secret(text: &str, encoding: SecretEncoding) -> Result<Secret, Skip> {
    let without = |joints: &[char]| {
        let kept = text.chars().filter(|c| !c.is_whitespace() && !joints.contains(c));
        Zeroizing::new(kept.collect::<String>())
    };
    let (bytes, name) = match encoding {
        SecretEncoding::Base32 => return base32::secret(text),
        SecretEncoding::Utf8 => (Some(text.as_bytes().to_vec()), "text"),
        SecretEncoding::Hex => {
            let hex = without(&[':', '-']);
            let digits = hex.strip_prefix("0x").unwrap_or(&hex).as_bytes();
            (data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok(), "hexadecimal")
        }
        SecretEncoding::Base64 => {
            let text = without(&[]);
            let text = text.trim_end_matches('=').as_bytes();
            (data_encoding::BASE64_NOPAD.decode(text).ok(), "base64")
        }
    };
    bytes
        .and_then(Secret::new)
        .ok_or_else(|| Skip::new(Skip::BAD_SECRET, format!("the secret cannot be read as {name}")))
}

/// Whether a secret has the length and the characters of a key in hexadecimal.
fn is_hex(text: &str) -> bool {
    HEX_LENGTHS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a secret of hexadecimal digits could be base32 as well.
fn is_base32(text: &str) -> bool {
    !text.contains(['0', '1', '8', '9'])
}

fn groups(cell: &str, layout: Layout) -> Vec<String> {
    let trim = |group| if layout == Layout::Own { group } else { str::trim(group) };
    cell.split(';').map(trim).filter(|group| !group.is_empty()).map(str::to_owned).collect()
}

fn is_true(cell: &str) -> bool {
    ["1", "true", "yes", "x"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// An entry in the scripts' JSON.
#[derive(Deserialize)]
struct ScriptEntry<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    secret: Cow<'a, str>,
    #[serde(borrow, default)]
    issuer: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    counter: Number,
    #[serde(borrow, default)]
    url: Cow<'a, str>,
}

fn decode_json(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let entries: Vec<&RawValue> = json::parse_file(text, limits)?;
    limits.check_accounts(entries.len())?;
    let mut gathering = Gathering::new(ID, "JSON of extract_otp_secrets", limits);
    let rules = Rules {
        layout: Layout::Scripts,
        is_hotp: false,
        joined_names: false,
        encoding: Some(SecretEncoding::Base32),
        took_hex_for_granted: false,
    };
    for (at, raw) in entries.into_iter().enumerate() {
        let place = Place::Json(format!("/{at}"));
        let Some(entry) = json::entry::<ScriptEntry<'_>>(raw) else {
            let skip = Skip::new(Skip::DAMAGED, "the entry is not as the script writes it");
            gathering.entry(&Login::default(), Err((skip, Names::default())), &place);
            continue;
        };
        let counter = match entry.counter {
            Number::Absent => String::new(),
            Number::Of(number) => number.to_string(),
            Number::Invalid => "?".to_owned(),
        };
        let cells = Cells {
            uri: &entry.url,
            secret: &entry.secret,
            issuer: &entry.issuer,
            account: &entry.name,
            kind: &entry.kind,
            counter: &counter,
            ..Cells::default()
        };
        for read in cells.entries(&rules) {
            gathering.entry(&Login::default(), read, &place);
        }
    }
    gathering.finish()
}
