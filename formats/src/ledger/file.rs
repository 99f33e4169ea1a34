//! The text of a ledger, version 1: JSON Lines, UTF-8.
//!
//! The first line says what it is: `format` (`otpferry-ledger`), `version`, `created`, `log_key` (32 bytes, base64),
//! `recipients`, `runs` (`id`, `folder`, `started`, `finished`) and the number of `entries`. Each further line is an account with
//! the fields of [`Entry`]; `type`, `algorithm`, `digits`, `period`, `counter` and `secret` (base32) mean what they mean in
//! the canonical file. Times are RFC 3339.

use std::io;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::{Entry, Export, Ledger, Run, State};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model::{Device, Draft, Kind, Number, Otp, Secret, SecretText};
use crate::text::{base32, json};

/// What the first line calls the file.
pub(super) const FORMAT: &str = "otpferry-ledger";
const VERSION: u8 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u8,
    created: Timestamp,
    #[serde(serialize_with = "exposed")]
    log_key: SecretText,
    recipients: Vec<String>,
    runs: Vec<RunLine>,
    entries: usize,
}

#[derive(Serialize, Deserialize)]
struct RunLine {
    id: String,
    folder: String,
    started: Timestamp,
    finished: Option<Timestamp>,
}

/// A further line, as it is written.
#[derive(Serialize)]
struct Line<'a> {
    serial: &'a str,
    manufacturer: &'a str,
    model: &'a str,
    key: &'a str,
    directory: &'a str,
    other_keys: &'a [String],
    directory_id: Option<&'a str>,
    account: &'a str,
    earlier_accounts: &'a [String],
    display: &'a str,
    email: &'a str,
    groups: &'a [String],
    issuer: &'a str,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    algorithm: Option<&'static str>,
    digits: Option<u8>,
    period: Option<u32>,
    counter: Option<u64>,
    secret: Option<&'a str>,
    state: &'static str,
    run: &'a str,
    created: Timestamp,
    changed: Timestamp,
    exports: Vec<ExportLine<'a>>,
    replaced_by: Option<&'a str>,
}

#[derive(Serialize)]
struct ExportLine<'a> {
    target: &'a str,
    run: &'a str,
    time: Timestamp,
}

/// The same as it is read.
#[derive(Deserialize)]
struct ReadLine {
    serial: String,
    manufacturer: String,
    model: String,
    key: String,
    directory: String,
    other_keys: Vec<String>,
    directory_id: Option<String>,
    account: String,
    earlier_accounts: Vec<String>,
    display: String,
    email: String,
    groups: Vec<String>,
    issuer: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    algorithm: Option<String>,
    digits: Number,
    period: Number,
    counter: Number,
    secret: Option<SecretText>,
    state: String,
    run: String,
    created: Timestamp,
    changed: Timestamp,
    exports: Vec<ReadExport>,
    replaced_by: Option<String>,
}

#[derive(Deserialize)]
struct ReadExport {
    target: String,
    run: String,
    time: Timestamp,
}

/// Whether a first line is one of a ledger, of whatever version.
pub(super) fn is_ledger(first_line: &str) -> bool {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    serde_json::from_str::<Format>(first_line).is_ok_and(|head| head.format == FORMAT)
}

impl Ledger {
    /// Reads the text of a ledger. It is this program's own file: anything that is not as it was written is an
    /// error, because what is missing in it could be made a second time.
    ///
    /// # Errors
    /// `Malformed` with the line, `NewerVersion`, `Limit`.
    pub fn read(text: &str, limits: &Limits) -> Result<Self, Error> {
        let mut lines = text.lines().enumerate();
        let head = lines.next().map(|(_, line)| line).unwrap_or_default();
        let head = read_head(head)?;
        limits.check_accounts(head.entries)?;
        let mut entries = Vec::with_capacity(head.entries);
        for (index, line) in lines {
            let entry = read_entry(line).ok_or_else(|| damaged(index, "it is no account of a ledger"))?;
            entries.push(entry);
            if entries.len() > head.entries {
                return Err(damaged(index, "there are more accounts than its first line says"));
            }
        }
        if entries.len() < head.entries {
            return Err(damaged(entries.len(), "accounts are missing after it"));
        }
        let log_key = BASE64.decode(head.log_key.expose().as_bytes()).ok().and_then(Secret::new);
        Ok(Self {
            created: head.created,
            log_key: log_key.ok_or_else(|| damaged(0, "its key is not base64"))?,
            recipients: head.recipients,
            runs: head
                .runs
                .into_iter()
                .map(|run| Run {
                    id: run.id,
                    folder: run.folder,
                    started: run.started,
                    finished: run.finished,
                })
                .collect(),
            entries,
        })
    }

    /// Writes the text of the ledger, line by line: it is long, and holds everybody's secrets.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, mut out: impl io::Write) -> io::Result<()> {
        push_line(&mut out, &self.head())?;
        for entry in &self.entries {
            let secret = entry.otp.as_ref().map(|otp| otp.secret().to_base32());
            push_line(&mut out, &line(entry, secret.as_ref().map(|text| text.as_str())))?;
        }
        Ok(())
    }

    fn head(&self) -> Head {
        let run = |run: &Run| RunLine {
            id: run.id.clone(),
            folder: run.folder.clone(),
            started: run.started,
            finished: run.finished,
        };
        Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            created: self.created,
            log_key: SecretText::new(BASE64.encode(self.log_key.expose())),
            recipients: self.recipients.clone(),
            runs: self.runs.iter().map(run).collect(),
            entries: self.entries.len(),
        }
    }
}

fn exposed<S: Serializer>(text: &SecretText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.expose())
}

fn push_line(mut out: impl io::Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")
}

fn line<'a>(entry: &'a Entry, secret: Option<&'a str>) -> Line<'a> {
    let otp = entry.otp.as_ref();
    let export =
        |export: &'a Export| ExportLine { target: &export.target, run: &export.run, time: export.time };
    Line {
        serial: &entry.device.serial,
        manufacturer: &entry.device.manufacturer,
        model: &entry.device.model,
        key: &entry.key,
        directory: &entry.directory,
        other_keys: &entry.other_keys,
        directory_id: entry.directory_id.as_deref(),
        account: &entry.account,
        earlier_accounts: &entry.earlier_accounts,
        display: &entry.display,
        email: &entry.email,
        groups: &entry.groups,
        issuer: &entry.issuer,
        kind: otp.map(|otp| otp.kind().name()),
        algorithm: otp.map(|otp| otp.algorithm().name()),
        digits: otp.map(Otp::digits),
        period: otp.and_then(Otp::period),
        counter: otp.and_then(Otp::counter),
        secret,
        state: entry.state.name(),
        run: &entry.run,
        created: entry.created,
        changed: entry.changed,
        exports: entry.exports.iter().map(export).collect(),
        replaced_by: entry.replaced_by.as_deref(),
    }
}

fn read_head(line: &str) -> Result<Head, Error> {
    #[derive(Deserialize)]
    struct Version {
        version: Number,
    }
    let version: Version =
        json::parse(line).map_err(|_| damaged(0, "it is not the first line of a ledger"))?;
    json::check_version(version.version, VERSION, "/version")?;
    json::parse(line).map_err(|_| damaged(0, "it is not the first line of a ledger"))
}

/// `None` when anything is not as it is written.
fn read_entry(text: &str) -> Option<Entry> {
    let line: ReadLine = serde_json::from_str(text).ok()?;
    let state = State::parse(&line.state)?;
    let otp = match &line.secret {
        Some(secret) => Some(read_otp(&line, secret)?),
        None if state.is_live() => return None,
        None => None,
    };
    let export = |export: ReadExport| Export { target: export.target, run: export.run, time: export.time };
    Some(Entry {
        key: line.key,
        directory: line.directory,
        other_keys: line.other_keys,
        directory_id: line.directory_id,
        account: line.account,
        earlier_accounts: line.earlier_accounts,
        display: line.display,
        email: line.email,
        groups: line.groups,
        issuer: line.issuer,
        device: Device { serial: line.serial, manufacturer: line.manufacturer, model: line.model },
        otp,
        state,
        run: line.run,
        created: line.created,
        changed: line.changed,
        exports: line.exports.into_iter().map(export).collect(),
        replaced_by: line.replaced_by,
    })
}

/// Every parameter has to be stated: a default would be a guess about the codes.
fn read_otp(line: &ReadLine, secret: &SecretText) -> Option<Otp> {
    let kind = Kind::parse(line.kind.as_deref()?)?;
    let step = match kind {
        Kind::Totp => line.period,
        Kind::Hotp => line.counter,
        _ => return None,
    };
    if line.digits == Number::Absent || step == Number::Absent {
        return None;
    }
    let mut draft = Draft::new(kind, base32::secret(secret.expose()).ok()?);
    draft.algorithm = Some(Draft::read_algorithm(line.algorithm.as_deref()?).ok()??);
    draft.digits = line.digits;
    draft.period = line.period;
    draft.counter = line.counter;
    draft.build().ok()
}

fn damaged(index: usize, message: &str) -> Error {
    Error::malformed(message)
        .at(Place::Line(index.saturating_add(1)))
        .next_step("The ledger is damaged or was edited: take the copy beside it, or one from a backup")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let otp = Otp::Totp {
            secret: Secret::new(b"Hello!\xde\xad\xbe\xef".to_vec()).unwrap(),
            algorithm: crate::model::Algorithm::Sha1,
            digits: crate::model::Digits::SIX,
            period: crate::model::Period::THIRTY,
        };
        let entry = Entry {
            key: "k1".to_owned(),
            directory: "entra".to_owned(),
            other_keys: vec!["okta:00u1".to_owned()],
            directory_id: Some("id1".to_owned()),
            account: "ann\n\"lee\"".to_owned(),
            earlier_accounts: vec!["ann".to_owned()],
            display: "Änn".to_owned(),
            email: "ann@example.org".to_owned(),
            groups: vec!["Sales".to_owned()],
            issuer: "Acme".to_owned(),
            device: Device {
                serial: "OTPF00000001".to_owned(),
                manufacturer: "otpferry".to_owned(),
                model: "TOTP-SHA1-6-30".to_owned(),
            },
            otp: Some(otp),
            state: State::Exported,
            run: "r1".to_owned(),
            created: time("2026-03-01T08:00:00Z"),
            changed: time("2026-03-01T09:00:00Z"),
            exports: vec![Export {
                target: "entra-oath:csv".to_owned(),
                run: "r1".to_owned(),
                time: time("2026-03-01T08:30:00Z"),
            }],
            replaced_by: None,
        };
        let wiped =
            Entry { otp: None, state: State::Replaced, replaced_by: Some("X".to_owned()), ..entry.clone() };
        Ledger {
            created: time("2026-03-01T07:00:00Z"),
            log_key: Secret::new(vec![7; 32]).unwrap(),
            recipients: vec!["age1x".to_owned()],
            runs: vec![Run {
                id: "r1".to_owned(),
                folder: "/staging".to_owned(),
                started: time("2026-03-01T07:00:00Z"),
                finished: None,
            }],
            entries: vec![entry, wiped],
        }
    }

    fn text_of(ledger: &Ledger) -> Vec<u8> {
        let mut text = Vec::new();
        ledger.write(&mut text).unwrap();
        text
    }

    #[test]
    fn the_text_is_as_documented() {
        let text = text_of(&ledger());
        let text = std::str::from_utf8(&text).unwrap();
        let wanted = [
            r#"{"format":"otpferry-ledger","version":1,"created":"2026-03-01T07:00:00Z","#,
            r#""log_key":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","recipients":["age1x"],"#,
            r#""runs":[{"id":"r1","folder":"/staging","started":"2026-03-01T07:00:00Z","finished":null}],"entries":2}"#,
            "\n",
            r#"{"serial":"OTPF00000001","manufacturer":"otpferry","model":"TOTP-SHA1-6-30","key":"k1","directory":"entra","other_keys":["okta:00u1"],"directory_id":"id1","#,
            r#""account":"ann\n\"lee\"","earlier_accounts":["ann"],"display":"Änn","email":"ann@example.org","groups":["Sales"],"#,
            r#""issuer":"Acme","type":"totp","algorithm":"SHA1","digits":6,"period":30,"counter":null,"#,
            r#""secret":"JBSWY3DPEHPK3PXP","state":"exported","run":"r1","created":"2026-03-01T08:00:00Z","#,
            r#""changed":"2026-03-01T09:00:00Z","exports":[{"target":"entra-oath:csv","run":"r1","time":"2026-03-01T08:30:00Z"}],"#,
            r#""replaced_by":null}"#,
            "\n",
        ]
        .concat();
        assert_eq!(text.get(..wanted.len()), Some(wanted.as_str()));
        assert!(text.contains(r#""secret":null,"state":"replaced""#));
    }

    #[test]
    fn what_is_written_is_read() {
        let ledger = ledger();
        let text = text_of(&ledger);
        assert_eq!(Ledger::read(std::str::from_utf8(&text).unwrap(), &Limits::default()).unwrap(), ledger);
    }

    #[test]
    fn any_damage_is_an_error_with_its_line() {
        let text = text_of(&ledger());
        let text = std::str::from_utf8(&text).unwrap();
        let place = |text: &str| Ledger::read(text, &Limits::default()).unwrap_err().at;
        let line = |number: usize| Some(Place::Line(number));
        assert_eq!(place(""), line(1));
        assert_eq!(place(&text.replacen("\"secret\":\"JB", "\"secret\":\"1B", 1)), line(2));
        assert_eq!(place(&text.replacen("\"exported\"", "\"lost\"", 1)), line(2));
        assert_eq!(place(&text.replacen("\"digits\":6", "\"digits\":null", 1)), line(2));
        assert_eq!(place(text.rsplit_once("{\"serial\"").unwrap().0), line(2));
        let limits = Limits { accounts: 1, ..Limits::default() };
        assert_eq!(Ledger::read(text, &limits).unwrap_err().kind, crate::error::ErrorKind::Limit);
    }

    #[test]
    fn a_secret_has_one_name_in_the_log() {
        // printf 'Hello!\xde\xad\xbe\xef' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707...07 (32 bytes)
        let ledger = ledger();
        let secret = ledger.entries.first().unwrap().otp.as_ref().unwrap().secret();
        assert_eq!(ledger.secret_id(secret), "18d46a1479c5098f");
    }
}
