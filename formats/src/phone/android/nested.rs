//! Archives of one app's folder among the members of another archive, as Neo Backup and Titanium Backup keep them.
//! They are read one level deep.

use std::io::{BufReader, Cursor, Read};
use std::ops::ControlFlow;

use super::collect::Collection;
use super::known::{self, KnownApp};
use super::place::{self, Layout, Place};
use super::stream::{self, Bounds, End, Member};
use super::why::Why;
use super::{GZIP, closed};
use crate::container::inflate::Gunzip;
use crate::container::tar;

/// As much of an archive as says how it is packed.
const HEAD: u64 = 512;

/// The archive of an app's folder.
pub(super) struct Nested {
    app: &'static KnownApp,
    /// Where it is.
    path: String,
    /// Why it is not opened, where its name says so.
    closed: Option<Why>,
}

impl Nested {
    /// What a member is by its name; `None` for what is no archive of the folder of a known app, or lies where nothing is
    /// looked for.
    pub(super) fn of(name: &str, layout: Layout) -> Option<Self> {
        let path = Place::of(name, layout)?.shown();
        let parts = place::parts(name);
        let (app, end) = of_neo(&parts).or_else(|| of_titanium(&parts))?;
        let closed = match end {
            ".tar" | ".tar.gz" => None,
            end if end.ends_with(".enc") => Some(Why::ENCRYPTED),
            ".tar.bz2" | ".tar.zst" => Some(Why::PACKED),
            _ => return None,
        };
        Some(Self { app, path, closed })
    }

    /// Reads it as a part of the archive that it is in.
    pub(super) fn take(self, member: Member<'_>, collection: &mut Collection, bounds: &Bounds) {
        let mut inner = collection.beside(self.app);
        let why = match self.read(member, &mut inner, bounds) {
            Ok(end) => {
                collection.absorb(inner, &self.path);
                ended(end)
            }
            Err(why) => Some(why),
        };
        if let Some(why) = why {
            collection.leave(Some(self.app), self.path, why);
        }
    }

    fn read(&self, member: Member<'_>, inner: &mut Collection, bounds: &Bounds) -> Result<End, Why> {
        if let Some(why) = self.closed {
            return Err(why);
        }
        let content = member.content?;
        let mut head = Vec::new();
        content.take(HEAD).read_to_end(&mut head).map_err(|_| Why::CUT_OFF)?;
        let (is_tar, is_packed, is_sealed) =
            (tar::sniff(&head), head.starts_with(GZIP), head.starts_with(closed::TITANIUM));
        let whole = Cursor::new(head).chain(content);
        let source: Box<dyn Read + '_> = if is_tar {
            Box::new(whole)
        } else if is_packed {
            Box::new(Gunzip::new(BufReader::new(whole)))
        } else {
            return Err(if is_sealed { Why::ENCRYPTED } else { Why::DAMAGED });
        };
        let end = stream::walk(source, bounds, |member| {
            inner.take(member);
            ControlFlow::Continue(())
        });
        end.map_err(|_| Why::ALTERED)
    }
}

/// What Neo Backup calls the archives of an app. `obb_files` are no accounts.
const OF_NEO: [&str; 4] = ["data", "device_protected_files", "external_files", "media_files"];

/// `PACKAGE/DATE-user_0/data.tar.gz`: the app, and how the name goes on.
fn of_neo<'p>(parts: &[&'p str]) -> Option<(&'static KnownApp, &'p str)> {
    let [.., package, folder, file] = parts else { return None };
    let end = OF_NEO.iter().find_map(|name| file.strip_prefix(name)).filter(|_| is_folder_of_neo(folder))?;
    Some((known::of_package(package)?, end))
}

/// `PACKAGE-YYYYMMDD-HHMMSS.tar.gz`: the same.
fn of_titanium<'p>(parts: &[&'p str]) -> Option<(&'static KnownApp, &'p str)> {
    let (package, rest) = parts.last()?.split_once('-')?;
    let (time, end) = rest.split_at_checked("YYYYMMDD-HHMMSS".len())?;
    let is_time =
        time.bytes().enumerate().all(|(at, byte)| if at == 8 { byte == b'-' } else { byte.is_ascii_digit() });
    Some((known::of_package(package).filter(|_| is_time)?, end))
}

/// Whether a file is called as Neo Backup calls its archives, whatever the app.
pub(super) fn is_of_neo(name: &str) -> bool {
    let parts = place::parts(name);
    let [.., folder, file] = parts.as_slice() else { return false };
    let stem = file.split_once(".tar").map(|(stem, _)| stem);
    is_folder_of_neo(folder) && stem.is_some_and(|stem| OF_NEO.contains(&stem) || stem == "obb_files")
}

/// `2024-05-01-10-10-10-user_0`.
fn is_folder_of_neo(name: &str) -> bool {
    name.rsplit_once("-user_").is_some_and(|(_, user)| place::is_number(user))
}

/// What is said where an archive was read in part.
fn ended(end: End) -> Option<Why> {
    match end {
        End::Whole => None,
        End::CutOff => Some(Why::ENDS),
        End::Followed => Some(Why::FOLLOWED),
        End::LongName | End::TooLarge | End::TooMany => Some(Why::OVER_LIMIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_of_apps_are_known_by_their_names() {
        for (name, wanted) in [
            ("com.authy.authy/2024-05-01-10-10-10-user_0/data.tar.gz", Some(("Authy", None))),
            ("a/com.authy.authy/2024-05-01-user_10/data.tar", Some(("Authy", None))),
            ("com.authy.authy/1-user_0/data.tar.gz.enc", Some(("Authy", Some(Why::ENCRYPTED)))),
            ("com.authy.authy/1-user_0/data.tar.zst", Some(("Authy", Some(Why::PACKED)))),
            ("TitaniumBackup/com.authy.authy-20240501-101010.tar.gz", Some(("Authy", None))),
            ("com.authy.authy-20240501-101010.tar.bz2", Some(("Authy", Some(Why::PACKED)))),
            ("com.authy.authy/1-user_0/device_protected_files.tar.gz", Some(("Authy", None))),
            ("com.authy.authy/1-user_0/obb_files.tar.gz", None),
            ("com.authy.authy/1-user_x/data.tar.gz", None),
            ("com.authy.authy/files/data.tar.gz", None),
            ("com.authy.authy-20240501-10101x.tar.gz", None),
            ("com.authy.authy-20240501-101010.apk.gz", None),
            ("com.example.notes-20240501-101010.tar.gz", None),
            ("../com.authy.authy-20240501-101010.tar.gz", None),
            ("", None),
        ] {
            let nested = Nested::of(name, Layout::Copy(None)).map(|nested| (nested.app.name, nested.closed));
            assert_eq!(nested, wanted, "{name}");
        }
    }
}
