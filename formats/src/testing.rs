//! A deterministic world for tests and examples: fixed time, the same random bytes each time.
//!
//! Never use it for real files: the salts, nonces and keys that come from it are known.

use jiff::Timestamp;

use crate::admin::options::TokenOptions;
use crate::ctx::{Ctx, KeyFile, Limits, Passwords};
use crate::format::{Form, Format};
use crate::model::SecretText;
use crate::open::table::TableOptions;

/// Runs `f` in a world that is the same each time: 2024-05-01T10:00:00Z, and bytes that
/// repeat only after an age, so that ids made from them are different.
pub fn with_ctx<T>(passwords: &mut dyn Passwords, f: impl FnOnce(&mut Ctx<'_>) -> T) -> T {
    run(passwords, &[], None, f)
}

/// The same with a password for an encrypted output.
pub fn with_new_password<T>(
    passwords: &mut dyn Passwords,
    new_password: &SecretText,
    f: impl FnOnce(&mut Ctx<'_>) -> T,
) -> T {
    run(passwords, &[], Some(new_password), f)
}

/// The same with key files of a database.
pub fn with_key_files<T>(
    passwords: &mut dyn Passwords,
    key_files: &[KeyFile],
    f: impl FnOnce(&mut Ctx<'_>) -> T,
) -> T {
    run(passwords, key_files, None, f)
}

/// The same with what is said about tokens.
pub fn with_tokens<T>(
    passwords: &mut dyn Passwords,
    key_files: &[KeyFile],
    tokens: &TokenOptions,
    f: impl FnOnce(&mut Ctx<'_>) -> T,
) -> T {
    world(passwords, key_files, None, tokens, f)
}

/// The usual form of a format that is written.
///
/// # Panics
/// When the format is only read.
#[expect(clippy::expect_used, reason = "tests ask for forms that exist")]
pub fn form(format: &'static dyn Format) -> Form {
    Form::all_of(format).next().expect("the format is written")
}

fn run<T>(
    passwords: &mut dyn Passwords,
    key_files: &[KeyFile],
    new_password: Option<&SecretText>,
    f: impl FnOnce(&mut Ctx<'_>) -> T,
) -> T {
    // What Okta asks for, and nothing else.
    let tokens = TokenOptions { okta_profile: Some("fprCANARY".to_owned()), ..TokenOptions::default() };
    world(passwords, key_files, new_password, &tokens, f)
}

fn world<T>(
    passwords: &mut dyn Passwords,
    key_files: &[KeyFile],
    new_password: Option<&SecretText>,
    tokens: &TokenOptions,
    f: impl FnOnce(&mut Ctx<'_>) -> T,
) -> T {
    let mut state = 0_u64;
    let mut random = |buffer: &mut [u8]| {
        for byte in buffer {
            *byte = next_byte(&mut state);
        }
        Ok(())
    };
    let limits = Limits::default();
    f(&mut Ctx {
        passwords,
        key_files,
        new_password,
        random: &mut random,
        now: Timestamp::constant(1_714_557_600, 0),
        limits: &limits,
        per_qr: 10,
        read_codes: None,
        table: &TableOptions::default(),
        tokens,
    })
}

/// The linear congruential generator of Knuth's MMIX; its highest byte.
fn next_byte(state: &mut u64) -> u8 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    u8::try_from(*state >> 56).unwrap_or_default()
}
