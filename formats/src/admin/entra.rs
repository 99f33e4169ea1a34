//! `entra-oath`: hardware OATH tokens of Microsoft Entra ID (Azure AD): the table that its admin center
//! uploads, and the JSON of Microsoft Graph.
//!
//! Source: Microsoft's pages "Manage OATH tokens" and `hardwareOathTokenAuthenticationMethodDevice` (Graph,
//! beta). Tables of the makers of tokens leave the column `upn` out or order the columns otherwise.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::token::{self, Serials, Tokens};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Device, Draft, Kind, Number, Otp, SecretText, Vault};
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::csv::{Column, Dialect, Row, Table, Writer};
use crate::text::{base32, json, uuid};

/// Microsoft Entra ID.
pub(crate) struct Entra;

const ID: &str = "entra-oath";
const APP: &str = "Microsoft Entra ID";

/// The header as Microsoft's page spells it today.
const HEADER: [&str; 6] = ["upn", "serial number", "secret key", "time interval", "manufacturer", "model"];

/// The form of Microsoft Graph.
const GRAPH: &str = "graph";
/// What stands at the beginning of a bulk body.
const DELTA: &str = "#$delta";

static INFO: Info = Info {
    id: ID,
    title: "Microsoft Entra ID (OATH tokens)",
    aliases: &["azure-oath", "helloid"],
    extensions: &["csv", "json"],
    reads_encrypted: false,
    unverified: None,
    write: &[
        Writing {
            form: "csv",
            caps: CSV,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "entra-tokens.csv",
            encrypted_file_name: "entra-tokens.csv",
            import_help: "In the Entra admin center, open Multifactor authentication > OATH tokens > Upload and pick the file; \
                then activate each token with a code (`otpferry codes`)",
        },
        Writing {
            form: GRAPH,
            caps: Caps { algorithms: &[Algorithm::Sha1, Algorithm::Sha256], ..CSV },
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "entra-tokens.json",
            encrypted_file_name: "entra-tokens.json",
            import_help: "Send the file as the body of PATCH /beta/directory/authenticationMethodDevices/hardwareOathDevices to \
                Microsoft Graph; then activate each token with a code (`otpferry codes`)",
        },
    ],
    export_help: "Entra ID gives no secrets out; the maker of the tokens sends the table, or the JSON for Graph",
};

const CSV: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp],
    // The table has no column for it.
    algorithms: &[Algorithm::Sha1],
    digits: &[6],
    periods: Periods::OneOf(&[30, 60]),
    max_counter: 0,
    // 128 letters of base32.
    secret_bytes: (1, 80),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Device, Field::User],
};

impl Format for Entra {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        match probe.json() {
            Some(json) => recognise(json),
            None if is_header(probe.header()) => Confidence::Sure,
            None => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| decode(&text, ctx.limits)).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let mut serials = Serials::default();
        accounts.iter().map(|account| fit(writing, account, &mut serials)).collect()
    }

    fn encode(&self, writing: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        encode(writing, &vault.accounts).map(|bytes| vec![Part(bytes)]).map_err(|error| error.in_format(ID))
    }
}

/// The columns that no other table has together. Names in it may be spelt with blanks or without.
fn is_header(names: &[String]) -> bool {
    let has = |wanted: &str| names.iter().any(|name| without_blanks(name) == wanted);
    HEADER.iter().skip(1).all(|name| has(&without_blanks(name)))
}

fn without_blanks(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

fn recognise(json: &Node) -> Confidence {
    let is_token = |node: &Node| node.get("serialNumber").is_some() && node.get("secretKey").is_some();
    let is_list = |node: &Node| matches!(node, Node::Array(Some(first)) if is_token(first));
    let is_bulk = json.get("@context").and_then(Node::text) == Some(DELTA);
    match json.get("value") {
        Some(list) if is_list(list) => Confidence::Sure,
        Some(Node::Array(None)) if is_bulk => Confidence::Sure,
        _ if is_token(json) || is_list(json) => Confidence::Sure,
        _ if is_bulk => Confidence::Likely,
        _ => Confidence::No,
    }
}

// --- reading

fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    if text.trim_start().starts_with(['{', '[']) {
        decode_graph(text, limits)
    } else {
        decode_csv(text, limits)
    }
}

struct Columns {
    upn: Column,
    serial: Column,
    secret: Column,
    period: Column,
    manufacturer: Column,
    model: Column,
}

impl Columns {
    fn find(table: &Table) -> Result<Self, Error> {
        let either = |name: &str| match table.column(&without_blanks(name)) {
            column if column.exists() => Ok(column),
            _ => table.required(name),
        };
        let [upn, serial, secret, period, manufacturer, model] = HEADER;
        Ok(Self {
            upn: table.column(upn),
            serial: either(serial)?,
            secret: either(secret)?,
            period: either(period)?,
            manufacturer: table.column(manufacturer),
            model: table.column(model),
        })
    }

    fn read(&self, row: &Row, upn: &str) -> Result<Account, Skip> {
        let serial = row.get(self.serial);
        let otp = otp(row.get(self.secret), None, Number::parse(row.get(self.period)))?;
        let mut account = token::account(otp, if upn.is_empty() { serial } else { upn });
        account.user = Some(upn.to_owned()).filter(|upn| !upn.is_empty());
        account.device = token::device(serial, row.get(self.manufacturer), row.get(self.model));
        Ok(account)
    }
}

fn decode_csv(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let table = Table::parse(text, limits)?;
    let columns = Columns::find(&table)?;
    let mut tokens = Tokens::new(ID, "table", limits);
    for row in table.rows.iter().filter(|row| row.cells().any(|cell| !cell.trim().is_empty())) {
        // Some versions of Microsoft's page ask for an apostrophe to be doubled.
        let upn = row.get(columns.upn).replace("''", "'");
        let name = if upn.is_empty() { row.get(columns.serial) } else { &upn };
        tokens.take(columns.read(row, &upn), name, &row.place())?;
    }
    Ok(tokens.finish())
}

fn otp(secret: &str, hash: Option<&str>, period: Number) -> Result<Otp, Skip> {
    let secret = base32::secret(secret)?;
    if period == Number::Absent {
        return Err(Skip::new(Skip::MISSING_FIELD, "the time interval is missing"));
    }
    let algorithm = Draft::read_algorithm(hash.unwrap_or_default())?;
    Draft { algorithm, period, ..Draft::new(Kind::Totp, secret) }.build()
}

#[derive(Deserialize)]
struct Bulk<'a> {
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hardware {
    #[serde(default, deserialize_with = "json::null_is_default")]
    serial_number: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    manufacturer: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    model: String,
    secret_key: Option<SecretText>,
    #[serde(default)]
    time_interval_in_seconds: Number,
    hash_function: Option<String>,
    assign_to: Option<Person>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize, Serialize)]
struct Person {
    id: String,
}

fn decode_graph(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let (pointer, items) = graph_items(text, limits)?;
    let mut tokens = Tokens::new(ID, "Microsoft Graph", limits);
    for (at, raw) in items.into_iter().enumerate() {
        let place = Place::Json(format!("{pointer}/{at}"));
        match json::entry::<Hardware>(raw) {
            Some(token) => {
                let name = token.name().to_owned();
                tokens.take(token.read(), &name, &place)?;
            }
            None => {
                let message = "a field is missing or of another type than Microsoft Graph has";
                tokens.take(Err(Skip::new(Skip::MISSING_FIELD, message)), "", &place)?;
            }
        }
    }
    Ok(tokens.finish())
}

/// The tokens of a bulk body, of a list, or one alone.
fn graph_items<'a>(text: &'a str, limits: &Limits) -> Result<(&'static str, Vec<&'a RawValue>), Error> {
    if text.trim_start().starts_with('[') {
        return Ok(("", json::parse_file(text, limits)?));
    }
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        value: Option<&'a RawValue>,
        #[serde(rename = "serialNumber", borrow)]
        serial: Option<&'a RawValue>,
    }
    let outer: Outer<'_> = json::parse_file(text, limits)?;
    match (outer.value, outer.serial) {
        (Some(_), _) => Ok(("/value", json::parse_file::<Bulk<'_>>(text, limits)?.value)),
        (None, Some(_)) => Ok(("", vec![json::parse_file(text, limits)?])),
        (None, None) => Err(json::damaged("/value", "the list of tokens is missing")),
    }
}

impl Hardware {
    fn person(&self) -> Option<&str> {
        self.assign_to.as_ref().map(|person| person.id.as_str()).filter(|id| !id.is_empty())
    }

    fn name(&self) -> &str {
        self.person().unwrap_or(&self.serial_number)
    }

    fn read(mut self) -> Result<Account, Skip> {
        let no_secret =
            || Skip::new(Skip::NO_SECRET, "Microsoft Graph gives no secret out once a token is loaded");
        let secret = self.secret_key.take().ok_or_else(no_secret)?;
        let otp = otp(secret.expose(), self.hash_function.as_deref(), self.time_interval_in_seconds)?;
        // The number of the item in its body.
        self.rest.remove("@contentId");
        let mut account = token::account(otp, self.name());
        account.user = self.person().map(str::to_owned);
        account.device = token::device(&self.serial_number, &self.manufacturer, &self.model);
        if let Some(otp) = account.otp() {
            let rest = json::without_secret(self.rest, otp.secret());
            if !rest.is_empty() {
                account.extra.insert(ID.to_owned(), Value::Object(rest));
            }
        }
        Ok(account)
    }
}

// --- writing

fn fit(writing: &Writing, account: &Account, serials: &mut Serials) -> Fit {
    let fit = token::fit(&writing.caps, account, || {
        let bytes = encode(writing, std::slice::from_ref(account))?;
        decode(&String::from_utf8_lossy(&bytes), &Limits::default())
    });
    if fit.refused.is_some() {
        return fit;
    }
    let lacks = |part: fn(&Device) -> &str| account.device.as_ref().is_none_or(|d| part(d).trim().is_empty());
    match () {
        () if lacks(|device| &device.serial) => token::missing(APP, "a serial number", "serial"),
        () if lacks(|device| &device.manufacturer) => token::missing(APP, "the maker", "manufacturer"),
        () if lacks(|device| &device.model) => token::missing(APP, "the model", "model"),
        () => serials.check(fit, account, APP),
    }
}

fn encode(writing: &Writing, accounts: &[Account]) -> Result<Zeroizing<Vec<u8>>, Error> {
    if writing.form == GRAPH { encode_graph(accounts) } else { encode_csv(accounts) }
}

fn encode_csv(accounts: &[Account]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut table = Writer::new(HEADER, Dialect::Crlf)?;
    for (account, otp) in accounts.iter().filter_map(|account| Some((account, account.otp()?))) {
        let device = account.device.clone().unwrap_or_default();
        let period = otp.period().unwrap_or(30).to_string();
        let secret = otp.secret().to_base32();
        table.row([upn(account), &device.serial, &secret, &period, &device.manufacturer, &device.model])?;
    }
    table.finish()
}

/// The assigned person, or a name that can be one. A token that is called by its serial number is nobody's.
fn upn(account: &Account) -> &str {
    match account.user.as_deref() {
        Some(user) => user,
        None if account.name.contains('@') => &account.name,
        None => "",
    }
}

#[derive(Serialize)]
struct NewBulk<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    value: Vec<NewHardware<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewHardware<'a> {
    #[serde(rename = "@contentId")]
    content_id: String,
    serial_number: &'a str,
    manufacturer: &'a str,
    model: &'a str,
    #[serde(serialize_with = "json::exposed")]
    secret_key: Zeroizing<String>,
    time_interval_in_seconds: u32,
    hash_function: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assign_to: Option<Person>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Fields that are written from the model.
const OWN: [&str; 8] = [
    "@contentId",
    "serialNumber",
    "manufacturer",
    "model",
    "secretKey",
    "timeIntervalInSeconds",
    "hashFunction",
    "assignTo",
];

fn encode_graph(accounts: &[Account]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let nothing = Device::default();
    let tokens = accounts.iter().filter_map(|account| Some((account, account.otp()?)));
    let value = tokens.enumerate().map(|(at, (account, otp))| {
        let device = account.device.as_ref().unwrap_or(&nothing);
        NewHardware {
            content_id: at.saturating_add(1).to_string(),
            serial_number: &device.serial,
            manufacturer: &device.manufacturer,
            model: &device.model,
            secret_key: otp.secret().to_base32(),
            time_interval_in_seconds: otp.period().unwrap_or(30),
            hash_function: if otp.algorithm() == Algorithm::Sha256 { "hmacsha256" } else { "hmacsha1" },
            // Graph knows people by the id of their object in the directory, not by their names.
            assign_to: account.user.clone().filter(|user| uuid::is_uuid(user)).map(|id| Person { id }),
            rest: json::unknown_fields(account.extra.get(ID), &OWN),
        }
    });
    json::pretty(&NewBulk { context: DELTA, value: value.collect() }, b"  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::format::Form;
    use crate::testing;

    const TABLE: &str = "upn,serial number,secret key,time interval,manufacturer,model\n\
        o''neil@contoso.example,0007,CANARYALPHACANARYALPHACANARYALPH,60,\"Acme, Inc\",T1\n\
        ,0008,CANARYBRAVOCANARYBRAVOCANARYBRAV,30,Acme,T1\n";

    fn read(text: &str) -> Vault {
        testing::with_ctx(&mut NoPasswords, |ctx| Entra.decode(&Input::new(text.as_bytes()), ctx)).unwrap()
    }

    fn write(form: &str, vault: &Vault) -> String {
        let form = Form::named(&Entra, form).unwrap();
        let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(vault, ctx)).unwrap();
        String::from_utf8(parts[0].0.to_vec()).unwrap()
    }

    #[test]
    fn the_table_has_the_header_of_today() {
        assert_eq!(
            write("csv", &read(TABLE)),
            "upn,serial number,secret key,time interval,manufacturer,model\r\n\
             o'neil@contoso.example,0007,CANARYALPHACANARYALPHACANARYALPH,60,\"Acme, Inc\",T1\r\n\
             ,0008,CANARYBRAVOCANARYBRAVOCANARYBRAV,30,Acme,T1\r\n"
        );
    }

    #[test]
    fn graph_gets_numbers_and_object_ids_only() {
        let mut vault = read(TABLE);
        vault.accounts[1].user = Some("0cadbf92-5af1-4d1f-8d1c-3f2b1a0c9e77".to_owned());
        let written: Value = serde_json::from_str(&write(GRAPH, &vault)).unwrap();
        assert_eq!(
            written,
            serde_json::json!({"@context": "#$delta", "value": [
                {"@contentId": "1", "serialNumber": "0007", "manufacturer": "Acme, Inc", "model": "T1",
                 "secretKey": "CANARYALPHACANARYALPHACANARYALPH", "timeIntervalInSeconds": 60, "hashFunction": "hmacsha1"},
                {"@contentId": "2", "serialNumber": "0008", "manufacturer": "Acme", "model": "T1",
                 "secretKey": "CANARYBRAVOCANARYBRAVOCANARYBRAV", "timeIntervalInSeconds": 30, "hashFunction": "hmacsha1",
                 "assignTo": {"id": "0cadbf92-5af1-4d1f-8d1c-3f2b1a0c9e77"}},
            ]})
        );
    }

    #[test]
    fn what_entra_asks_for_has_to_be_there() {
        let mut accounts = read(TABLE).accounts;
        accounts[0].device = token::device("0007", "Acme", " ");
        accounts.push(accounts[1].clone());
        accounts.push(Account { device: None, ..accounts[1].clone() });
        let fits = Form::named(&Entra, "csv").unwrap().fit(&accounts);
        let codes: Vec<_> = fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect();
        assert_eq!(codes, [Some("missing-device"), None, Some("same-serial"), Some("missing-device")]);
    }
}
