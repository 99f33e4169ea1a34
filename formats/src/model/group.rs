//! Names of groups that entries refer to by an id.

use crate::error::Error;

/// Most bytes of the name of a group; no app lets anybody type more.
const MAX_NAME: usize = 1024;

/// The name of a group before it is copied into each account of the group.
///
/// # Errors
/// A name that is longer than any app lets people type: a small file could fill the memory with copies.
pub(crate) fn checked_name(name: &str) -> Result<&str, Error> {
    if name.len() <= MAX_NAME {
        return Ok(name);
    }
    Err(Error::malformed(format!("the name of a group is {} bytes long", name.len()))
        .next_step("Shorten it in the app and export again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_refused() {
        let long = "x".repeat(MAX_NAME);
        assert_eq!(checked_name(&long), Ok(long.as_str()));
        assert!(checked_name(&(long + "x")).is_err());
    }
}
