//! Names in one string: `issuer:account`.

/// An issuer and an account name, trimmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) issuer: String,
    pub(crate) account: String,
    /// An issuer in the label that differs from the stated one; it is dropped from the account.
    pub(crate) label_issuer: Option<String>,
}

impl Names {
    fn new(issuer: &str, account: &str) -> Self {
        Self { issuer: issuer.trim().to_owned(), account: account.trim().to_owned(), label_issuer: None }
    }
}

impl Names {
    /// Nothing, when a piece of a broken link that may be its secret was taken for a name.
    pub(crate) fn unless_they_hold_a_secret(self) -> Self {
        if [&self.issuer, &self.account].into_iter().any(|name| may_hold_a_secret(name)) {
            Self::default()
        } else {
            self
        }
    }
}

/// A secret is 16 characters of base32 or hexadecimal in one piece, or what follows a `=`.
fn may_hold_a_secret(name: &str) -> bool {
    let coded = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, 'a'..='f');
    let longest = name.split(|c| !coded(c)).map(str::len).max().unwrap_or(0);
    longest >= 16 || name.contains(['=', '&']) || name.to_lowercase().contains("secret")
}

/// The rest of a label after `issuer:`, when the label begins with a stated issuer.
pub(crate) fn after_issuer<'a>(label: &'a str, issuer: &str) -> Option<&'a str> {
    if issuer.is_empty() {
        return None;
    }
    label.trim_start().strip_prefix(issuer)?.trim_start().strip_prefix(':')
}

/// Splits a name as Google stores it: a stated issuer is stripped from its beginning; without one
/// the first colon divides.
pub(crate) fn split_google(issuer: &str, name: &str) -> Names {
    let issuer = issuer.trim();
    if let Some(rest) = after_issuer(name, issuer) {
        return Names::new(issuer, rest);
    }
    match name.split_once(':') {
        Some((prefix, rest)) if issuer.is_empty() => Names::new(prefix, rest),
        _ => Names::new(issuer, name),
    }
}

/// Splits the label of a URI.
///
/// `decoded` is the whole label; `halves` are its two parts when the URI had a literal colon,
/// each decoded on its own.
pub(crate) fn split_uri(issuer: &str, decoded: &str, halves: Option<(&str, &str)>) -> Names {
    let issuer = issuer.trim();
    // Covers issuers that contain a colon.
    if let Some(rest) = after_issuer(decoded, issuer) {
        return Names::new(issuer, rest);
    }
    let Some((prefix, account)) = halves.or_else(|| decoded.split_once(':')) else {
        return Names::new(issuer, decoded);
    };
    if issuer.is_empty() {
        return Names::new(prefix, account);
    }
    let mut names = Names::new(issuer, account);
    let prefix = prefix.trim();
    names.label_issuer = (!prefix.is_empty()).then(|| prefix.to_owned());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(names: &Names) -> (&str, &str) {
        (&names.issuer, &names.account)
    }

    #[test]
    fn google_names() {
        for (issuer, name, wanted) in [
            ("Acme", "Acme:bob", ("Acme", "bob")),
            ("Acme", "Acme: bob", ("Acme", "bob")),
            ("Acme", "bob", ("Acme", "bob")),
            ("Acme", "x:bob", ("Acme", "x:bob")),
            ("", "Acme: bob", ("Acme", "bob")),
            ("", "bob", ("", "bob")),
        ] {
            assert_eq!(pair(&split_google(issuer, name)), wanted);
        }
    }

    #[test]
    fn uri_names() {
        let with_colon = split_uri("Text: More", "Text: More:Secret", Some(("Text", " More:Secret")));
        assert_eq!(pair(&with_colon), ("Text: More", "Secret"));
        let other = split_uri("Microsoft", "Org:bob", Some(("Org", "bob")));
        assert_eq!(pair(&other), ("Microsoft", "bob"));
        assert_eq!(other.label_issuer.as_deref(), Some("Org"));
        assert_eq!(pair(&split_uri("", ":bob", Some(("", "bob")))), ("", "bob"));
        assert_eq!(pair(&split_uri("", "a:b", None)), ("a", "b"));
    }
}
