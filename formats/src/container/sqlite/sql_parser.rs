//! Moves over the tokens of a `CREATE TABLE` text. Each method that returns
//! an `Option` gives `None` if the text is not what the grammar asks for.

use super::sql_tokens::Token;

/// Words that end a column's type, as they are reserved in SQLite.
const COLUMN_CONSTRAINTS: [&str; 11] = [
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "AS",
    "DEFERRABLE",
];

const TABLE_CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

pub(super) struct Parser<'t, 's> {
    tokens: &'t [Token<'s>],
}

impl<'t, 's> Parser<'t, 's> {
    pub(super) fn new(tokens: &'t [Token<'s>]) -> Self {
        Self { tokens }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.tokens.is_empty()
    }

    pub(super) fn is_at_symbol(&self, symbol: char) -> bool {
        self.tokens.first() == Some(&Token::Symbol(symbol))
    }

    pub(super) fn is_at_table_constraint(&self) -> bool {
        self.is_at_one_of(&TABLE_CONSTRAINTS)
    }

    fn is_at_one_of(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is_at(keyword))
    }

    fn is_at(&self, keyword: &str) -> bool {
        self.tokens.first().is_some_and(|token| token.is_word(keyword))
    }

    /// Moves on one token.
    pub(super) fn skip(&mut self) -> Option<&'t Token<'s>> {
        let (token, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(token)
    }

    fn skip_if(&mut self, condition: bool) -> bool {
        condition && self.skip().is_some()
    }

    /// Moves on if the keyword is next.
    pub(super) fn eat(&mut self, keyword: &str) -> bool {
        self.skip_if(self.is_at(keyword))
    }

    pub(super) fn eat_symbol(&mut self, symbol: char) -> bool {
        self.skip_if(self.is_at_symbol(symbol))
    }

    pub(super) fn expect(&mut self, keyword: &str) -> Option<()> {
        self.eat(keyword).then_some(())
    }

    pub(super) fn expect_symbol(&mut self, symbol: char) -> Option<()> {
        self.eat_symbol(symbol).then_some(())
    }

    pub(super) fn word(&mut self) -> Option<&'s str> {
        match self.skip()? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// A name in any spelling; SQLite also takes one in single quotes.
    pub(super) fn name(&mut self) -> Option<String> {
        match self.skip()? {
            Token::Word(word) => Some((*word).to_owned()),
            Token::Name(name) | Token::Text(name) => Some(name.clone()),
            _ => None,
        }
    }

    /// The tokens between the parenthesis that is next and its counterpart.
    pub(super) fn group(&mut self) -> Option<&'t [Token<'s>]> {
        self.expect_symbol('(')?;
        let mut depth = 1_usize;
        let close = self.tokens.iter().position(|token| {
            depth = match token {
                Token::Symbol('(') => depth.saturating_add(1),
                Token::Symbol(')') => depth.saturating_sub(1),
                _ => depth,
            };
            depth == 0
        })?;
        let (inner, rest) = self.tokens.split_at_checked(close)?;
        self.tokens = rest;
        self.skip();
        Some(inner)
    }

    /// A column's type: any number of names, then sizes in parentheses. Its
    /// parts are joined by spaces.
    pub(super) fn type_name(&mut self) -> Option<String> {
        let mut parts = Vec::new();
        while self.is_at_type_word() {
            parts.push(self.name()?);
        }
        if !parts.is_empty() && self.is_at_symbol('(') {
            self.group()?;
            parts.push("()".to_owned());
        }
        Some(parts.join(" "))
    }

    fn is_at_type_word(&self) -> bool {
        match self.tokens {
            // A type may contain the word "generated" as such.
            [first, second, ..] if first.is_word("GENERATED") => !second.is_word("ALWAYS"),
            [Token::Word(_), ..] => !self.is_at_one_of(&COLUMN_CONSTRAINTS),
            [Token::Name(_) | Token::Text(_), ..] => true,
            _ => false,
        }
    }

    /// What follows `DEFAULT`: parentheses, or a value that may have a sign.
    pub(super) fn default_clause(&mut self) -> Option<&'t [Token<'s>]> {
        let start = self.tokens;
        if self.is_at_symbol('(') {
            self.group()?;
        } else {
            let _signed = self.eat_symbol('-') || self.eat_symbol('+');
            self.skip().filter(|token| !matches!(token, Token::Symbol(_)))?;
        }
        start.get(..start.len().checked_sub(self.tokens.len())?)
    }

    /// `ON CONFLICT ...`, which may be absent.
    pub(super) fn on_conflict(&mut self) -> Option<()> {
        if self.eat("ON") {
            self.expect("CONFLICT")?;
            self.word()?;
        }
        Some(())
    }

    /// What follows `DEFERRABLE`.
    pub(super) fn initially(&mut self) -> Option<()> {
        if self.eat("INITIALLY") {
            self.word()?;
        }
        Some(())
    }

    /// What follows `REFERENCES`.
    pub(super) fn references(&mut self) -> Option<()> {
        self.name()?;
        if self.is_at_symbol('(') {
            self.group()?;
        }
        loop {
            if self.eat("ON") {
                self.word()?;
                self.reference_action()?;
            } else if self.eat("MATCH") {
                self.name()?;
            } else {
                return Some(());
            }
        }
    }

    /// `CASCADE`, `RESTRICT`, `SET NULL`, `SET DEFAULT` or `NO ACTION`.
    fn reference_action(&mut self) -> Option<()> {
        if self.eat("SET") || self.eat("NO") {
            self.word()?;
            return Some(());
        }
        (self.eat("CASCADE") || self.eat("RESTRICT")).then_some(())
    }
}
