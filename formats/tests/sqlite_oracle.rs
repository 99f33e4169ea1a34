//! Reads databases that SQLite itself wrote and compares every value of every
//! table with what SQLite reads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    // SQLite only works on files.
    clippy::disallowed_methods
)]

#[path = "sqlite_oracle/fixture.rs"]
mod fixture;
#[path = "sqlite_oracle/mutations.rs"]
mod mutations;

use otpferry_formats::container::sqlite::{Database, Error, sniff};
use rusqlite::{Connection, params};

use fixture::{Fixture, by_sqlite, check, reopened};

/// Numbers on both sides of every change of the stored width.
fn integers() -> Vec<i64> {
    let edges = (0..63).flat_map(|bit| [(1_i64 << bit) - 1, 1 << bit, -(1 << bit), -(1 << bit) - 1]);
    edges.chain([i64::MIN, i64::MAX]).collect()
}

const REALS: [f64; 9] = [0.0, -0.0, 1.0, -3.0, 0.1, 1e300, 5e-324, f64::INFINITY, 9_007_199_254_740_993.0];

fn fill_with_all_kinds(db: &Connection, usable: usize) {
    db.execute_batch("BEGIN; CREATE TABLE kinds(id INTEGER PRIMARY KEY, v, r REAL, t TEXT)").unwrap();
    let mut insert = db.prepare("INSERT INTO kinds(v, r, t) VALUES(?1, ?1, ?2)").unwrap();
    for number in integers() {
        insert.execute(params![number, number]).unwrap();
    }
    for number in REALS {
        insert.execute(params![number, number]).unwrap();
    }
    for text in ["", "a", "nul\0inside", "ünïcödé ✓ 🔑", "\u{feff}bom"] {
        insert.execute(params![text, text]).unwrap();
        insert.execute(params![text.as_bytes(), None::<i64>]).unwrap();
    }
    insert.execute(params![None::<i64>, None::<i64>]).unwrap();
    // Payloads on both sides of what fits on a page, and long chains; on the
    // smallest pages also every length of two rounds of the spilling rule.
    let every = if usable <= 512 { 900..2000 } else { 0..0 };
    let lengths = (usable - 50..usable - 25)
        .chain((2 * usable - 60..2 * usable + 20).step_by(9))
        .chain(every)
        .chain([100_000]);
    for len in lengths {
        let text: String = ('a'..='z').cycle().take(len).collect();
        insert.execute(params![text.as_bytes(), None::<i64>]).unwrap();
        insert.execute(params![len as i64, text]).unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
}

fn fill_with_many_rows(db: &Connection, count: i64) {
    db.execute_batch("BEGIN; CREATE TABLE many(a TEXT, id INTEGER, b, PRIMARY KEY(id DESC))").unwrap();
    let mut insert = db.prepare("INSERT INTO many VALUES(?1, ?2, ?3)").unwrap();
    for number in 0..count {
        let id = number * 37 - 20_000;
        insert.execute(params![format!("row {number}"), id, number]).unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
}

#[test]
fn page_sizes_encodings_and_vacuum_modes() {
    let sizes = [512, 1024, 4096, 8192, 65_536];
    let encodings = ["UTF-8", "UTF-16le", "UTF-16be"];
    for (number, page_size) in sizes.into_iter().enumerate() {
        for (offset, encoding) in encodings.into_iter().enumerate() {
            let vacuum = (number + offset) % 3;
            let fixture = Fixture::new(&format!(
                "PRAGMA page_size = {page_size}; PRAGMA encoding = '{encoding}';
                 PRAGMA auto_vacuum = {vacuum}; PRAGMA user_version = -7;
                 CREATE TABLE empty(a); CREATE VIEW seen AS SELECT a FROM empty;"
            ));
            fill_with_all_kinds(&fixture.db, page_size);
            fixture.check();
            let main = fixture.main();
            let db = Database::open(&main, None).unwrap();
            assert!(sniff(&main) && !db.is_wal_mode());
            assert_eq!(db.user_version(), -7);
            assert!(db.has_table("KINDS") && !db.has_table("seen"));
        }
    }
}

#[test]
fn many_rows_deleted_rows_and_vacuum() {
    for page_size in [512, 4096] {
        let fixture = Fixture::new(&format!("PRAGMA page_size = {page_size}"));
        fill_with_many_rows(&fixture.db, 3000);
        fixture.run("CREATE INDEX i ON many(a)").check();
        fixture.run("DELETE FROM many WHERE id % 3 = 0 OR id BETWEEN 5000 AND 40000");
        fixture.check();
        fixture.run("UPDATE many SET a = hex(zeroblob(900)) WHERE b % 50 = 0");
        fixture.check();
        fixture.run("VACUUM").check();
        fixture.run("DELETE FROM many").check();
    }
}

#[test]
fn reserved_bytes_per_page() {
    for page_size in [512_usize, 4096, 65_536] {
        let fixture = Fixture::new(&format!("PRAGMA page_size = {page_size}; VACUUM"));
        let Fixture { dir, db } = fixture;
        db.close().unwrap();
        // An empty database in which the last 32 bytes of page 1 are reserved,
        // so that its cell content area starts before them.
        let path = dir.path().join("db");
        let mut main = std::fs::read(&path).unwrap();
        main[20] = 32;
        let content = u16::try_from(page_size - 32).unwrap().to_be_bytes();
        main[105..107].copy_from_slice(&content);
        std::fs::write(&path, main).unwrap();
        let db = Connection::open(&path).unwrap();
        let fixture = Fixture { dir, db };
        fill_with_all_kinds(&fixture.db, page_size - 32);
        fill_with_many_rows(&fixture.db, 500);
        assert_eq!(fixture.main()[20], 32);
        fixture.check();
    }
}

#[test]
fn columns_added_later() {
    let types = ["", "TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB", "VARCHAR(9)"];
    let defaults = [
        "5",
        "-5",
        "+5",
        "007",
        "0x1F",
        "-0x10",
        "1.50",
        "-1e3",
        "2.0",
        ".5",
        "1_000",
        "12345678901",
        "9223372036854775808",
        "-9223372036854775808",
        "'12'",
        "' 3.0 '",
        "'1e2x'",
        "'it''s'",
        "''",
        "\"dq\"",
        "[br]",
        "bare",
        "x'00ff'",
        "NULL",
        "true",
        "FALSE",
        "(7)",
        "((-8))",
        "('p')",
        "(-(-9))",
        "(true)",
    ];
    for encoding in ["UTF-8", "UTF-16le"] {
        let fixture = Fixture::new(&format!(
            "PRAGMA encoding = '{encoding}';
             CREATE TABLE t(a); INSERT INTO t VALUES(1), (NULL);
             CREATE TABLE s(a INT) STRICT; INSERT INTO s VALUES(1);
             ALTER TABLE s ADD COLUMN b ANY DEFAULT '5';"
        ));
        for (number, declared) in types.into_iter().enumerate() {
            for (which, default) in defaults.into_iter().enumerate() {
                let column = format!("[c{number} {which}] {declared} DEFAULT {default}");
                fixture.run(&format!("ALTER TABLE t ADD COLUMN {column}"));
            }
        }
        fixture.check();
        fixture.run(
            "INSERT INTO t(a) VALUES('new');
             ALTER TABLE t ADD COLUMN plain; ALTER TABLE t ADD last TEXT NOT NULL DEFAULT 'x, y)';
             ALTER TABLE t DROP COLUMN [c0 3]; ALTER TABLE t RENAME COLUMN a TO [b c];
             ALTER TABLE t RENAME TO renamed;",
        );
        fixture.check();
    }
}

#[test]
fn definitions() {
    let fixture = Fixture::new(
        r#"CREATE TABLE "odd ""name"" (1)" ("a,b" TEXT, [c)d] INT, `e` /* , x */, 'f' -- , y
               , key TEXT, primary_ INTEGER, CONSTRAINT c CHECK ("a,b" <> '),(') UNIQUE ([c)d]));
           INSERT INTO "odd ""name"" (1)" VALUES(1, 2, 3, 4, 5, 6);
           CREATE TABLE IF NOT EXISTS desc_key(a, id INTEGER PRIMARY KEY DESC);
           CREATE TABLE int_key(id INT PRIMARY KEY, b);
           CREATE TABLE auto(b, id INTEGER PRIMARY KEY AUTOINCREMENT);
           CREATE TABLE stored(a, b INT GENERATED ALWAYS AS (a * 2) STORED, c DEFAULT (1 + 2));
           CREATE TABLE copy AS SELECT 1 AS one, 'two' AS [t w o];
           CREATE TABLE types(a DOUBLE PRECISION, b FLOATING POINT, c DECIMAL(10,5), d DATETIME);
           INSERT INTO desc_key VALUES('x', 90), ('y', 50);
           INSERT INTO int_key VALUES(90, 'x'), (NULL, 'y');
           INSERT INTO auto VALUES('x', -90), ('y', NULL);
           INSERT INTO stored(a) VALUES(21);
           INSERT INTO types VALUES(3, 3, 3, 3), (3.5, 3.5, 3.5, 3.5), ('3', '3', '3', '3');"#,
    );
    fixture.check();
    let main = fixture.main();
    let db = Database::open(&main, None).unwrap();
    assert!(matches!(db.table("missing"), Err(Error::NoSuchTable)));
    let table = db.table("AUTO").unwrap();
    assert_eq!(table.columns(), ["b", "id"]);
    assert_eq!((table.column("ID"), table.column("x")), (Some(1), None));
}

#[test]
fn tables_that_are_not_supported() {
    let fixture = Fixture::new(
        "CREATE TABLE good(a); INSERT INTO good VALUES(1);
         CREATE TABLE keyed(a PRIMARY KEY) WITHOUT ROWID;
         CREATE TABLE computed(a, twice AS (a * 2));
         CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);",
    );
    // A definition that nobody can read must not affect its neighbours.
    fixture.run(
        "CREATE TABLE broken(a); PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE TABLE broken((' WHERE name = 'broken'",
    );
    let main = fixture.main();
    let db = Database::open(&main, None).unwrap();
    for name in ["keyed", "computed", "box", "broken"] {
        let error = db.table(name).err();
        assert!(matches!(error, Some(Error::Unsupported { .. })), "{name}");
    }
    assert_eq!(db.table("good").unwrap().rows().count(), 1);
}

#[test]
fn one_bad_text_does_not_hide_the_other_rows() {
    let fixture = Fixture::new(
        "CREATE TABLE t(a);
         INSERT INTO t VALUES('x'), (CAST(x'61ff62' AS TEXT)), ('z');",
    );
    let main = fixture.main();
    let db = Database::open(&main, None).unwrap();
    let table = db.table("t").unwrap();
    let rows: Vec<_> = table.rows().collect();
    let texts = rows.iter().map(|row| row.as_ref().ok()?.get(0).as_text());
    assert_eq!(texts.collect::<Vec<_>>(), [Some("x"), None, Some("z")]);
    assert!(matches!(rows[1], Err(Error::Corrupt { page: 2, .. })));
}

#[test]
fn everything_in_the_log() {
    for page_size in [512, 4096, 65_536] {
        let fixture = Fixture::wal(page_size);
        fill_with_all_kinds(&fixture.db, page_size);
        fill_with_many_rows(&fixture.db, 500);
        fixture.check();
        let (main, log) = (fixture.main(), fixture.log());
        assert_eq!(main.len(), page_size, "only page 1 is in the file");
        check(&[], Some(&log), &by_sqlite(&fixture.db));
        let db = Database::open(&main, Some(&log)).unwrap();
        assert!(db.is_wal_mode() && !db.wal_has_unused_tail());
        assert!(!Database::open(&main, None).unwrap().has_table("many"));
        fixture.run("DELETE FROM kinds WHERE id > 9; VACUUM").check();
    }
}

#[test]
fn uncommitted_frames_and_later_generations() {
    let fixture = Fixture::wal(1024);
    fill_with_many_rows(&fixture.db, 300);
    let before = by_sqlite(&fixture.db);
    // A cache of one page makes the open transaction spill into the log.
    fixture.run("PRAGMA cache_size = 1; BEGIN; UPDATE many SET a = a || ' changed'");
    let (main, log) = (fixture.main(), fixture.log());
    check(&main, Some(&log), &before);
    assert!(Database::open(&main, Some(&log)).unwrap().wal_has_unused_tail());
    fixture.run("ROLLBACK").check();

    // After a checkpoint the log starts over; old frames stay behind the new.
    fixture.run("PRAGMA wal_checkpoint(RESTART); UPDATE many SET b = 'new' WHERE b = 77");
    assert!(fixture.log().len() >= log.len());
    fixture.check();
    let db = (fixture.main(), fixture.log());
    assert!(!Database::open(&db.0, Some(&db.1)).unwrap().wal_has_unused_tail());
    fixture.run("PRAGMA wal_checkpoint(TRUNCATE)").check();
    assert_eq!(fixture.log().len(), 0);
}

#[test]
fn damaged_logs() {
    let fixture = Fixture::wal(512);
    fixture.run("CREATE TABLE t(a)");
    for number in 0..20 {
        fixture.run(&format!("INSERT INTO t VALUES({number}), (hex(zeroblob(400)))"));
    }
    let (main, log) = (fixture.main(), fixture.log());
    let mut seen = std::collections::BTreeSet::new();
    for at in (0..log.len()).step_by(97) {
        let mut damaged = log.clone();
        damaged[at] ^= 0x10;
        let expected = reopened(&main, &damaged);
        check(&main, Some(&damaged), &expected);
        check(&main, Some(&log[..at]), &reopened(&main, &log[..at]));
        seen.insert(expected.get("t").map(Vec::len));
    }
    assert!(seen.len() > 15, "the damage hit many transactions");
}

#[test]
fn files_that_do_not_belong_together() {
    let small = Fixture::wal(512);
    let large = Fixture::wal(4096);
    small.run("CREATE TABLE t(a)");
    large.run("CREATE TABLE t(a)");
    let error = Database::open(&large.main(), Some(&small.log())).err();
    assert!(matches!(error, Some(Error::Corrupt { page: 1, .. })));
    let error = Database::open(&[0xa5; 4096], Some(&large.log())).err();
    assert_eq!(error, Some(Error::NotSqlite));
    assert_eq!(Database::open(&[], Some(&[])).err(), Some(Error::NotSqlite));
}
