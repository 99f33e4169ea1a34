//! What a column's declared type does to values (the document "Datatypes In
//! SQLite", "Type Affinity").

use super::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// "Determination Of Column Affinity": the first rule that matches.
    pub(super) fn of(declared_type: &str) -> Self {
        let upper = declared_type.to_ascii_uppercase();
        let has = |parts: &[&str]| parts.iter().any(|part| upper.contains(part));
        if has(&["INT"]) {
            Self::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if upper.is_empty() || has(&["BLOB"]) {
            Self::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    /// Undoes the one conversion of the file format: small whole numbers in
    /// REAL columns are stored as integers ("Representation Of SQL Tables").
    pub(super) fn restore(self, stored: Value) -> Value {
        match (self, stored) {
            (Self::Real, Value::Integer(number)) => Value::Real(real_from(number)),
            (_, stored) => stored,
        }
    }

    /// Converts a literal as an insertion into a column of this kind would.
    pub(super) fn apply(self, literal: Value) -> Value {
        let value = match (self, literal) {
            (Self::Text, Value::Integer(number)) => Value::Text(number.to_string()),
            (Self::Integer | Self::Numeric | Self::Real, Value::Text(text)) => {
                number(&text).unwrap_or(Value::Text(text))
            }
            (_, literal) => literal,
        };
        match (self, value) {
            (Self::Integer | Self::Numeric, Value::Real(number)) => whole(number),
            (_, value) => self.restore(value),
        }
    }
}

/// The number a text spells in decimal, exactly, spaces around it aside.
pub(super) fn number(text: &str) -> Option<Value> {
    let digits = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    if let Ok(integer) = digits.parse() {
        return Some(Value::Integer(integer));
    }
    // The standard parser also knows words such as "inf"; SQL does not.
    let numeric = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let starts = |byte: &u8| *byte != b'e' && *byte != b'E';
    let plausible = digits.bytes().all(numeric) && digits.as_bytes().first().is_some_and(starts);
    let real = digits.parse().ok().filter(|_| plausible);
    real.map(Value::Real)
}

/// An integer if the number is one and converts without loss.
fn whole(number: f64) -> Value {
    // Beyond 2^51 SQLite keeps the floating point form as well.
    let exact = number.fract() == 0.0 && number.abs() < 2_251_799_813_685_248.0;
    let integer = exact.then(|| format!("{number:.0}").parse().ok()).flatten();
    integer.map_or(Value::Real(number), Value::Integer)
}

/// The nearest `f64`: the two halves are exact, so only the sum rounds.
fn real_from(number: i64) -> f64 {
    let high = i32::try_from(number.wrapping_shr(32)).unwrap_or_default();
    let low = u32::try_from(number & 0xffff_ffff).unwrap_or_default();
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

#[cfg(test)]
mod tests {
    use super::{Affinity, Value};

    #[test]
    fn declared_types() {
        let cases = [
            ("INTEGER", Affinity::Integer),
            ("unsigned big int", Affinity::Integer),
            ("FLOATING POINT", Affinity::Integer),
            ("VARCHAR ( 30 )", Affinity::Text),
            ("", Affinity::Blob),
            ("blob", Affinity::Blob),
            ("DOUBLE PRECISION", Affinity::Real),
            ("float", Affinity::Real),
            ("DATETIME", Affinity::Numeric),
            ("BOOLEAN", Affinity::Numeric),
        ];
        for (declared, affinity) in cases {
            assert_eq!(Affinity::of(declared), affinity, "{declared}");
        }
    }

    #[test]
    fn integers_in_real_columns() {
        let read = |number| Affinity::Real.restore(Value::Integer(number));
        assert!(read(-7) == Value::Real(-7.0));
        assert!(read(i64::MIN) == Value::Real(-9_223_372_036_854_775_808.0));
        assert!(read(i64::MAX) == Value::Real(9_223_372_036_854_775_808.0));
        assert!(read(4_294_967_297) == Value::Real(4_294_967_297.0));
        assert!(Affinity::Numeric.restore(Value::Integer(3)) == Value::Integer(3));
    }

    #[test]
    fn literals() {
        let text = |text: &str| Value::Text(text.into());
        assert!(Affinity::Integer.apply(text(" 12 ")) == Value::Integer(12));
        assert!(Affinity::Integer.apply(text("12x")) == text("12x"));
        assert!(Affinity::Integer.apply(text("inf")) == text("inf"));
        assert!(Affinity::Integer.apply(text("")) == text(""));
        assert!(Affinity::Numeric.apply(text("1.0")) == Value::Integer(1));
        assert!(Affinity::Numeric.apply(text("1.5")) == Value::Real(1.5));
        assert!(Affinity::Real.apply(text("2")) == Value::Real(2.0));
        assert!(Affinity::Text.apply(Value::Integer(-3)) == text("-3"));
        assert!(Affinity::Blob.apply(Value::Integer(3)) == Value::Integer(3));
    }
}
