//! `google-migration`: the transfer QR codes of Google Authenticator.
//!
//! Layout: a protobuf message in base64 inside `otpauth-migration://offline?data=`, 1 to n of them
//! for one export, 10 accounts each at most. Field numbers and defects were measured on exports of
//! Android and iOS.

use data_encoding::{BASE64, Encoding, Specification};
use quick_protobuf::{BytesReader, Writer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::label;
use super::uri_list;
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{
    Account, Algorithm, BatchPart, Credential, Digits, Draft, Kind, Number, Otp, Secret, Vault,
};
use crate::probe::Probe;
use crate::report::{Item, Skip};
use crate::text::percent;

pub(super) const ID: &str = "google-migration";
/// Most bytes of one payload; a QR code holds 2,953.
const MAX_PAYLOAD: usize = 1 << 20;
/// Longest URI that is written: what a QR code of version 25 with error correction M holds. Google
/// draws none larger, and phones fail on larger ones long before the standard's end.
const MAX_URI: usize = 997;
/// Most QR codes of one export.
const MAX_PARTS: u32 = 100;
/// The same for an export that is written.
const MAX_WRITTEN_PARTS: usize = 100;

/// Google Authenticator's transfer codes.
pub(crate) struct GoogleMigration;

static INFO: Info = Info {
    id: ID,
    title: "Google Authenticator (transfer QR codes)",
    aliases: &["google", "google-authenticator"],
    extensions: &["txt"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: Caps {
            app: "Google Authenticator",
            kinds: &[Kind::Totp, Kind::Hotp],
            algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
            digits: &[6, 8],
            periods: Periods::OneOf(&[30]),
            // int64 in the message.
            max_counter: u64::MAX >> 1,
            secret_bytes: (1, 1024),
            needs_pin: false,
            groups: Groups::None,
            fields: &[],
        },
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::Uris,
        file_name: "google-migration.txt",
        encrypted_file_name: "google-migration.txt",
        import_help: "In Google Authenticator: menu, Transfer accounts, Import; scan the codes in order from the first",
    }],
    export_help: "In Google Authenticator: menu, Transfer accounts, Export; take a picture of every QR code shown",
};

impl Format for GoogleMigration {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        uri_list::detect(probe, |scheme| scheme == uri_list::MIGRATION)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        uri_list::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(|account| fit(&writing.caps, account)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        encode(&vault.accounts, ctx).map_err(|error| error.in_format(ID))
    }
}

/// Why a URI gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A version over 2.
    Newer,
    /// Not base64, not a protobuf message, or without accounts.
    Unreadable(&'static str),
}

impl From<Failure> for Skip {
    fn from(failure: Failure) -> Self {
        let message = match failure {
            Failure::Newer => "the transfer code is of a version that is not known",
            Failure::Unreadable(message) => message,
        };
        Self::new(Self::UNREADABLE_PAYLOAD, message)
    }
}

/// The payload of one QR code.
pub(super) struct Payload {
    pub(super) part: BatchPart,
    pub(super) entries: Vec<uri_list::Entry>,
    pub(super) warnings: Vec<Item>,
}

fn md5_warning(account: &Account) -> Item {
    let message = "it uses MD5, which Google Authenticator may not really generate";
    Item::about(account, "check-at-sign-in", message)
        .next_step("Compare its code with the one on the old phone before you rely on it")
}

/// Reads one `otpauth-migration://` URI.
pub(super) fn parse(uri: &str) -> Result<Payload, Failure> {
    let unreadable = Failure::Unreadable;
    let data = data_of(uri).ok_or(unreadable("the transfer link has no data"))?;
    if data.len() > MAX_PAYLOAD {
        return Err(unreadable("the transfer code is longer than any real one"));
    }
    let bytes = decode_base64(data).ok_or(unreadable("the transfer code is not base64: it is damaged"))?;
    let raw = read_payload(&bytes).map_err(|_| unreadable("the transfer code is damaged or cut off"))?;
    if raw.version > 2 {
        return Err(Failure::Newer);
    }
    if raw.entries.is_empty() {
        return Err(unreadable("the transfer code holds no account"));
    }
    let digest = Sha256::digest(&bytes).into();
    let (part, warning) = raw.part(digest);
    let entries: Vec<_> = raw.entries.into_iter().map(RawEntry::account).collect();
    let is_md5 = |account: &&Account| account.otp().is_some_and(|otp| otp.algorithm() == Algorithm::Md5);
    let md5 = entries.iter().flatten().filter(is_md5).map(md5_warning);
    let warnings = warning.into_iter().chain(md5).collect();
    Ok(Payload { part, entries, warnings })
}

/// The value of `data`; what follows it is ignored.
fn data_of(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let (host, query) = rest.split_once('?')?;
    if !host.trim_end_matches('/').eq_ignore_ascii_case("offline") {
        return None;
    }
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case("data"))
        .map(|(_, value)| value)
}

/// Undoes what carriers do to base64: percent-encoding (also twice), a space where a plus was,
/// line breaks, the URL alphabet, lost padding.
fn decode_base64(data: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(data.to_owned());
    for _ in 0..3 {
        if text.contains('%') {
            text = Zeroizing::new(percent::decode(&text));
        }
    }
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n' | '\t' | '='))
        .map(|c| match c {
            ' ' | '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let plain = Zeroizing::new(plain);
    lenient_base64()?.decode(plain.as_bytes()).ok().map(Zeroizing::new)
}

/// Base64 without padding whose spare bits need not be zero.
fn lenient_base64() -> Option<Encoding> {
    let mut specification: Specification = BASE64.specification();
    specification.padding = None;
    specification.check_trailing_bits = false;
    specification.encoding().ok()
}

/// The message as it stands.
#[derive(Default)]
struct RawPayload<'a> {
    entries: Vec<RawEntry<'a>>,
    version: i32,
    batch_size: i32,
    batch_index: i32,
    batch_id: i32,
}

impl RawPayload<'_> {
    /// Where the payload belongs. Hand-made ones without batch fields are complete alone; so are
    /// those whose numbers cannot be, with a warning.
    fn part(&self, digest: [u8; 32]) -> (BatchPart, Option<Item>) {
        let id = self.batch_id.into();
        let size = u32::try_from(self.batch_size).ok().filter(|size| *size <= MAX_PARTS);
        match (size, u32::try_from(self.batch_index).ok()) {
            (Some(0), Some(0)) => {
                let message = "the QR code does not say how many there are; it may be cut off";
                let warning = Item::new("no-part-numbers", message)
                    .next_step("Compare the number of accounts with the app's");
                (BatchPart { id, index: 0, size: 1, digest, file: String::new() }, Some(warning))
            }
            (Some(size), Some(index)) if index < size => {
                (BatchPart { id, index, size, digest, file: String::new() }, None)
            }
            _ => {
                let message = "the QR code says it is a part that cannot be; it is taken as complete";
                let warning = Item::new("inconsistent-parts", message);
                (BatchPart { id, index: 0, size: 1, digest, file: String::new() }, Some(warning))
            }
        }
    }
}

#[derive(Default)]
struct RawEntry<'a> {
    secret: &'a [u8],
    name: &'a [u8],
    issuer: &'a [u8],
    algorithm: i32,
    digits: i32,
    kind: i32,
    counter: i64,
    unique_id: Option<&'a [u8]>,
}

/// Reads the outer message.
///
/// A nested message is taken as bytes and read by a reader of its own: quick-protobuf lets a
/// nested length run past its parent otherwise.
fn read_payload(bytes: &[u8]) -> quick_protobuf::Result<RawPayload<'_>> {
    let mut reader = BytesReader::from_bytes(bytes);
    let mut payload = RawPayload::default();
    while !reader.is_eof() {
        match reader.next_tag(bytes)? {
            10 => payload.entries.push(read_entry(reader.read_bytes(bytes)?)?),
            16 => payload.version = reader.read_int32(bytes)?,
            24 => payload.batch_size = reader.read_int32(bytes)?,
            32 => payload.batch_index = reader.read_int32(bytes)?,
            40 => payload.batch_id = reader.read_int32(bytes)?,
            tag => skip_field(&mut reader, bytes, tag)?,
        }
    }
    Ok(payload)
}

fn read_entry(bytes: &[u8]) -> quick_protobuf::Result<RawEntry<'_>> {
    let mut reader = BytesReader::from_bytes(bytes);
    let mut entry = RawEntry::default();
    while !reader.is_eof() {
        match reader.next_tag(bytes)? {
            10 => entry.secret = reader.read_bytes(bytes)?,
            18 => entry.name = reader.read_bytes(bytes)?,
            26 => entry.issuer = reader.read_bytes(bytes)?,
            32 => entry.algorithm = reader.read_int32(bytes)?,
            40 => entry.digits = reader.read_int32(bytes)?,
            48 => entry.kind = reader.read_int32(bytes)?,
            56 => entry.counter = reader.read_int64(bytes)?,
            66 => entry.unique_id = Some(reader.read_bytes(bytes)?),
            tag => skip_field(&mut reader, bytes, tag)?,
        }
    }
    Ok(entry)
}

/// Passes over a field of a later version. Field number 0 does not exist: such bytes are no message.
fn skip_field(reader: &mut BytesReader, bytes: &[u8], tag: u32) -> quick_protobuf::Result<()> {
    if tag < 8 {
        return Err(quick_protobuf::Error::UnknownWireType(0));
    }
    reader.read_unknown(bytes, tag)
}

impl RawEntry<'_> {
    fn account(self) -> uri_list::Entry {
        let names = label::split_google(&text(self.issuer), &text(self.name));
        match self.otp() {
            Ok(otp) => {
                let mut account = Account::new(Credential::Otp(otp), names.issuer, names.account);
                if let Some(id) = self.unique_id {
                    let extra = serde_json::json!({ "unique_id": text(id) });
                    account.extra.insert(ID.to_owned(), extra);
                }
                Ok(account)
            }
            Err(skip) => Err((skip, names)),
        }
    }

    fn otp(&self) -> Result<Otp, Skip> {
        let secret = Secret::new(self.secret.to_vec())
            .ok_or_else(|| Skip::new(Skip::NO_SECRET, "the account has no secret"))?;
        let kind = match self.kind {
            0 | 2 => Kind::Totp,
            1 => Kind::Hotp,
            _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "it is of a kind that is not known")),
        };
        let mut draft = Draft::new(kind, secret);
        draft.algorithm = Some(match self.algorithm {
            0 | 1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            4 => Algorithm::Md5,
            _ => return Err(Skip::new(Skip::UNKNOWN_ALGORITHM, "its algorithm is not known")),
        });
        draft.digits = Number::Of(match self.digits {
            0 | 1 => 6,
            2 => 8,
            _ => return Err(Skip::new(Skip::BAD_DIGITS, "its number of digits is not known")),
        });
        draft.counter = Number::Of(self.counter.into());
        draft.build()
    }
}

/// Names are UTF-8; old exports of other tools hold Latin-1.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// What Google Authenticator will show: names are trimmed, and a colon in a name without an
/// issuer divides it.
fn fit(caps: &Caps, account: &Account) -> Fit {
    let mut fit = caps.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    let names = label::split_google(&account.issuer, &full_name(account));
    if names.issuer != account.issuer {
        fit.change(Field::Issuer, format!("the issuer becomes \"{}\"", names.issuer));
    }
    if names.account != account.name {
        fit.change(Field::Account, format!("the account name becomes \"{}\"", names.account));
    }
    fit
}

/// `Issuer:account`, as Google's own version 1 exports have it.
fn full_name(account: &Account) -> String {
    if account.issuer.is_empty() {
        account.name.clone()
    } else {
        format!("{}:{}", account.issuer, account.name)
    }
}

/// One URI for each batch. All parts of a set carry the same random id, and each its index, also
/// when that is 0: Google Authenticator on iOS refuses a first part without it.
fn encode(accounts: &[Account], ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
    let chunks = chunks(accounts, ctx.per_qr.clamp(1, 10))?;
    let size = i32::try_from(chunks.len()).unwrap_or(i32::MAX);
    if chunks.len() > MAX_WRITTEN_PARTS {
        let message = format!("this would take {size} QR codes, over the {MAX_WRITTEN_PARTS} of one export");
        return Err(Error::new(ErrorKind::Limit, message)
            .next_step("Put more accounts into each code with --per-qr, or choose some with --only"));
    }
    let id = i32::from_be_bytes(ctx.random()?);
    let uris = (0..size).zip(chunks).map(|(index, chunk)| write_uri(chunk, size, index, id));
    uris.map(|uri| uri.map(|uri| Part::new(uri.as_bytes()))).collect()
}

/// Cuts the accounts so that each QR code stays scannable: accounts with long names need more codes.
fn chunks(mut accounts: &[Account], most: usize) -> Result<Vec<&[Account]>, Error> {
    let mut chunks = Vec::new();
    while !accounts.is_empty() {
        let mut count = most.min(accounts.len());
        while count > 1 && write_uri(accounts.get(..count).unwrap_or_default(), 1, 0, -1)?.len() > MAX_URI {
            count -= 1;
        }
        let (chunk, rest) = accounts.split_at(count);
        chunks.push(chunk);
        accounts = rest;
    }
    Ok(chunks)
}

fn write_uri(accounts: &[Account], size: i32, index: i32, id: i32) -> Result<Zeroizing<String>, Error> {
    let message = write_payload(accounts, size, index, id)
        .map_err(|_| Error::new(ErrorKind::Internal, "the transfer code cannot be written"))?;
    let data = Zeroizing::new(BASE64.encode(&message));
    Ok(Zeroizing::new(format!("otpauth-migration://offline?data={}", percent::encode(&data))))
}

fn write_payload(
    accounts: &[Account],
    size: i32,
    index: i32,
    id: i32,
) -> quick_protobuf::Result<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(2048));
    let mut writer = Writer::new(&mut *out);
    for (account, otp) in accounts.iter().filter_map(|account| Some((account, account.otp()?))) {
        let entry = write_entry(account, otp)?;
        writer.write_with_tag(10, |w| w.write_bytes(&entry))?;
    }
    writer.write_with_tag(16, |w| w.write_int32(1))?;
    writer.write_with_tag(24, |w| w.write_int32(size))?;
    writer.write_with_tag(32, |w| w.write_int32(index))?;
    writer.write_with_tag(40, |w| w.write_int32(id))?;
    Ok(out)
}

fn write_entry(account: &Account, otp: &Otp) -> quick_protobuf::Result<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(256));
    let mut writer = Writer::new(&mut *out);
    writer.write_with_tag(10, |w| w.write_bytes(otp.secret().expose()))?;
    writer.write_with_tag(18, |w| w.write_string(&full_name(account)))?;
    if !account.issuer.is_empty() {
        writer.write_with_tag(26, |w| w.write_string(&account.issuer))?;
    }
    let algorithm = match otp.algorithm() {
        Algorithm::Sha256 => 2,
        Algorithm::Sha512 => 3,
        _ => 1,
    };
    writer.write_with_tag(32, |w| w.write_enum(algorithm))?;
    let digits = if otp.digits() == Digits::EIGHT.get() { 2 } else { 1 };
    writer.write_with_tag(40, |w| w.write_enum(digits))?;
    let kind = if otp.kind() == Kind::Hotp { 1 } else { 2 };
    writer.write_with_tag(48, |w| w.write_enum(kind))?;
    if let Some(counter) = otp.counter() {
        writer.write_with_tag(56, |w| w.write_uint64(counter))?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
