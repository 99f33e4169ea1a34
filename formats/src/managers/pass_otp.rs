//! `pass-otp`: entries of pass, the password store of Unix, with the link that its extension for
//! one-time passwords reads.
//!
//! An entry is a text: the password in its first line, then whatever its owner keeps there. Its name is
//! its path in the store. The store itself is encrypted file by file with GnuPG and is not read.
//!
//! Source: `otp.bash` and README of pass-otp; gopass and Android Password Store for `totp:` lines.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::login::{Gathering, Login, title};
use super::written;
use crate::caps::{Caps, Fit, Groups, Periods};
use crate::container::zip::{self, Archive};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Otp, Vault};
use crate::open::{otp_field, uri_list};
use crate::probe::Probe;
use crate::text::{base32, encoding};

/// pass with pass-otp.
pub(crate) struct PassOtp;

const ID: &str = "pass-otp";

/// The folder in the zip that otpferry writes.
const ROOT: &str = "pass-otp/";
const EXTENSION: &str = ".txt";
/// Most bytes of a file name that we make; file systems take 255.
const NAME_BYTES: usize = 120;

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
        accounts
            .iter()
            .map(|account| written::fit(&writing.caps, account, |otp| Ok(read_again(account, otp))))
            .collect()
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
        let mut gathering = Gathering::new(ID, "entry");
        gather(&input.text()?, input.name.unwrap_or_default(), limits, &mut gathering)?;
        return Ok(gathering.finish());
    }
    let mut archive = Archive::open(input.bytes)?;
    let names: Vec<String> =
        archive.names().iter().filter(|name| name.ends_with(EXTENSION)).cloned().collect();
    limits.check_accounts(names.len())?;
    let mut gathering = Gathering::new(ID, "zip of entries");
    for name in &names {
        let bytes = archive.read(name, limits)?;
        let text =
            encoding::decode(&bytes).ok_or_else(|| Error::malformed("an entry in the zip is not a text"))?;
        gather(&text, name.strip_prefix(ROOT).unwrap_or(name), limits, &mut gathering)?;
    }
    Ok(gathering.finish())
}

/// Takes the codes of an entry with this path.
fn gather(text: &str, path: &str, limits: &Limits, gathering: &mut Gathering) -> Result<(), Error> {
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
            limits.check_accounts(gathering.entries())?;
            let issuer = entry.as_ref().map_or("", |account| account.issuer.as_str());
            let login = Login { groups: groups(folder, issuer), ..login.clone() };
            gathering.entry(&login, entry, &Place::Line(at.saturating_add(1)));
        }
    }
    if none {
        gathering.other();
    }
    Ok(())
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

/// Folder, issuer and name, without the ending.
fn path(account: &Account) -> String {
    let group = account.groups.first().map_or("", String::as_str);
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

/// What is read of the entry of an account.
fn read_again(account: &Account, otp: &Otp) -> Vault {
    let mut gathering = Gathering::new(ID, "entry");
    let path = format!("{}{EXTENSION}", path(account));
    match gather(&link(account, otp), &path, &Limits::default(), &mut gathering) {
        Ok(()) => gathering.finish(),
        Err(_) => Vault::default(),
    }
}

fn encode(vault: &Vault) -> Result<Part, Error> {
    let mut taken = HashSet::new();
    let mut members = Vec::with_capacity(vault.accounts.len());
    for account in &vault.accounts {
        let Some(otp) = account.otp() else { continue };
        let path = path(account);
        let numbered = (1_usize..).map(|number| match number {
            1 => path.clone(),
            _ => format!("{path} {number}"),
        });
        // Some file systems do not tell capitals apart.
        let Some(free) = numbered.into_iter().find(|path| taken.insert(path.to_lowercase())) else {
            continue;
        };
        let mut content = link(account, otp);
        content.push('\n');
        members.push((format!("{ROOT}{free}{EXTENSION}"), content));
    }
    zip::write_plain(members.iter().map(|(name, content)| (name.as_str(), content.as_bytes()))).map(Part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, path: &str) -> Vec<(String, String, Vec<String>)> {
        let mut gathering = Gathering::new(ID, "entry");
        gather(text, path, &Limits::default(), &mut gathering).unwrap();
        let accounts = gathering.finish().accounts.into_iter();
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
