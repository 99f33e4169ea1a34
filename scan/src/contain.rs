//! Keeping panics of third-party decoders inside.
//!
//! Picture and QR decoders meet hostile bytes, and some of them index, assert or overflow on such.
//! A panic there must cost one picture, not the whole run.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CONTAINING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread would be caught by this crate.
///
/// Meant for the program's panic hook, which runs before the panic is caught: it can stay silent
/// when this is true.
#[must_use]
pub fn contains_panics() -> bool {
    CONTAINING.get()
}

/// Runs `work`; `None` when it panicked. Whatever it changed must not be used afterwards.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    let outer = CONTAINING.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CONTAINING.set(outer);
    outcome.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_contained_and_the_flag_restored() {
        assert_eq!(contain(|| u32::from(contains_panics())), Some(1));
        let outcome = contain(|| std::panic::resume_unwind(Box::new("silent")));
        assert_eq!(outcome.map(|()| 0), None);
        assert!(!contains_panics());
    }
}
