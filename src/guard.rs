//! Which files a run must not replace, whatever `--force` says.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::cli::ReadOptions;
use crate::failure::{Exit, Failure};
use crate::intake::Intake;

/// Endings of files that are read together with a database.
const COMPANIONS: &[&str] = &["-wal", "-shm", "-journal"];

/// The files that a run reads from, and those that it has promised to write.
pub(crate) struct Guard {
    read: HashSet<PathBuf>,
    written: HashSet<PathBuf>,
}

impl Guard {
    /// Knows the inputs and the files of passwords and keys that the options name.
    pub(crate) fn new<'a>(
        options: &'a ReadOptions,
        further: impl IntoIterator<Item = &'a PathBuf>,
        intake: &Intake,
    ) -> Self {
        let secrets = options
            .password_file
            .iter()
            .chain(&options.key_file)
            .chain(&options.age_identity)
            .chain(&options.age_passphrase_file)
            .chain(further);
        let mut read: HashSet<PathBuf> = secrets.map(|path| identity(path)).collect();
        for path in &intake.paths {
            read.insert(identity(path));
            for suffix in COMPANIONS {
                let mut name = path.as_os_str().to_owned();
                name.push(suffix);
                read.insert(identity(Path::new(&name)));
            }
        }
        Self { read, written: HashSet::new() }
    }

    /// Reserves a place for an output.
    ///
    /// # Errors
    /// [`Exit::Refused`] when the run reads from it; [`Exit::Usage`] when another output goes there.
    pub(crate) fn claim(&mut self, path: &Path) -> Result<(), Failure> {
        let identity = identity(path);
        if self.read.contains(&identity) {
            return Err(Failure::new(Exit::Refused, "the output would replace a file that is read")
                .in_file(&path.to_string_lossy())
                .next_step("Choose another name with -o; delete the old file when the new one is in use"));
        }
        if !self.written.insert(identity) {
            return Err(Failure::new(Exit::Usage, "two outputs would go to the same file")
                .in_file(&path.to_string_lossy())
                .next_step("Give --report, or one of the outputs, another name"));
        }
        Ok(())
    }
}

/// The same for every spelling of a path, also of a file that is still to be made.
fn identity(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_path_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("new.json");
        let other = folder.path().join(".").join("new.json");
        assert_eq!(identity(&plain), identity(&other));
        let mut guard = Guard { read: HashSet::from([identity(&plain)]), written: HashSet::new() };
        assert_eq!(guard.claim(&other).unwrap_err().exit, Exit::Refused);
        guard.claim(&folder.path().join("a")).unwrap();
        assert_eq!(guard.claim(&folder.path().join("./a")).unwrap_err().exit, Exit::Usage);
    }
}
