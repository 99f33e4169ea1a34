//! QR codes and lines that are no account: saying what they are.

use url::Url;

/// What a text is, when it is known to be no account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What it is, with its article: `a web address (example.org)`.
    pub what: String,
    /// What to do, as a sentence without a final stop.
    pub next_step: &'static str,
}

/// Beginnings that name their meaning: lower-case prefix, what it is, what to do.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "phonefactor://",
        "a Microsoft pairing code for push sign-in, which holds no secret",
        "On the page that shows it choose \"I want to use a different authenticator app\"; that QR code can be moved",
    ),
    ("msauth://", "a Microsoft sign-in link, which holds no secret", OTHER_APP),
    ("duo://", "a Duo Mobile activation code, which holds no secret", OTHER_APP),
    ("oktaverify://", "an Okta Verify activation code, which holds no secret", OTHER_APP),
    ("com.okta.authenticator:", "an Okta Verify activation code, which holds no secret", OTHER_APP),
    (
        "otpauthmigration:",
        "a mistyped Google transfer link",
        "Google's links begin with otpauth-migration://offline?data=",
    ),
    ("fido:/", "a passkey sign-in code, which is used once", NOTHING),
    ("wifi:", "a Wi-Fi password", NOTHING),
    ("begin:vcard", "a contact card", NOTHING),
    ("mecard:", "a contact card", NOTHING),
    ("mailto:", "an e-mail address", NOTHING),
    ("tel:", "a phone number", NOTHING),
    ("smsto:", "a text message", NOTHING),
    ("geo:", "a place on the map", NOTHING),
    ("bitcoin:", "a payment request", NOTHING),
];

const OTHER_APP: &str = "Ask the service for a code for another authenticator app, or ask your admin";
const NOTHING: &str = "Leave it out; it has nothing to do with sign-in codes";

/// Says what a text is, or `None` when it looks like nothing known. Shows the host of a web
/// address but never its path, which may hold a token.
pub fn classify(text: &str) -> Option<Foreign> {
    let text = text.trim();
    let lower = text.chars().take(32).collect::<String>().to_lowercase();
    if let Some((_, what, next_step)) = KNOWN.iter().find(|(prefix, ..)| lower.starts_with(prefix)) {
        return Some(Foreign { what: (*what).to_owned(), next_step });
    }
    let url = Url::parse(text).ok()?;
    if is_duo_activation(&url) {
        let what = "a Duo Mobile activation link, which holds no secret".to_owned();
        return Some(Foreign { what, next_step: OTHER_APP });
    }
    matches!(url.scheme(), "http" | "https").then(|| Foreign {
        what: match url.host_str() {
            Some(host) => format!("a web address ({host})"),
            None => "a web address".to_owned(),
        },
        next_step: NOTHING,
    })
}

/// `https://m-1234abcd.duosecurity.com/activate/...`: the app exchanges keys with that server.
fn is_duo_activation(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" && host.ends_with(".duosecurity.com") && url.path().starts_with("/activate/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_things_are_named() {
        let what = |text| classify(text).map(|foreign| foreign.what);
        assert!(what("PhoneFactor://activate_account?code=1&url=x").unwrap().contains("Microsoft"));
        assert_eq!(what("https://example.org/token/abc").as_deref(), Some("a web address (example.org)"));
        let duo = what("https://m-1234abcd.duosecurity.com/activate/canary").unwrap();
        assert!(duo.contains("Duo Mobile") && !duo.contains("canary"));
        assert_eq!(
            what("https://duosecurity.com/activate/").as_deref(),
            Some("a web address (duosecurity.com)")
        );
        assert_eq!(what("hello"), None);
        assert_eq!(what("otpauth://totp/a?secret=AA"), None);
    }
}
