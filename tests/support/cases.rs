//! Files in the formats that are read, each beside the reading that is expected of it.

use std::path::{Path, PathBuf};

use otpferry_formats::model::{Algorithm, Period, SecretText, Vault};
use otpferry_formats::{
    Bytes, Ctx, Error, Folder, Format, Input, KeyFile, Layout, Manifest, NoPasswords, Passwords, Probe,
    TokenOptions, registry, testing,
};
use serde_json::Value;

/// The end of the name of an expected reading.
const EXPECTED: &str = ".expected.json";
/// What is read of a folder that is a case.
const FIRST: &str = "Manifest.plist";
/// The list of a folder.
const MANIFEST: &str = "manifest.json";

/// Reads the codes of the pictures inside a page.
fn read_codes(picture: &[u8]) -> Vec<String> {
    let scan = otpferry_scan::scan(picture, &otpferry_scan::Options::default());
    let text = |code: &otpferry_scan::Code| String::from_utf8_lossy(&code.payload).into_owned();
    scan.map(|scan| scan.codes().map(text).collect()).unwrap_or_default()
}

/// A file and what a correct reader makes of it.
pub(crate) struct Case {
    /// Its path from the root of all cases: `aegis/plain-v1.json`.
    pub(crate) name: String,
    /// What to read: the bytes of the file, or of a picture the text in its codes.
    pub(crate) bytes: Vec<u8>,
    /// The write-ahead log beside a database.
    pub(crate) wal: Option<Vec<u8>>,
    /// The list of the folder, which says how the file is encrypted.
    pub(crate) manifest: Option<Vec<u8>>,
    /// The folder, when the case is one: its first file is what is read.
    pub(crate) folder: Option<PathBuf>,
    /// The key file of a database.
    pub(crate) key_files: Vec<KeyFile>,
    /// The reading, as fixtures/README.md describes it.
    pub(crate) expected: Value,
}

/// The cases of one format, in order of name.
///
/// # Panics
/// When there is none, and for a file that lies there without a reading.
pub(crate) fn of_format(root: &Path, id: &str) -> Vec<Case> {
    let mut files = Vec::new();
    walk(&root.join(id), &mut files);
    files.sort();
    let stray: Vec<_> = files.iter().filter(|file| !belongs(file, &files)).collect();
    assert!(stray.is_empty(), "files without an expected reading, or readings without a file: {stray:?}");
    let has_reading = |file: &&PathBuf| files.contains(&with_suffix(file, EXPECTED));
    let cases: Vec<Case> = files.iter().filter(has_reading).map(|file| load(root, file)).collect();
    assert!(!cases.is_empty(), "there is no case of {id}");
    cases
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        let is_case = with_suffix(&path, EXPECTED).exists();
        if path.is_dir() && !is_case { walk(&path, files) } else { files.push(path) }
    }
}

/// Whether a file is a case, the reading, write-ahead log or key file of one, or the list of a folder.
fn belongs(file: &Path, files: &[PathBuf]) -> bool {
    if file.file_name().is_some_and(|name| name == MANIFEST) {
        return true;
    }
    let without = |end: &str| file.to_str().unwrap().strip_suffix(end).map(PathBuf::from);
    let owner = without(EXPECTED).or_else(|| without("-wal")).or_else(|| without(".key"));
    match owner {
        Some(owner) => files.contains(&owner),
        None => files.contains(&with_suffix(file, EXPECTED)),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn load(root: &Path, file: &Path) -> Case {
    let expected = std::fs::read(with_suffix(file, EXPECTED)).unwrap();
    let folder = file.is_dir().then(|| file.to_owned());
    let mut case = Case {
        name: file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"),
        bytes: std::fs::read(folder.as_ref().map_or(file.to_owned(), |folder| folder.join(FIRST))).unwrap(),
        folder,
        wal: std::fs::read(with_suffix(file, "-wal")).ok(),
        key_files: std::fs::read(with_suffix(file, ".key")).map(key_file).into_iter().collect(),
        manifest: std::fs::read(file.with_file_name(MANIFEST)).ok(),
        expected: serde_json::from_slice(&expected).unwrap(),
    };
    if otpferry_scan::sniff(&case.bytes).is_some() {
        case.bytes = text_of_picture(&case.name, &case.bytes);
    }
    case
}

fn key_file(bytes: Vec<u8>) -> KeyFile {
    KeyFile { name: "database.key".to_owned(), bytes: bytes.into() }
}

/// The payloads of all codes in a picture, one a line.
fn text_of_picture(name: &str, bytes: &[u8]) -> Vec<u8> {
    let scan = otpferry_scan::scan(bytes, &otpferry_scan::Options::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(scan.codes().next().is_some(), "{name}: no code was found in the picture");
    let payloads: Vec<&[u8]> = scan.codes().map(|code| code.payload.as_slice()).collect();
    payloads.join(&b'\n')
}

impl Case {
    /// The name of the file alone.
    pub(crate) fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap()
    }

    /// Its bytes with what lies beside them; called so or without a name.
    pub(crate) fn probe<'a>(&'a self, name: Option<&'a str>) -> Probe<'a> {
        Probe::new(&self.bytes, name).with_wal(self.wal.as_deref()).with_manifest(self.manifest())
    }

    fn manifest(&self) -> Option<Manifest<'_>> {
        let bytes = self.manifest.as_deref()?;
        Some(Manifest { file_name: self.file_name(), bytes })
    }

    /// The format that the file is taken for, or that the user has to name.
    pub(crate) fn detect(&self) -> Result<&'static dyn Format, Error> {
        let own = registry::by_name(self.name.split('/').next().unwrap()).unwrap();
        if !own.is_recognisable() {
            return Ok(own);
        }
        registry::detect(&self.probe(Some(self.file_name())))
    }

    /// What a format makes of it with the password that the case states.
    pub(crate) fn decode(&self, format: &dyn Format) -> Result<Vault, Error> {
        let input = Input::with_wal(&self.bytes, self.wal.as_deref()).with_manifest(self.manifest());
        let input = input.with_name(Some(self.file_name()));
        let folder = self.folder.clone().map(Files);
        let input = input.with_folder(folder.as_ref().map(|files| files as &dyn Folder));
        let decode = |ctx: &mut Ctx<'_>| {
            ctx.read_codes = Some(&read_codes);
            format.decode(&input, ctx)
        };
        let with = |passwords: &mut dyn Passwords| {
            testing::with_tokens(passwords, &self.key_files, &self.said(), decode)
        };
        let vault = match &self.password() {
            Some(password) => with(&mut password.as_slice()),
            None => with(&mut NoPasswords),
        };
        vault.map(|vault| self.with_enclosed(vault))
    }

    fn password(&self) -> Option<[SecretText; 1]> {
        self.expected["password"].as_str().map(|password| [SecretText::new(password)])
    }

    /// The files inside a backup are read like those beside it, with the same password.
    fn with_enclosed(&self, mut vault: Vault) -> Vault {
        for enclosed in std::mem::take(&mut vault.enclosed) {
            let wal = enclosed.wal.as_ref().map(|wal| wal.as_slice());
            let probe = Probe::new(&enclosed.bytes, Some(&enclosed.path)).with_wal(wal);
            let format = registry::detect(&probe).unwrap();
            let input = Input::with_wal(&enclosed.bytes, wal).with_name(Some(&enclosed.path));
            let passwords = self.password();
            let mut passwords = passwords.as_ref().map(<[_; 1]>::as_slice).unwrap_or_default();
            let read = testing::with_ctx(&mut passwords, |ctx| format.decode(&input, ctx)).unwrap();
            for mut account in read.accounts {
                account.origin.index = vault.entries();
                vault.accounts.push(account);
            }
        }
        vault
    }

    /// What has to be said about its tokens, because it does not say it.
    fn said(&self) -> TokenOptions {
        let said = |key: &str| self.expected[key].as_str();
        TokenOptions {
            token_type: said("token_type").map(|name| name.parse().unwrap()),
            period: said("token_period").map(|seconds| Period::new(seconds.parse().unwrap()).unwrap()),
            algorithm: said("token_algorithm").map(|name| Algorithm::parse(name).unwrap()),
            okta_encoding: said("okta_encoding").map(|name| name.parse().unwrap()),
            layout: self.layout(),
            ..TokenOptions::default()
        }
    }

    fn layout(&self) -> Layout {
        let said = |key: &str| self.expected[key].as_str();
        let mut layout = Layout::default();
        if let Some(columns) = said("columns") {
            layout = layout.with_columns(columns).unwrap();
        }
        if let Some(delimiter) = said("delimiter") {
            layout = layout.with_delimiter(delimiter).unwrap();
        }
        if let Some(quoting) = said("quoting") {
            layout = layout.with_quoting(quoting.parse().unwrap());
        }
        if self.expected["header"] == false { layout.without_header() } else { layout }
    }
}

/// A folder that is read whole, file by file.
struct Files(PathBuf);

impl Folder for Files {
    fn open(&self, path: &str) -> Result<Option<Box<dyn Bytes + '_>>, Error> {
        Ok(std::fs::read(self.0.join(path)).ok().map(|bytes| Box::new(Content(bytes)) as Box<dyn Bytes>))
    }
}

struct Content(Vec<u8>);

impl Bytes for Content {
    fn size(&self) -> u64 {
        self.0.as_slice().len() as u64
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        self.0.as_slice().fill(at, piece)
    }
}
