//! Words of a POSIX shell, as one line of a script has them.

use std::borrow::Cow;

/// A word that a shell takes as it stands: in single quotes where it has other than plain letters.
pub(crate) fn quote(word: &str) -> Cow<'_, str> {
    if !word.is_empty() && word.bytes().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
}

/// Letters without any meaning to a shell wherever they stand. `~` and `=` have one at the beginning or in
/// assignments, and `=` is one of ours: no command begins with such a word.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"@%_+:,./=-".contains(&byte)
}

/// The words of a line, when it is one simple command without anything that a shell would replace.
pub(crate) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim_matches([' ', '\t']);
    while !rest.is_empty() {
        let (word, after) = word(rest)?;
        words.push(word);
        rest = after.trim_start_matches([' ', '\t']);
    }
    Some(words)
}

/// The first word and what follows it.
fn word(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next().filter(|c| !matches!(c, ' ' | '\t')) {
        let after = rest.get(first.len_utf8()..)?;
        rest = match first {
            '\'' => {
                let (quoted, after) = after.split_once('\'')?;
                word.push_str(quoted);
                after
            }
            // Nothing in it that a shell would replace.
            '"' => {
                let (quoted, after) = after.split_once('"')?;
                if quoted.contains(['$', '`', '\\', '!']) {
                    return None;
                }
                word.push_str(quoted);
                after
            }
            '\\' => {
                let escaped = after.chars().next().filter(|c| *c != '\n')?;
                word.push(escaped);
                after.get(escaped.len_utf8()..)?
            }
            plain if u8::try_from(plain).is_ok_and(is_plain) => {
                word.push(plain);
                after
            }
            _ => return None,
        };
    }
    Some((word, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_replace_is_quoted() {
        for (word, quoted) in [
            ("T-0001", "T-0001"),
            ("--owner=maria@contoso.example", "--owner=maria@contoso.example"),
            ("", "''"),
            ("o'neil", "'o'\\''neil'"),
            ("'", "''\\'''"),
            ("$(reboot)", "'$(reboot)'"),
            ("`a` \"b\" \\c !d ~e *f #g ;h &i |j <k>", "'`a` \"b\" \\c !d ~e *f #g ;h &i |j <k>'"),
            ("Schlüssel 🔑", "'Schlüssel 🔑'"),
            ("two\nlines", "'two\nlines'"),
        ] {
            assert_eq!(quote(word), quoted);
            assert_eq!(words(&format!("a {quoted}\t b")).unwrap(), ["a", word, "b"]);
        }
    }

    #[test]
    fn only_plain_words_are_read() {
        assert_eq!(words("  a 'b c'd\\ e  ").unwrap(), ["a", "b cd e"]);
        // As Python quotes it.
        assert_eq!(words("'o'\"'\"'neil' \"b c\"").unwrap(), ["o'neil", "b c"]);
        assert_eq!(words("").unwrap(), [""; 0]);
        for line in [
            "a $b", "a `b`", "a \"$b\"", "a \"b", "a; b", "a | b", "a > b", "a &", "a #b", "a *", "~",
            "a 'b", "a \\", "a (b)", "ä",
        ] {
            assert!(words(line).is_none(), "{line}");
        }
    }
}
