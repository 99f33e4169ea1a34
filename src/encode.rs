//! Accounts into the bytes of a form, with what that needs of the world.

use jiff::Timestamp;
use otpferry_formats::model::{SecretText, Vault};
use otpferry_formats::{Ctx, Error, Form, Limits, NoPasswords, Part, TableOptions, TokenOptions};

use crate::random;

/// Writes accounts that all fit.
///
/// # Errors
/// As [`Form::encode`].
pub(crate) fn encode(
    form: Form,
    vault: &Vault,
    password: Option<&SecretText>,
    limits: &Limits,
    per_qr: u8,
    tokens: &TokenOptions,
) -> Result<Vec<Part>, Error> {
    let mut ctx = Ctx {
        passwords: &mut NoPasswords,
        key_files: &[],
        new_password: password,
        random: &mut random::fill,
        now: now(),
        limits,
        per_qr: usize::from(per_qr),
        read_codes: None,
        table: &TableOptions::default(),
        tokens,
    };
    form.encode(vault, &mut ctx)
}

/// The time without fractions of a second: files state no more.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}
