//! Damaged databases: nothing is expected of their content, but they must not
//! panic, hang or unfold into more than their size.

use otpferry_formats::container::sqlite::Database;

use crate::fixture::Fixture;

/// A fixed sequence of numbers, so that a failure happens again.
struct XorShift(u64);

impl XorShift {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(8) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = [0, 1, 2, 5, 10, 13, 0x7f, 0x80, 0xff][self.below(9)],
                2 => bytes[at..].iter_mut().take(9).for_each(|byte| *byte = 0xff),
                3 if self.below(8) == 0 => bytes.truncate(at + 1),
                // Page headers are where a change has the most effect.
                4 => {
                    let field = at / 512 * 512 + self.below(24);
                    if let Some(byte) = bytes.get_mut(field) {
                        *byte = self.below(256) as u8;
                    }
                }
                5 => {
                    let from = self.below(bytes.len());
                    let len = self.below(64).min(bytes.len() - at.max(from));
                    bytes.copy_within(from..from + len, at);
                }
                _ => bytes[at] = self.below(256) as u8,
            }
        }
    }
}

/// Makes the checksums of a changed little-endian log of 512-byte pages right.
fn reseal(log: &mut [u8]) {
    let mut sums = [0_u32; 2];
    let mut add = |bytes: &[u8]| {
        for pair in bytes.chunks_exact(8) {
            for (which, word) in pair.chunks_exact(4).enumerate() {
                let word = u32::from_le_bytes(word.try_into().unwrap());
                sums[which] = sums[which].wrapping_add(word).wrapping_add(sums[1 - which]);
            }
        }
        sums.map(u32::to_be_bytes).concat()
    };
    if log.len() < 32 {
        return;
    }
    let (header, frames) = log.split_at_mut(32);
    let sum = add(&header[..24]);
    header[24..].copy_from_slice(&sum);
    for frame in frames.chunks_exact_mut(24 + 512) {
        add(&frame[..8]);
        let sum = add(&frame[24..]);
        frame[16..24].copy_from_slice(&sum);
    }
}

/// Reads everything there is; how much that was.
fn exhaust(main: &[u8], wal: Option<&[u8]>) -> usize {
    let Ok(db) = Database::open(main, wal) else {
        return 0;
    };
    let mut total = 0;
    for name in db.table_names() {
        let Ok(table) = db.table(name) else { continue };
        for row in table.rows() {
            total += 1;
            let Ok(row) = row else { continue };
            for index in 0..table.columns().len().min(8) {
                total += row.get(index).as_text().map_or(0, str::len);
            }
        }
    }
    total
}

#[test]
fn mutations_neither_panic_nor_explode() {
    const MUTATIONS: usize = 10_000;
    let fixture = Fixture::new("PRAGMA page_size = 512");
    fixture.run(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b);
         CREATE TABLE u(x DEFAULT 5, y REAL);
         INSERT INTO u VALUES(1, 2), ('x', 3.5); ALTER TABLE u ADD z TEXT DEFAULT 'abc';",
    );
    let insert = "INSERT INTO t(a, b) VALUES('some text', x'00'), (hex(zeroblob(700)), 7)";
    for _ in 0..15 {
        fixture.run(insert);
    }
    let old = fixture.main();
    fixture.run("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    fixture.run(insert).run("DELETE FROM t WHERE id % 5 = 0");
    let (main, log) = (fixture.main(), fixture.log());
    fixture.check();

    let mut random = XorShift(0x9e37_79b9_7f4a_7c15);
    for number in 0..MUTATIONS {
        let (mut main, mut log) = (if number % 2 == 0 { &old } else { &main }.clone(), log.clone());
        match number % 4 {
            0 | 1 => random.damage(&mut main),
            2 => random.damage(&mut log),
            _ => {
                random.damage(&mut log);
                reseal(&mut log);
            }
        }
        let wal = (number % 4 != 0).then_some(log.as_slice());
        let total = exhaust(&main, wal);
        assert!(total < 40 * (main.len() + log.len()), "mutation {number}");
    }
}
