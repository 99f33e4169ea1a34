//! Authenticator apps for Android, the files in which they keep their accounts, and what to do where those cannot be read.

use super::super::survey::{App, Hope};

/// An app by its package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KnownApp {
    pub(super) package: &'static str,
    pub(super) name: &'static str,
    /// Files that some format reads, by their path below the app's folder.
    files: &'static [File],
    /// Files with accounts that no format reads.
    closed: &'static [&'static str],
    /// Why nothing of the app was read, as a clause.
    pub(super) why: &'static str,
    /// What to do then, as a sentence without a stop.
    pub(super) next_step: &'static str,
}

/// What became of an app's accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// All files in which they are were handed on.
    Read,
    /// A file of them was, another was not.
    Partly,
    /// None was.
    Left {
        /// Why, as a clause.
        why: String,
        /// What to do, as a sentence without a stop.
        next_step: &'static str,
    },
}

#[derive(Debug, PartialEq, Eq)]
enum File {
    Named(&'static str),
    Beginning(&'static str),
}

use File::{Beginning, Named};

/// Ends of the names of what SQLite keeps beside a database.
pub(super) const WAL: &str = "-wal";
pub(super) const JOURNAL: &str = "-journal";

const NO_FILE: &str = "there is no file with its accounts that can be read";
const ENCRYPTED: &str = "its database is encrypted by the phone, or damaged";

/// Sources: the importers of Aegis for packages and paths, and the apps themselves.
pub(super) static APPS: [KnownApp; 15] = [
    KnownApp {
        package: "org.fedorahosted.freeotp",
        name: "FreeOTP",
        files: &[Named("shared_prefs/tokens.xml"), Named("shared_prefs/tokenBackup.xml")],
        closed: &["shared_prefs/tokenStore.xml"],
        why: NO_FILE,
        next_step: "Make a backup in FreeOTP 2: menu > Backup",
    },
    KnownApp {
        package: "org.liberty.android.freeotpplus",
        name: "FreeOTP+",
        files: &[Named("shared_prefs/tokens.xml")],
        closed: &[],
        why: NO_FILE,
        next_step: "Export a file in the app: menu > Export > JSON",
    },
    KnownApp {
        package: "com.google.android.apps.authenticator2",
        name: "Google Authenticator",
        files: &[Named("databases/databases")],
        closed: &[],
        why: ENCRYPTED,
        next_step: "Use Transfer accounts > Export in the app, and photograph its QR codes",
    },
    KnownApp {
        package: "com.azure.authenticator",
        name: "Microsoft Authenticator",
        files: &[Named("databases/PhoneFactor")],
        closed: &[],
        why: NO_FILE,
        next_step: "On a rooted phone, copy the databases of the app; else set its accounts up again",
    },
    KnownApp {
        package: "com.authy.authy",
        name: "Authy",
        files: &[
            Named("shared_prefs/com.authy.storage.tokens.authenticator.xml"),
            Named("shared_prefs/com.authy.storage.tokens.authy.xml"),
        ],
        closed: &[],
        why: NO_FILE,
        next_step: "On a rooted phone, copy the shared preferences of the app; else set its accounts up again",
    },
    KnownApp {
        package: "com.duosecurity.duomobile",
        name: "Duo Mobile",
        files: &[Named("files/duokit/accounts.json")],
        closed: &[],
        why: NO_FILE,
        next_step: "Set its accounts up again",
    },
    KnownApp {
        package: "com.valvesoftware.android.steam.community",
        name: "Steam",
        files: &[Beginning("files/Steamguard-")],
        closed: &[],
        why: "versions from 3 on encrypt their secrets with a key of the phone",
        next_step: "Move Steam Guard to the new phone in the app itself",
    },
    KnownApp {
        package: "com.blizzard.messenger",
        name: "Battle.net",
        files: &[Named("shared_prefs/com.blizzard.messenger.authenticator_preferences.xml")],
        closed: &[],
        why: NO_FILE,
        next_step: "Set the authenticator up again on Battle.net",
    },
    KnownApp {
        package: "com.authenticator.authservice2",
        name: "TOTP Authenticator",
        files: &[Named("shared_prefs/TOTP_Authenticator_Preferences.xml")],
        closed: &[],
        why: NO_FILE,
        next_step: "Make a backup in the app, and give that file",
    },
    KnownApp {
        package: "com.beemdevelopment.aegis",
        name: "Aegis",
        // The second is what the app gives to `adb backup`. Source: its `AegisBackupAgent`.
        files: &[Named("files/aegis.json"), Named("files/backup/aegis.json")],
        closed: &[],
        why: "the app gives its vault to a backup only when that was allowed in its settings",
        next_step: "Export a file in the app: Settings > Import & Export > Export",
    },
    KnownApp {
        package: "com.stratumauth.app",
        name: "Stratum",
        files: &[],
        closed: &["databases/authenticator.db3"],
        why: "its database is not read",
        next_step: "Make a backup in the app, and give that file",
    },
    KnownApp {
        package: "me.jmh.authenticatorpro",
        name: "Authenticator Pro",
        files: &[],
        closed: &["files/proauth.db3"],
        why: "its database is not read",
        next_step: "Make a backup in the app, and give that file",
    },
    KnownApp {
        package: "org.shadowice.flocke.andotp",
        name: "andOTP",
        files: &[],
        closed: &["files/secrets.dat"],
        why: "its file is encrypted by the phone, or in a way that is not read",
        next_step: "Make a backup in the app, and give that file",
    },
    KnownApp {
        package: "com.twofasapp",
        name: "2FAS",
        files: &[],
        closed: &[],
        why: ENCRYPTED,
        next_step: "Export a file in the app: Settings > 2FAS Backup > Export",
    },
    KnownApp {
        package: "io.ente.auth",
        name: "Ente Auth",
        files: &[],
        closed: &[],
        why: ENCRYPTED,
        next_step: "Export a file in the app: Settings > Data > Export",
    },
];

impl KnownApp {
    /// Whether the app keeps accounts in the file of that path.
    pub(super) fn keeps(&self, path: &str) -> bool {
        self.files.iter().any(|file| match file {
            Named(name) => *name == path,
            // The file itself, not what lies beside it.
            Beginning(name) => path
                .strip_prefix(name)
                .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric())),
        })
    }

    /// Whether the file of that path has accounts, readable or not.
    pub(super) fn knows(&self, path: &str) -> bool {
        self.keeps(path) || self.closed.contains(&path)
    }

    /// The same of what SQLite keeps beside such a file.
    pub(super) fn knows_beside(&self, path: &str) -> bool {
        self.knows(path.strip_suffix(WAL).or_else(|| path.strip_suffix(JOURNAL)).unwrap_or(path))
    }

    /// Whether any file of it is read by some format.
    pub(super) fn is_readable(&self) -> bool {
        !self.files.is_empty()
    }

    /// What is told of the app, by what became of its accounts.
    pub(super) fn survey(&self, fate: &Fate) -> App {
        let (hope, advice) = match fate {
            Fate::Read => (Hope::Yes, "the accounts come along"),
            Fate::Partly => (Hope::Partly, "some of its files were not read: the warnings name them"),
            Fate::Left { next_step, .. } => (Hope::No, *next_step),
        };
        App { id: self.package, name: self.name, hope, accounts: None, advice }
    }

    /// What is told of it when nothing of it is read.
    pub(super) fn left(&self) -> App {
        App { id: self.package, name: self.name, hope: Hope::No, accounts: None, advice: self.next_step }
    }
}

/// The app of that package.
pub(super) fn of_package(package: &str) -> Option<&'static KnownApp> {
    APPS.iter().find(|app| app.package == package)
}

/// The first app that keeps accounts in a file of that path, where nothing says whose it is.
pub(super) fn of_path(path: &str) -> Option<&'static KnownApp> {
    APPS.iter().find(|app| app.keeps(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_of_which_nothing_is_read_says_what_to_do() {
        for app in &APPS {
            assert_eq!(of_package(app.package), Some(app));
            let told = |fate: Fate| {
                let app = app.survey(&fate);
                (app.hope, app.advice)
            };
            let left = Fate::Left { why: app.why.to_owned(), next_step: app.next_step };
            assert_eq!(told(left), (Hope::No, app.next_step), "{}", app.name);
            assert_eq!([told(Fate::Read).0, told(Fate::Partly).0], [Hope::Yes, Hope::Partly], "{}", app.name);
        }
    }

    #[test]
    fn files_are_known_by_path() {
        let steam = of_package("com.valvesoftware.android.steam.community").unwrap();
        assert!(steam.keeps("files/Steamguard-76561190000001001"));
        assert!(!steam.keeps("files/Steamguard-1/other") && !steam.keeps("Steamguard-1"));
        let google = of_package("com.google.android.apps.authenticator2").unwrap();
        assert!(google.keeps("databases/databases") && !google.keeps("databases/databases-wal"));
        let stratum = of_package("com.stratumauth.app").unwrap();
        let database = "databases/authenticator.db3";
        assert!(stratum.knows(database) && !stratum.keeps(database) && google.knows("databases/databases"));
        assert_eq!(of_path("shared_prefs/tokens.xml").map(|app| app.name), Some("FreeOTP"));
        assert_eq!(of_path("shared_prefs/other.xml"), None);
    }
}
