//! Random numbers: the operating system's own, and no others.

use otpferry_formats::{Error, ErrorKind};

/// Fills a buffer.
///
/// # Errors
/// [`ErrorKind::Internal`] when the system gives none: there is no other source.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| Error::new(ErrorKind::Internal, "the system gives no random numbers"))
}
