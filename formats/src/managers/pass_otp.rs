//! `pass-otp`: entries of pass, the password store of Unix, with the link that its extension for
//! one-time passwords reads.
//!
//! An entry is a text: the password in its first line, then whatever its owner keeps there. Its name is
//! its path in the store. The store itself is encrypted file by file with GnuPG and is not read.
//!
//! Source: `otp.bash` and README of pass-otp; gopass and Android Password Store for `totp:` lines.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use zeroize::Zeroizing;

use super::login::{Gathering, Login, title};
use super::written;
use crate::caps::{Caps, Fit, Groups, Periods};
use crate::container::zip::{self, Archive};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Otp, Vault};
use crate::open::label::Names;
use crate::open::{otp_field, uri_list};
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::{base32, encoding};

/// pass with pass-otp.
pub(crate) struct PassOtp;

const ID: &str = "pass-otp";

/// The folder in the zip that otpferry writes.
const ROOT: &str = "pass-otp/";
const EXTENSION: &str = ".txt";
/// Most bytes of a file name that we make; file systems take 255.
const NAME_BYTES: usize = 120;
/// Most bytes of a group that becomes folders; with two names and numbers the path stays below the 4096 that
/// Linux takes, and below the 1024 of macOS where the folder to unpack to leaves that.
const GROUP_BYTES: usize = 512;

static INFO: Info = Info {
    id: ID,
    title: "pass (pass-otp entries)",
    aliases: &[],
    extensions: &["txt", "zip"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "pass-otp.zip",
        encrypted_file_name: "pass-otp.zip",
        import_help: "Unpack the zip and give each text to `pass otp insert NAME < FILE`, where NAME is its path without .txt; \
            then delete the texts",
    }],
    export_help: "Run `pass show NAME > NAME.txt` for each entry, and give the texts or their folder",
};

const CAPS: Caps = Caps {
    app: "pass-otp",
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 7, 8],
    periods: Periods::UpTo(u32::MAX),
    max_counter: u64::MAX,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::One,
    fields: &[],
};

impl Format for PassOtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(names) = probe.zip_names() {
            let is_mine = |name: &String| name.starts_with(ROOT) && name.ends_with(EXTENSION);
            let all = !names.is_empty() && names.iter().all(is_mine);
            return if all { Confidence::Sure } else { Confidence::No };
        }
        match probe.text() {
            Some(text) if probe.json().is_none() && is_entry(text) => Confidence::Likely,
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx.limits).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(|account| fit(&writing.caps, account)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        encode(vault).map(|part| vec![part])
    }
}

/// A password, and below it one code: a list of links begins with a link, and a text about several
/// accounts is no entry.
fn is_entry(text: &str) -> bool {
    let mut lines = uri_list::significant_lines(text).map(|(_, line)| line);
    let password = lines.next().is_some_and(|line| uri_list::scheme_of(line).is_none());
    let is_secret = |code: &str| code.len() >= 16 && base32::secret(code).is_ok();
    let is_code = |code: &str| uri_list::scheme_of(code).is_some() || is_secret(code);
    let mut codes = lines.filter(|line| code(line).is_some_and(is_code));
    password && codes.next().is_some() && codes.next().is_none()
}

/// The code in a line: a link, or what a `totp:` or `otpauth:` line says.
fn code(line: &str) -> Option<&str> {
    let line = line.trim();
    match line.split_once(':')? {
        (scheme, rest) if rest.starts_with("//") => {
            ["otpauth", "apple-otpauth"].iter().any(|own| own.eq_ignore_ascii_case(scheme)).then_some(line)
        }
        (key, value) => {
            ["otpauth", "totp"].iter().any(|own| own.eq_ignore_ascii_case(key.trim())).then_some(value.trim())
        }
    }
}

fn decode(input: &Input<'_>, limits: &Limits) -> Result<Vault, Error> {
    if !zip::sniff(input.bytes) {
        let mut gathering = Gathering::new(ID, "entry", limits);
        gather(&input.text()?, input.name.unwrap_or_default(), &mut gathering);
        return gathering.finish();
    }
    let mut archive = Archive::open(input.bytes)?;
    let names: Vec<String> =
        archive.names().iter().filter(|name| name.ends_with(EXTENSION)).cloned().collect();
    limits.check_accounts(names.len())?;
    let mut gathering = Gathering::new(ID, "zip of entries", limits);
    // All members together are held to the limit of one file: they can be packed very small.
    let mut left = limits.clone();
    for name in &names {
        let path = name.strip_prefix(ROOT).unwrap_or(name);
        let bytes = match archive.read(name, &left) {
            Ok(bytes) => bytes,
            Err(error) if error.kind == ErrorKind::Limit => return Err(error),
            Err(error) => {
                skip(Skip::new(Skip::DAMAGED, error.message), path, &mut gathering);
                continue;
            }
        };
        left.bytes = left.bytes.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        match encoding::decode(&bytes) {
            Some(text) => gather(&text, path, &mut gathering),
            None => skip(Skip::new(Skip::DAMAGED, "the entry is not a text"), path, &mut gathering),
        }
    }
    gathering.finish()
}

/// An entry that cannot be read is known by its path.
fn skip(skip: Skip, path: &str, gathering: &mut Gathering) {
    let names = Names { issuer: path.to_owned(), ..Names::default() };
    gathering.entry(&Login::default(), Err((skip, names)), &Place::Line(1));
}

/// Takes the codes of an entry with this path.
fn gather(text: &str, path: &str, gathering: &mut Gathering) {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let value = |names: &[&str]| {
        let mut pairs = text.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs
            .find(|(key, _)| names.iter().any(|name| name.eq_ignore_ascii_case(key.trim())))
            .map_or("", |(_, value)| value.trim())
    };
    let url = value(&["url"]);
    let login = Login {
        title: file.rsplit_once('.').map_or(file, |(stem, _)| stem),
        user: value(&["user", "username", "login"]),
        urls: Some(url).filter(|url| !url.is_empty()).map(str::to_owned).into_iter().collect(),
        ..Login::default()
    };
    let mut none = true;
    for (at, line) in text.lines().enumerate() {
        // The first line is the password, unless it is a link.
        let code = code(line).filter(|code| at > 0 || uri_list::scheme_of(code).is_some());
        let Some(code) = code.filter(|code| !code.is_empty()) else { continue };
        none = false;
        for entry in otp_field::read(code, login.around()) {
            let issuer = entry.as_ref().map_or("", |account| account.issuer.as_str());
            let login = Login { groups: groups(folder, issuer), ..login.clone() };
            gathering.entry(&login, entry, &Place::Line(at.saturating_add(1)));
        }
    }
    if none {
        gathering.other();
    }
}

/// The folder is the group; one that is called like the issuer says nothing more.
fn groups(folder: &str, issuer: &str) -> Vec<String> {
    let above = match folder.rsplit_once('/') {
        Some((above, last)) if last == file_name(issuer) => above,
        None if folder == file_name(issuer) => "",
        _ => folder,
    };
    Some(above).filter(|name| !name.is_empty()).map(str::to_owned).into_iter().collect()
}

/// A name that every file system takes, and no folder walk leaves out as hidden.
fn file_name(name: &str) -> String {
    let is_special = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let mut out = name.trim().replace(is_special, "_");
    while out.len() > NAME_BYTES {
        out.pop();
    }
    let mut out = out.trim_end_matches(['.', ' ']).to_owned();
    if out.is_empty() || out.starts_with('.') {
        out.insert(0, '_');
    }
    out
}

/// Folder, issuer and name, without the ending. A group that is deeper than people make them is left out:
/// neither a zip nor a file system holds paths of any length.
fn path(account: &Account) -> String {
    let group = account.groups.first().map(String::as_str).filter(|group| group.len() <= GROUP_BYTES);
    let group = group.unwrap_or_default();
    let mut parts: Vec<String> = group.split('/').filter(|part| !part.is_empty()).map(file_name).collect();
    parts.extend(
        [&account.issuer]
            .into_iter()
            .filter(|issuer| !issuer.trim().is_empty())
            .map(|issuer| file_name(issuer)),
    );
    parts.push(file_name(if account.name.is_empty() { "code" } else { &account.name }));
    parts.join("/")
}

/// The link; without an account name the extension takes none.
fn link(account: &Account, otp: &Otp) -> Zeroizing<String> {
    if !account.name.is_empty() {
        return otp_field::write(account, otp);
    }
    otp_field::write(&Account { name: title(account).to_owned(), ..account.clone() }, otp)
}

fn fit(caps: &Caps, account: &Account) -> Fit {
    let mut fit = written::fit(caps, account, |otp| read_again(account, otp));
    if fit.refused.is_none() && account.kind() == Kind::Hotp {
        // Seen with pass-otp 1.2.0: services accept a code that is one ahead.
        fit.remarks
            .push("pass-otp counts up before it shows a code, and so begins one code later".to_owned());
    }
    fit
}

/// What is read of the entry of an account.
fn read_again(account: &Account, otp: &Otp) -> Result<Vault, Error> {
    let mut gathering = Gathering::new(ID, "entry", &Limits::default());
    let path = format!("{}{EXTENSION}", path(account));
    gather(&link(account, otp), &path, &mut gathering);
    gathering.finish()
}

/// Paths that are not taken yet; a number tells those apart that would be the same.
#[derive(Default)]
struct FreeNames {
    /// Each path that is taken, and the number that the next one of it begins to look at. Some file systems
    /// do not tell capitals apart.
    taken: HashMap<String, usize>,
}

impl FreeNames {
    fn take(&mut self, path: String) -> String {
        let key = path.to_lowercase();
        let Some(mut number) = self.taken.get(&key).copied() else {
            self.taken.insert(key, 2);
            return path;
        };
        let free = loop {
            let numbered = format!("{path} {number}");
            number = number.saturating_add(1);
            if let Entry::Vacant(free) = self.taken.entry(numbered.to_lowercase()) {
                free.insert(2);
                break numbered;
            }
        };
        self.taken.insert(key, number);
        free
    }
}

fn encode(vault: &Vault) -> Result<Part, Error> {
    let mut names = FreeNames::default();
    let mut members = Vec::with_capacity(vault.accounts.len());
    for account in &vault.accounts {
        let Some(otp) = account.otp() else { continue };
        let mut content = link(account, otp);
        content.push('\n');
        members.push((format!("{ROOT}{}{EXTENSION}", names.take(path(account))), content));
    }
    zip::write_plain(members.iter().map(|(name, content)| (name.as_str(), content.as_bytes()))).map(Part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, path: &str) -> Vec<(String, String, Vec<String>)> {
        let mut gathering = Gathering::new(ID, "entry", &Limits::default());
        gather(text, path, &mut gathering);
        let accounts = gathering.finish().unwrap().accounts.into_iter();
        accounts.map(|account| (account.issuer, account.name, account.groups)).collect()
    }

    #[test]
    fn what_the_link_leaves_open_is_taken_from_the_path_and_the_text() {
        let entry = "totp: not this, it is the password\nuser: alice\ntotp: jbsw y3dp ehpk 3pxp\n";
        let wanted = |issuer: &str, name: &str, group: &str| {
            let groups = if group.is_empty() { vec![] } else { vec![group.to_owned()] };
            vec![(issuer.to_owned(), name.to_owned(), groups)]
        };
        assert_eq!(read(entry, "Web/Mail/example.com.txt"), wanted("example.com", "alice", "Web/Mail"));
        let link = "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme";
        assert_eq!(read(link, "Acme/bob.txt"), wanted("Acme", "bob", ""));
        assert_eq!(read(link, "Work/Acme/bob.txt"), wanted("Acme", "bob", "Work"));
        assert_eq!(read(link, ""), wanted("Acme", "bob", ""));
        assert_eq!(read("pw\nurl: https://a.example\n", "x"), vec![]);
    }

    const LINK: &str = "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme";

    fn zip(members: &[(&str, &[u8])]) -> Zeroizing<Vec<u8>> {
        zip::write_plain(members.iter().copied()).unwrap()
    }

    #[test]
    fn an_entry_that_is_no_text_does_not_sink_the_others() {
        let zip = zip(&[("pass-otp/noise.txt", &[0, 1, 2, 0]), ("pass-otp/Acme/bob.txt", LINK.as_bytes())]);
        let vault = decode(&Input::new(&zip), &Limits::default()).unwrap();
        assert_eq!((vault.accounts.len(), vault.accounts[0].name.as_str()), (1, "bob"));
        let skipped = &vault.skipped[0];
        assert_eq!((skipped.code.as_str(), skipped.issuer.as_str()), (Skip::DAMAGED, "noise.txt"));
    }

    #[test]
    fn all_entries_of_a_zip_are_held_to_the_limit_of_one_file() {
        let half = [b'x'; 60];
        let zip = zip(&[("pass-otp/a.txt", &half), ("pass-otp/b.txt", &half)]);
        let read = |bytes| {
            let limits = Limits { bytes, ..Limits::default() };
            decode(&Input::new(&zip), &limits).map(|_| ()).map_err(|error| error.kind)
        };
        assert_eq!((read(120), read(119)), (Ok(()), Err(ErrorKind::Limit)));
    }

    fn names(accounts: Vec<Account>) -> Vec<String> {
        let part = encode(&Vault { accounts, ..Vault::default() }).unwrap();
        Archive::open(&part.0).unwrap().names().to_vec()
    }

    #[test]
    fn accounts_of_one_name_are_numbered() {
        let named =
            |name: &str| Account { name: name.to_owned(), ..crate::open::otpauth::parse(LINK).ok().unwrap() };
        assert_eq!(
            names(["bob", "bob 2", "Bob", "bob", "bob 2"].map(named).to_vec()),
            ["bob", "bob 2", "Bob 3", "bob 4", "bob 2 2"].map(|name| format!("pass-otp/Acme/{name}.txt"))
        );
        // Each is numbered from the last one on; a search from the start takes hours.
        assert_eq!(names(vec![named("bob"); 50_000]).len(), 50_000);
    }

    #[test]
    fn a_very_deep_group_is_left_out() {
        let account = |group: String| Account {
            groups: vec![group],
            ..crate::open::otpauth::parse(LINK).ok().unwrap()
        };
        let deep = account("a/".repeat(40_000));
        assert_eq!(names(vec![deep.clone()]), ["pass-otp/Acme/bob.txt"]);
        let fits = crate::testing::form(&PassOtp).fit(&[deep]);
        assert_eq!(fits[0].changes[0].field, crate::caps::Field::Groups);
        assert_eq!(names(vec![account("a/b".to_owned())]), ["pass-otp/a/b/Acme/bob.txt"]);
    }

    #[test]
    fn an_entry_is_told_from_a_list() {
        let link = "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP";
        assert!(is_entry(&format!("pw\n{link}\n")) && is_entry(&format!("pw\nuser: x\notpauth: {link}\n")));
        for text in [
            "",
            "pw",
            link,
            &format!("{link}\npw"),
            &format!("pw\n{link}\n{link}"),
            &format!("pw\nsee {link}"),
        ] {
            assert!(!is_entry(text), "{text}");
        }
    }

    #[test]
    fn a_counter_that_goes_up_first_is_remarked() {
        let remarks = |kind: &str| {
            let link = format!("otpauth://{kind}/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme&counter=5");
            fit(&CAPS, &crate::open::otpauth::parse(&link).ok().unwrap()).remarks.len()
        };
        assert_eq!([remarks("hotp"), remarks("totp")], [1, 0]);
    }

    #[test]
    fn file_names_are_safe() {
        for (name, wanted) in [
            ("a/b\\c:d", "a_b_c_d"),
            ("..", "_"),
            (".hidden", "_.hidden"),
            ("x. ", "x"),
            ("", "_"),
            ("Ä b", "Ä b"),
        ] {
            assert_eq!(file_name(name), wanted);
        }
        assert_eq!(file_name(&"ä".repeat(100)).len(), NAME_BYTES);
    }
}
