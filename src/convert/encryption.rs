//! What the encryption of the targets makes of a new password.

use otpferry_formats::Encryption;
use otpferry_formats::model::SecretText;
use otpferry_formats::report::Item;

use super::target::Target;

/// Warns of a password that some versions of an app cannot take.
pub(super) fn not_ascii<'t>(
    password: &SecretText,
    targets: impl Iterator<Item = &'t Target>,
) -> impl Iterator<Item = Item> {
    let ascii = password.expose().is_ascii();
    targets.filter(move |target| !ascii && !target.form.writing.any_password).map(|target| {
        let app = target.form.writing.caps.app;
        let message = format!("{app} on an iPhone cannot open a file with this password, Android can");
        Item::new("password-not-ascii", message)
            .next_step("For an iPhone write it again with a password of English letters, digits and signs")
    })
}

/// Warns of a password that does not keep anybody out.
pub(super) fn weak_encryption<'t>(targets: impl Iterator<Item = &'t Target>) -> impl Iterator<Item = Item> {
    targets.filter(|target| target.form.writing.encryption == Encryption::Weak).map(|target| {
        let app = target.form.writing.caps.app;
        let message = format!(
            "the only encryption that {app} opens is weak: with common tools it is broken in minutes, \
             whatever the password"
        );
        Item::new("weak-encryption", message).next_step(
            "Keep the file as if it were not encrypted, delete it as soon as it is imported, and use its \
             password nowhere else",
        )
    })
}
