//! Where a file in an archive was on the phone.

use super::known::{self, KnownApp};
use super::nested;

/// The folder of the data that is there before the phone is unlocked.
const PROTECTED: &str = "user_de/0";

/// How the members of an archive are called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    /// As `adb backup` calls them.
    Adb,
    /// As copies do, by their place on the phone; with the app whose folder the archive is, where its own name says so.
    Copy(Option<&'static KnownApp>),
}

/// A place on the phone, in the order in which files are read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Below the folder of an app.
    App {
        /// Empty where nothing says whose folder it is.
        package: String,
        /// Below that folder.
        path: String,
        /// What is before that folder, which tells several of one app apart.
        before: String,
    },
    /// In the storage that the user sees.
    Storage(String),
}

/// A part that no name has: an unpacked backup is another place than a copy of the same folder beside it.
const UNPACKED: &str = ".";
/// Longest name of a member that is looked at: as long as Linux allows.
pub(super) const MAX_NAME: usize = 4096;

impl Place {
    /// The place of a member; `None` for what is no file of an app and not in the storage.
    pub(super) fn of(name: &str, layout: Layout) -> Option<Self> {
        if name.len() > MAX_NAME {
            return None;
        }
        let parts = parts(name);
        if parts.contains(&"..") {
            return None;
        }
        let of = match layout {
            Layout::Adb => return in_backup(&parts),
            Layout::Copy(of) => of,
        };
        // A backup that was unpacked, or the storage, wherever the copy begins.
        let ends = (0..parts.len()).filter_map(|at| parts.split_at_checked(at));
        for (before, rest) in ends {
            match rest {
                ["apps", _, tree, _, ..] if is_tree(tree) => {
                    let place = in_backup(rest)?;
                    let mark: &[&str] = if matches!(place, Self::App { .. }) { &[UNPACKED] } else { &[] };
                    return Some(place.below(&[before, mark].concat()));
                }
                ["shared", volume, ..] if is_number(volume) => return Some(in_backup(rest)?.below(before)),
                ["sdcard", rest @ ..] if !rest.is_empty() => {
                    return Some(in_storage("0", rest).below(before));
                }
                ["data", "media", user, rest @ ..] | ["storage", "emulated", user, rest @ ..]
                    if is_number(user) =>
                {
                    return Some(in_storage_of(user, rest).below(before));
                }
                _ => {}
            }
        }
        Some(copied(&parts, of))
    }

    /// The same in a folder that the copy has around it.
    fn below(self, folder: &[&str]) -> Self {
        if folder.is_empty() { self } else { self.within(&folder.join("/")) }
    }

    /// As its owner knows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::App { package, path, before } => {
                let before = before.split('/').filter(|part| *part != UNPACKED);
                let area = area(&before.collect::<Vec<_>>());
                let parts = [area.as_str(), package, path].into_iter().filter(|part| !part.is_empty());
                parts.collect::<Vec<_>>().join("/")
            }
            Self::Storage(path) => path.clone(),
        }
    }

    /// The app that keeps its accounts there.
    pub(super) fn keeper(&self) -> Option<&'static KnownApp> {
        match self {
            Self::App { package, path, .. } if package.is_empty() => known::of_path(path),
            Self::App { package, path, .. } => known::of_package(package).filter(|app| app.keeps(path)),
            Self::Storage(_) => None,
        }
    }

    /// Whether an app that is named has accounts there, readable or not.
    pub(super) fn has_accounts(&self) -> bool {
        match self {
            Self::App { package, path, .. } => known::of_package(package).is_some_and(|app| app.knows(path)),
            Self::Storage(_) => false,
        }
    }

    /// The app that the file is of.
    pub(super) fn app(&self) -> Option<&'static KnownApp> {
        match self {
            Self::App { package, .. } => known::of_package(package),
            Self::Storage(_) => None,
        }
    }

    /// Whether it is surely in the data of an app: in a folder that apps have, or where phones keep their data.
    pub(super) fn is_data_of_app(&self) -> bool {
        let Self::App { path, before, .. } = self else { return false };
        path.split_once('/').is_some_and(|(first, _)| FOLDERS.contains(&first)) || is_root(before)
    }

    /// The same in an archive that is itself at that place.
    pub(super) fn within(self, archive: &str) -> Self {
        match self {
            Self::App { package, path, before } => {
                let parts = [archive, &before].into_iter().filter(|part| !part.is_empty());
                let before = parts.collect::<Vec<_>>().join("/");
                Self::App { package, path, before }
            }
            Self::Storage(path) => Self::Storage(format!("{archive}/{path}")),
        }
    }

    /// The same without the end of its name.
    pub(super) fn without(&self, end: &str) -> Option<Self> {
        Some(match self {
            Self::App { package, path, before } => Self::App {
                package: package.clone(),
                path: path.strip_suffix(end)?.to_owned(),
                before: before.clone(),
            },
            Self::Storage(path) => Self::Storage(path.strip_suffix(end)?.to_owned()),
        })
    }
}

/// Folders that apps have in their own.
const FOLDERS: [&str; 5] = ["databases", "files", "no_backup", "shared_prefs", "app_webview"];

/// The parts of a name that say something; archives that were made on Windows have backslashes between them.
pub(super) fn parts(name: &str) -> Vec<&str> {
    name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect()
}

/// Whether the data of some app or of the storage is there, as far as a name shows it.
pub(super) fn is_of_phone(name: &str) -> bool {
    let is_at_root = match parts(name).as_slice() {
        ["apps", package, "_manifest"] => is_package(package),
        ["sdcard", ..] | ["storage", "emulated", ..] | ["data", "app" | "media" | "misc", ..] => true,
        _ => nested::is_of_neo(name),
    };
    is_at_root || is_of_some_app(name)
}

/// Whether a file is in the data of an app, known or not.
pub(super) fn is_of_some_app(name: &str) -> bool {
    let parts = parts(name);
    let is_data = |window: &[&str]| match window {
        ["data", "data", package, ..] => is_package(package),
        ["data", "user" | "user_de", number, package, ..] => is_number(number) && is_package(package),
        ["apps", package, tree, _, ..] if is_tree(tree) => is_package(package),
        [package, folder, _, ..] => is_package(package) && FOLDERS.contains(folder),
        _ => false,
    };
    (0..parts.len()).any(|at| is_data(parts.get(at..).unwrap_or_default()))
}

fn is_package(part: &str) -> bool {
    part.contains('.')
}

/// In a backup of adb.
fn in_backup(parts: &[&str]) -> Option<Place> {
    match parts {
        ["apps", package, tree, rest @ ..] if !rest.is_empty() => in_tree(package, tree, rest),
        ["shared", volume, rest @ ..] if is_number(volume) => Some(in_storage(volume, rest)),
        _ => None,
    }
}

/// Where a backup keeps the trees that are an app's own, and the folders that they are on the phone. Source:
/// `FullBackup` of Android.
const TREES: [(&str, &[&str]); 5] = [
    ("db", &["databases"]),
    ("sp", &["shared_prefs"]),
    ("f", &["files"]),
    ("nb", &["no_backup"]),
    ("r", &[]),
];
/// Files of an app in the storage, and trees without accounts: caches, programs, their data, and values.
const EXTERNAL: &str = "ef";
const OTHERS: [&str; 4] = ["c", "a", "obb", "k"];

fn is_tree(name: &str) -> bool {
    let usual = name.strip_prefix("d_").unwrap_or(name);
    TREES.iter().any(|(tree, _)| *tree == usual) || usual == EXTERNAL || OTHERS.contains(&usual)
}

fn in_tree(package: &str, tree: &str, rest: &[&str]) -> Option<Place> {
    if tree == EXTERNAL {
        return Some(in_storage("0", &[&["Android", "data", package, "files"], rest].concat()));
    }
    let (before, tree) = match tree.strip_prefix("d_") {
        Some(tree) => (PROTECTED, tree),
        None => ("", tree),
    };
    let (_, folder) = TREES.iter().find(|(name, _)| *name == tree)?;
    let path = [folder, rest].concat().join("/");
    Some(Place::App { package: package.to_owned(), path, before: before.to_owned() })
}

/// Each user of a phone has a storage.
fn in_storage_of(user: &str, rest: &[&str]) -> Place {
    let place = in_storage("0", rest);
    if user == "0" { place } else { place.within(&format!("user/{user}")) }
}

fn in_storage(volume: &str, rest: &[&str]) -> Place {
    let name = match volume {
        "0" => "Internal storage".to_owned(),
        "1" => "SD card".to_owned(),
        other => format!("SD card {other}"),
    };
    Place::Storage([&[name.as_str()], rest].concat().join("/"))
}

/// In a copy: below the package, wherever that is. Other users of the phone have folders of their own.
fn copied(parts: &[&str], of: Option<&'static KnownApp>) -> Place {
    let of_part = |at: &usize| parts.get(*at).and_then(|part| known::of_package(part));
    let packages = (0..parts.len()).filter(|at| of_part(at).is_some());
    // The folder of an unpacked archive can be called like the package in it.
    let holds = |at: &usize| {
        let rest = parts.get(at.saturating_add(1)..).filter(|rest| rest.len() <= DEEPEST).unwrap_or_default();
        of_part(at).is_some_and(|app| app.knows_beside(&rest.join("/")))
    };
    let at = packages.clone().rev().find(holds).or_else(|| packages.clone().next());
    let Some((before, [package, rest @ ..])) = at.and_then(|at| parts.split_at_checked(at)) else {
        let package = of.map(|app| app.package.to_owned()).unwrap_or_default();
        return Place::App { package, path: parts.join("/"), before: String::new() };
    };
    Place::App { package: (*package).to_owned(), path: rest.join("/"), before: before.join("/") }
}

/// Most parts of the path of a file with accounts, below the folder of its app.
const DEEPEST: usize = 4;

/// What tells several folders of an app apart, as far as their owner needs it: what is before the root of the data, and
/// another user.
fn area(before: &[&str]) -> String {
    match before {
        [head @ .., "data", "data"] | [head @ .., "data", "user", "0"] => head.join("/"),
        [head @ .., "data", kind @ ("user" | "user_de"), number] if is_number(number) => {
            [head, &[*kind, *number]].concat().join("/")
        }
        before => before.join("/"),
    }
}

/// Whether phones keep the data of apps there.
fn is_root(folder: &str) -> bool {
    match folder.split('/').collect::<Vec<_>>().as_slice() {
        [.., "data", "data"] => true,
        [.., "user" | "user_de", number] => is_number(number),
        _ => false,
    }
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The app whose folder an archive of that name is: the last part of its path that is a package, alone, before a date, or
/// before what says how it is packed.
pub(super) fn named_for(name: &str) -> Option<&'static KnownApp> {
    const PACKED: [&str; 5] = [".tar.gz", ".tgz", ".tar", ".zip", ".ab"];
    let without_end = |part| PACKED.iter().find_map(|end| str::strip_suffix(part, end)).unwrap_or(part);
    let app =
        |part| known::of_package(without_end(part)).or_else(|| known::of_package(part.split('-').next()?));
    name.split(['/', '\\']).rev().find_map(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> Option<String> {
        Place::of(name, Layout::Copy(None)).map(|place| place.shown())
    }

    #[test]
    fn members_are_named_by_their_place_on_the_phone() {
        for (name, wanted) in [
            ("apps/com.a/db/x", Some("com.a/databases/x")),
            ("apps/com.a/sp/x.xml", Some("com.a/shared_prefs/x.xml")),
            ("apps/com.a/f/d/x", Some("com.a/files/d/x")),
            ("apps/com.a/r/app_x/x", Some("com.a/app_x/x")),
            ("apps/com.a/d_sp/x.xml", Some("user_de/0/com.a/shared_prefs/x.xml")),
            ("apps/com.a/ef/x.json", Some("Internal storage/Android/data/com.a/files/x.json")),
            ("apps/com.a/a/base.apk", None),
            ("shared/0/Download/x.json", Some("Internal storage/Download/x.json")),
            ("shared/1/x.json", Some("SD card/x.json")),
            ("data/media/0/x.json", Some("Internal storage/x.json")),
            ("./data/data/com.authy.authy/./files/x", Some("com.authy.authy/files/x")),
            ("data/user/0/com.authy.authy/files/x", Some("com.authy.authy/files/x")),
            ("data/user/10/com.authy.authy/files/x", Some("user/10/com.authy.authy/files/x")),
            ("data/user_de/0/com.authy.authy/files/x", Some("user_de/0/com.authy.authy/files/x")),
            ("phone1/data/data/com.authy.authy/files/x", Some("phone1/com.authy.authy/files/x")),
            ("2023/com.authy.authy/files/x", Some("2023/com.authy.authy/files/x")),
            (
                "data_mirror/data_ce/null/10/com.authy.authy/files/x",
                Some("data_mirror/data_ce/null/10/com.authy.authy/files/x"),
            ),
            (
                "com.authy.authy/data/data/com.authy.authy/shared_prefs/com.authy.storage.tokens.authenticator.xml",
                Some(
                    "com.authy.authy/com.authy.authy/shared_prefs/com.authy.storage.tokens.authenticator.xml",
                ),
            ),
            ("shared/2/x.json", Some("SD card 2/x.json")),
            ("shared_prefs/tokens.xml", Some("shared_prefs/tokens.xml")),
            ("data/data/com.authy.authy/../x", None),
            ("..", None),
            ("apps/com.authy.authy/shared_prefs/x.xml", Some("apps/com.authy.authy/shared_prefs/x.xml")),
            ("backup/apps/com.a/db/x", Some("backup/com.a/databases/x")),
            ("phone/sdcard/x.json", Some("phone/Internal storage/x.json")),
            ("mnt/storage/emulated/10/x.json", Some("mnt/user/10/Internal storage/x.json")),
            (
                "com.google.android.apps.authenticator2/data/data/com.google.android.apps.authenticator2/databases/databases-wal",
                Some(
                    "com.google.android.apps.authenticator2/com.google.android.apps.authenticator2/databases/databases-wal",
                ),
            ),
            ("data\\data\\com.authy.authy\\files\\x", Some("com.authy.authy/files/x")),
        ] {
            assert_eq!(shown(name).as_deref(), wanted, "{name}");
        }
    }

    #[test]
    fn in_a_backup_only_its_own_names_count() {
        let shown = |name| Place::of(name, Layout::Adb).map(|place| place.shown());
        for (name, wanted) in [
            ("apps/com.authy.authy/sp/x.xml", Some("com.authy.authy/shared_prefs/x.xml")),
            ("apps/com.authy.authy/shared_prefs/x.xml", None),
            ("apps/com.authy.authy/_manifest", None),
            ("data/data/com.authy.authy/files/x", None),
            ("shared/0/x.json", Some("Internal storage/x.json")),
            ("sdcard/x.json", None),
        ] {
            assert_eq!(shown(name).as_deref(), wanted, "{name}");
        }
    }

    #[test]
    fn the_data_of_a_phone_is_seen_by_its_names() {
        for name in [
            "data/data/com.a/files/x",
            "./data/data/com.a/./x",
            "backup/data/user/0/com.a/x",
            "data/user_de/10/com.a/x",
            "apps/com.a/_manifest",
            "./com.android.launcher3/databases/x",
            "sdcard/DCIM/x.jpg",
            "com.whatsapp/2024-05-01-user_0/data.tar.gz",
        ] {
            assert!(is_of_phone(name), "{name}");
        }
        for name in ["data/data/x", "data/user/a/com.a/x", "apps/com.a/x", "data/com.a/x", ""] {
            assert!(!is_of_phone(name), "{name}");
        }
    }

    #[test]
    fn apps_are_known_by_the_names_of_archives() {
        let name = |name| named_for(name).map(|app| app.name);
        assert_eq!(name("com.authy.authy-20240501-101010.tar.gz"), Some("Authy"));
        assert_eq!(name("com.authy.authy/2024-05-01-10-10-10-user_0/data.tar.gz"), Some("Authy"));
        assert_eq!(name("data.tar.gz"), None);
        assert_eq!(name("com.twofasapp.tar.gz"), Some("2FAS"));
        assert_eq!(
            name("com.authy.authy/org.liberty.android.freeotpplus-20240501-101010.tar.gz"),
            Some("FreeOTP+")
        );
        let place = Place::of(
            "./shared_prefs/tokens.xml",
            Layout::Copy(known::of_package("org.liberty.android.freeotpplus")),
        );
        let keeper = place.as_ref().and_then(Place::keeper).map(|app| app.name);
        assert_eq!(
            (place.unwrap().shown().as_str(), keeper),
            ("org.liberty.android.freeotpplus/shared_prefs/tokens.xml", Some("FreeOTP+"))
        );
    }
}
