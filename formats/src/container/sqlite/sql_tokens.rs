//! Splits a `CREATE TABLE` text into tokens.

/// The longest text looked at. Definitions that applications write are a few
/// thousand bytes; the limit keeps a hostile one from costing memory.
const MAX_LEN: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// A keyword or a bare name.
    Word(&'s str),
    /// A name in `""`, backquotes or `[]`.
    Name(String),
    /// `'text'`
    Text(String),
    /// `x'c0ffee'`
    Blob(Vec<u8>),
    Number(&'s str),
    /// Any other character.
    Symbol(char),
}

impl Token<'_> {
    /// Whether this is the keyword, given in upper case.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// The tokens of a text without blanks and comments, or `None` if it is too
/// long or ends inside of a token.
pub(super) fn tokenize(sql: &str) -> Option<Vec<Token<'_>>> {
    let mut rest = (sql.len() <= MAX_LEN).then_some(sql)?;
    let mut tokens = Vec::new();
    loop {
        rest = skip_blank(rest);
        let Some(first) = rest.chars().next() else {
            return Some(tokens);
        };
        let (token, later) = token(first, rest)?;
        tokens.push(token);
        rest = later;
    }
}

fn skip_blank(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        let before = rest.len();
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, later)| later);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            // A comment that never ends reaches to the end of the text.
            rest = comment.split_once("*/").map_or("", |(_, later)| later);
        }
        if rest.len() == before {
            return rest;
        }
    }
}

fn token(first: char, sql: &str) -> Option<(Token<'_>, &str)> {
    let second = sql.chars().nth(1);
    match first {
        '\'' => quoted(sql, first).map(|(text, rest)| (Token::Text(text), rest)),
        '"' | '`' => quoted(sql, first).map(|(name, rest)| (Token::Name(name), rest)),
        '[' => {
            let (name, rest) = sql.strip_prefix('[')?.split_once(']')?;
            Some((Token::Name(name.to_owned()), rest))
        }
        'x' | 'X' if second == Some('\'') => blob(sql),
        '0'..='9' => Some(number(sql)),
        '.' if second.is_some_and(|next| next.is_ascii_digit()) => Some(number(sql)),
        first if is_word_char(first) && first != '$' => {
            let (word, rest) = split_while(sql, is_word_char);
            Some((Token::Word(word), rest))
        }
        first => Some((Token::Symbol(first), sql.strip_prefix(first)?)),
    }
}

/// What a bare name consists of in SQLite: also everything outside of ASCII.
fn is_word_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || char == '$' || !char.is_ascii()
}

fn split_while(sql: &str, keep: fn(char) -> bool) -> (&str, &str) {
    let end = sql.find(|char| !keep(char)).unwrap_or(sql.len());
    sql.split_at_checked(end).unwrap_or((sql, ""))
}

/// Text between quotes; a doubled quote stands for one.
fn quoted(sql: &str, quote: char) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut rest = sql.strip_prefix(quote)?;
    loop {
        let (part, later) = rest.split_once(quote)?;
        text.push_str(part);
        rest = later;
        let Some(later) = rest.strip_prefix(quote) else {
            return Some((text, rest));
        };
        text.push(quote);
        rest = later;
    }
}

fn blob(sql: &str) -> Option<(Token<'_>, &str)> {
    let (_, quoted) = sql.split_once('\'')?;
    let (digits, rest) = quoted.split_once('\'')?;
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|pair| hex_byte(*pair)).collect();
    Some((Token::Blob(bytes?), rest))
}

fn hex_byte(pair: [u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high?.checked_mul(16)?.checked_add(low?)?).ok()
}

/// A numeric literal's text; whether it makes sense is for its user to say.
fn number(sql: &str) -> (Token<'_>, &str) {
    let (mut literal, mut rest) = split_while(sql, is_number_char);
    let hex = literal.starts_with("0x") || literal.starts_with("0X");
    if !hex && literal.ends_with(['e', 'E']) && rest.starts_with(['+', '-']) {
        let exponent = rest.trim_start_matches(['+', '-']);
        let (_, after) = split_while(exponent, is_number_char);
        let len = sql.len().saturating_sub(after.len());
        (literal, rest) = sql.split_at_checked(len).unwrap_or((sql, ""));
    }
    (Token::Number(literal), rest)
}

fn is_number_char(char: char) -> bool {
    is_word_char(char) || char == '.'
}

#[cfg(test)]
mod tests {
    use super::{Token, tokenize};

    #[test]
    fn every_kind_of_token() {
        let sql = "CREATE/*x*/tab_1 -- rest (\n(\"a \"\"b\", [c d],`e`` `,'it''s',x'00fF',\
                   -1.5e+3,.5,0xAf,ünï)";
        let name = |name: &str| Token::Name(name.into());
        let expected = vec![
            Token::Word("CREATE"),
            Token::Word("tab_1"),
            Token::Symbol('('),
            name("a \"b"),
            Token::Symbol(','),
            name("c d"),
            Token::Symbol(','),
            name("e` "),
            Token::Symbol(','),
            Token::Text("it's".into()),
            Token::Symbol(','),
            Token::Blob(vec![0, 255]),
            Token::Symbol(','),
            Token::Symbol('-'),
            Token::Number("1.5e+3"),
            Token::Symbol(','),
            Token::Number(".5"),
            Token::Symbol(','),
            Token::Number("0xAf"),
            Token::Symbol(','),
            Token::Word("ünï"),
            Token::Symbol(')'),
        ];
        assert_eq!(tokenize(sql), Some(expected));
    }

    #[test]
    fn an_unfinished_token_is_refused() {
        for sql in ["'a", "\"a", "`a``", "[a", "x'0'", "x'zz'", "x'00"] {
            assert_eq!(tokenize(sql), None, "{sql}");
        }
        assert_eq!(tokenize("a /* b"), Some(vec![Token::Word("a")]));
    }

    #[test]
    fn the_length_is_limited() {
        assert!(tokenize(&" ".repeat(1 << 20)).is_some());
        assert!(tokenize(&" ".repeat((1 << 20) + 1)).is_none());
    }
}
