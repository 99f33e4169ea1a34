//! Apps that let no secret out as a file: asking for one of them gets an answer instead of "unknown".

use crate::error::Error;

/// An app without an export.
struct Closed {
    /// Names that mean it.
    names: &'static [&'static str],
    /// Why there is nothing to read or write, as a sentence without a final stop.
    why: &'static str,
    /// What to do, as a sentence without a final stop.
    next_step: &'static str,
}

const CLOSED: [Closed; 6] = [
    Closed {
        names: &["authy-cloud"],
        why: "Authy keeps its backup on its own servers, and has no export",
        next_step: "Set each account up again at its service; from a rooted Android phone the app's token files can be copied and read",
    },
    Closed {
        names: &["mattrubin", "authenticator-mattrubin", "tofu"],
        why: "this app has no export: its accounts leave the iPhone only in an encrypted backup",
        next_step: "Make one in Finder or Apple Devices and give its folder (docs/iphone.md goes through it step by step); into the app, write -t otpauth and scan each link as a QR code",
    },
    Closed {
        names: &["duo-mobile"],
        why: "Duo Mobile has no export, and a backup that only Duo Mobile itself restores",
        next_step: "Set each account up again at its service; into Duo Mobile, write -t otpauth and scan each link as a QR code (SHA1, 6 digits)",
    },
    Closed {
        names: &["okta-verify"],
        why: "Okta Verify has no export, and its own accounts never leave the phone",
        next_step: "Ask Okta's enrolment for \"can't scan\" or another authenticator; into Okta Verify, write -t otpauth and scan each link as a QR code (SHA1, 6 digits)",
    },
    Closed {
        names: &["salesforce", "salesforce-authenticator"],
        why: "Salesforce Authenticator has no export, and shows no secrets",
        next_step: "Set each account up again at its service; into the app, write -t otpauth and scan each link as a QR code (SHA1, 6 digits)",
    },
    Closed {
        names: &["sophos", "sophos-authenticator", "sophos-intercept-x"],
        why: "Sophos Authenticator has no export that is known",
        next_step: "Set each account up again at its service; into the app, write -t otpauth and scan each link as a QR code",
    },
];

/// Why an app of that name can be neither read nor written, in any case; `None` for any other name.
pub fn refusal(name: &str) -> Option<Error> {
    let is_called = |closed: &&Closed| closed.names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let closed = CLOSED.iter().find(is_called)?;
    Some(Error::unsupported(closed.why).next_step(closed.next_step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::registry;

    #[test]
    fn closed_apps_are_refused_with_what_to_do() {
        for name in CLOSED.iter().flat_map(|closed| closed.names) {
            let error = refusal(&name.to_uppercase()).unwrap();
            assert_eq!(error.kind, ErrorKind::Unsupported, "{name}");
            assert!(error.next_step.is_some(), "{name}");
            assert!(registry::by_name(name).is_none(), "{name} is a format");
        }
        assert_eq!(refusal("aegis"), None);
        assert_eq!(refusal(""), None);
    }
}
