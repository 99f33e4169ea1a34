//! Definitions as applications write them, and ones meant to mislead.

use super::super::error::Error;
use super::{Affinity, Definition, Value};

fn parse(sql: &str) -> Definition {
    Definition::parse(sql).ok().unwrap()
}

fn names(sql: &str) -> Vec<String> {
    let columns = parse(sql).columns;
    columns.into_iter().map(|column| column.name).collect()
}

fn refusal(sql: &str) -> Error {
    Definition::parse(sql).err().unwrap()
}

#[test]
fn quoted_names() {
    let sql = r#"CREATE TABLE "t"("a b" TEXT,[c,d] INT,`e)`,'f''g' "BIG INT",key,h$1)"#;
    assert_eq!(names(sql), ["a b", "c,d", "e)", "f'g", "key", "h$1"]);
}

#[test]
fn types_comments_and_constraints() {
    let sql = "CREATE TABLE t ( -- id, name
        id INTEGER CONSTRAINT pk PRIMARY KEY ASC ON CONFLICT FAIL AUTOINCREMENT NOT NULL,
        price DECIMAL(10, 2) NOT NULL ON CONFLICT ABORT DEFAULT 1.5, /* a, b */
        name VARCHAR(30) COLLATE nocase CHECK (length(name) > 0, 'x)') UNIQUE,
        other REFERENCES o(x, y) ON DELETE SET DEFAULT ON UPDATE NO ACTION MATCH full
            NOT DEFERRABLE INITIALLY DEFERRED NULL,
        sum INT GENERATED ALWAYS AS (price * 2) STORED,
        sum2 AS (price * 2) STORED,
        generated TEXT,
        CONSTRAINT u UNIQUE (price, name) CHECK (price > 0),
        FOREIGN KEY (other) REFERENCES o(x) ON DELETE CASCADE
    ) STRICT";
    let expected = ["id", "price", "name", "other", "sum", "sum2", "generated"];
    assert_eq!(names(sql), expected);
    let table = parse(sql);
    assert_eq!(table.rowid_alias, Some(0));
    let price = table.columns.get(1).unwrap();
    assert_eq!(price.affinity, Affinity::Numeric);
    assert!(price.default == Value::Real(1.5));
}

#[test]
fn which_column_is_the_rowid() {
    let cases = [
        ("a, id INTEGER PRIMARY KEY", Some(1)),
        ("a, id integer primary key", Some(1)),
        ("a, id \"INTEGER\" PRIMARY KEY", Some(1)),
        ("a, id INTEGER, PRIMARY KEY(id)", Some(1)),
        ("a, id INTEGER, PRIMARY KEY('ID' DESC)", Some(1)),
        ("a, id INTEGER, UNIQUE(a) PRIMARY KEY(id AUTOINCREMENT)", Some(1)),
        ("a, id INTEGER PRIMARY KEY DESC", None),
        ("a, id INT PRIMARY KEY", None),
        ("a, id INTEGER(8) PRIMARY KEY", None),
        ("a, id BIG INTEGER PRIMARY KEY", None),
        ("a, id INTEGER, PRIMARY KEY(id, a)", None),
        ("a, id INTEGER UNIQUE", None),
        ("a, id INTEGER CHECK (1) /* PRIMARY KEY */", None),
    ];
    for (columns, alias) in cases {
        let table = parse(&format!("CREATE TABLE t({columns})"));
        assert_eq!(table.rowid_alias, alias, "{columns}");
    }
}

#[test]
fn columns_without_a_stored_value_are_named() {
    for column in ["sum AS (a)", "sum INT GENERATED ALWAYS AS (a) VIRTUAL"] {
        assert_eq!(
            refusal(&format!("CREATE TABLE t(a, {column})")),
            Error::Unsupported { what: "virtual generated column \"sum\"".into() }
        );
    }
}

#[test]
fn other_kinds_of_tables_are_named() {
    assert_eq!(
        refusal("CREATE TABLE t(a PRIMARY KEY) STRICT, WITHOUT ROWID"),
        Error::unsupported("WITHOUT ROWID table")
    );
    assert_eq!(refusal("CREATE VIRTUAL TABLE t USING fts5(a)"), Error::unsupported("virtual table"));
}

#[test]
fn what_is_not_understood_is_refused() {
    let broken = [
        "",
        "CREATE TABLE t",
        "CREATE TABLE t(a",
        "CREATE TABLE t()",
        "CREATE TABLE t(a,)",
        "CREATE TABLE t(a,,b)",
        "CREATE TABLE t(a) AS",
        "CREATE TABLE t(a NOT b)",
        "CREATE TABLE t(a DEFAULT)",
        "CREATE TABLE t(a DEFAULT -, b)",
        "CREATE TABLE t(a INT b (5) c)",
        "CREATE TABLE t(a, A)",
        "CREATE TABLE t(a, UNIQUE(a), b)",
        "CREATE TABLE t($1)",
        "CREATE TABLE t(a, PRIMARY KEY(a + 1))",
        "CREATE TABLE t(a 'b",
        "CREATE INDEX i ON t(a)",
    ];
    for sql in broken {
        assert!(Definition::parse(sql).is_err(), "{sql}");
    }
}

#[test]
fn the_number_of_columns_is_limited() {
    let table = |count: usize| {
        let columns: Vec<_> = (0..count).map(|number| format!("c{number}")).collect();
        Definition::parse(&format!("CREATE TABLE t({})", columns.join(",")))
    };
    assert!(table(2000).is_ok());
    assert!(table(2001).is_err());
}
