//! `--only` and `--exclude`: which accounts a command is about.

use glob::{MatchOptions, Pattern};

use crate::failure::{Exit, Failure};

/// Patterns over issuer and account name. A pattern without wildcards matches anywhere.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    only: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Selection {
    pub(crate) fn new(only: &[String], exclude: &[String]) -> Result<Self, Failure> {
        let compile =
            |patterns: &[String]| patterns.iter().map(|text| pattern(text)).collect::<Result<Vec<_>, _>>();
        Ok(Self { only: compile(only)?, exclude: compile(exclude)? })
    }

    pub(crate) fn includes(&self, issuer: &str, name: &str) -> bool {
        let both = format!("{issuer}:{name}");
        let matches = |pattern: &Pattern| {
            [issuer, name, &both].iter().any(|text| pattern.matches_with(text, CASE_INSENSITIVE))
        };
        (self.only.is_empty() || self.only.iter().any(matches)) && !self.exclude.iter().any(matches)
    }
}

const CASE_INSENSITIVE: MatchOptions = MatchOptions {
    case_sensitive: false,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

fn pattern(text: &str) -> Result<Pattern, Failure> {
    let wild = text.contains(['*', '?', '[']);
    let text = if wild { text.to_owned() } else { format!("*{text}*") };
    Pattern::new(&text).map_err(|error| {
        Failure::new(Exit::Usage, format!("\"{text}\" is not a pattern: {}", error.msg))
            .next_step("Use * for any text and ? for one character, such as --only 'Git*'")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(only: &[&str], exclude: &[&str]) -> Selection {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Selection::new(&own(only), &own(exclude)).unwrap()
    }

    #[test]
    fn patterns_match_issuer_name_or_both() {
        let all = selection(&[], &[]);
        assert!(all.includes("GitHub", "bob"));
        let git = selection(&["git*"], &["*:alice"]);
        assert!(git.includes("GitHub", "bob"));
        assert!(!git.includes("GitHub", "alice"));
        assert!(!git.includes("Amazon", "bob"));
        assert!(selection(&["hub"], &[]).includes("GitHub", ""));
    }

    #[test]
    fn a_broken_pattern_is_a_usage_error() {
        let error = Selection::new(&["[".to_owned()], &[]).unwrap_err();
        assert_eq!(error.exit, Exit::Usage);
    }
}
