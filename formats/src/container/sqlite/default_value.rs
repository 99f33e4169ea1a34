//! The values of `DEFAULT` clauses.

use super::affinity::{Affinity, number};
use super::sql_tokens::Token;
use super::value::Value;

/// The value rows get that were written before their column was added, for a
/// column of this affinity. `None` if the clause is not a literal.
pub(super) fn default_value(clause: &[Token<'_>], affinity: Affinity) -> Option<Value> {
    let mut tokens = clause;
    let mut negative = false;
    let mut in_parentheses = false;
    loop {
        tokens = match tokens {
            [Token::Symbol('('), inner @ .., Token::Symbol(')')] => {
                in_parentheses = true;
                inner
            }
            [Token::Symbol('+'), operand @ ..] => operand,
            [Token::Symbol('-'), operand @ ..] => {
                negative = !negative;
                operand
            }
            [Token::Number(literal)] => return numeric(literal, negative, affinity),
            [token] if !negative => return plain(token, in_parentheses, affinity),
            _ => return None,
        };
    }
}

fn plain(token: &Token<'_>, in_parentheses: bool, affinity: Affinity) -> Option<Value> {
    let value = match token {
        Token::Text(text) => Value::Text(text.clone()),
        Token::Blob(bytes) => Value::Blob(bytes.clone()),
        word if word.is_word("NULL") => Value::Null,
        word if word.is_word("TRUE") => Value::Integer(1),
        word if word.is_word("FALSE") => Value::Integer(0),
        // A bare name is its own text, but only outside of an expression.
        Token::Name(name) if !in_parentheses => Value::Text(name.clone()),
        Token::Word(word) if !in_parentheses && !is_clock(word) => Value::Text((*word).to_owned()),
        _ => return None,
    };
    Some(affinity.apply(value))
}

fn is_clock(word: &str) -> bool {
    ["CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"].iter().any(|clock| word.eq_ignore_ascii_case(clock))
}

fn numeric(literal: &str, negative: bool, affinity: Affinity) -> Option<Value> {
    let digits = literal.replace('_', "");
    if let Some(hex) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        // Hexadecimal literals are the bits of a 64-bit two's complement number.
        let number = u64::from_str_radix(hex, 16).ok()?.cast_signed();
        let number = if negative { number.checked_neg()? } else { number };
        return Some(affinity.apply(Value::Integer(number)));
    }
    let signed = if negative { format!("-{digits}") } else { digits };
    let value = match number(&signed)? {
        // SQLite keeps the literal's spelling in a text column.
        Value::Real(_) if affinity == Affinity::Text => Value::Text(signed),
        value => value,
    };
    Some(affinity.apply(value))
}

#[cfg(test)]
mod tests {
    use super::super::sql_tokens::tokenize;
    use super::{Affinity, Value, default_value};

    fn parse(clause: &str, affinity: Affinity) -> Option<Value> {
        default_value(&tokenize(clause).unwrap(), affinity)
    }

    #[test]
    fn literals() {
        let text = |text: &str| Some(Value::Text(text.into()));
        let cases = [
            ("7", Some(Value::Integer(7))),
            ("-7", Some(Value::Integer(-7))),
            ("((-7))", Some(Value::Integer(-7))),
            ("+7", Some(Value::Integer(7))),
            ("-(-7)", Some(Value::Integer(7))),
            ("-9223372036854775808", Some(Value::Integer(i64::MIN))),
            ("9223372036854775808", Some(Value::Real(9_223_372_036_854_775_808.0))),
            ("0xff", Some(Value::Integer(255))),
            ("1_000", Some(Value::Integer(1000))),
            ("1.5e1", Some(Value::Real(15.0))),
            ("'it''s'", text("it's")),
            ("bare", text("bare")),
            ("\"quoted\"", text("quoted")),
            ("x'0aff'", Some(Value::Blob(vec![10, 255]))),
            ("null", Some(Value::Null)),
            ("(TRUE)", Some(Value::Integer(1))),
            ("false", Some(Value::Integer(0))),
        ];
        for (clause, value) in cases {
            assert!(parse(clause, Affinity::Blob) == value, "{clause}");
        }
    }

    #[test]
    fn expressions_are_left_alone() {
        for clause in
            ["CURRENT_TIMESTAMP", "(1 + 2)", "(1)+(2)", "(bare)", "(random())", "-'7'", "1z", "()", ""]
        {
            assert!(parse(clause, Affinity::Blob).is_none(), "{clause}");
        }
    }

    #[test]
    fn the_column_converts_the_literal() {
        assert!(parse("1.50", Affinity::Text) == Some(Value::Text("1.50".into())));
        assert!(parse("5", Affinity::Real) == Some(Value::Real(5.0)));
        assert!(parse("1.0", Affinity::Integer) == Some(Value::Integer(1)));
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let clause = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(parse(&clause, Affinity::Blob) == Some(Value::Integer(1)));
    }
}
