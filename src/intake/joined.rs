//! Messages that were split over several QR codes (structured append, ISO/IEC 18004, 8).

use std::collections::BTreeMap;

use otpferry_scan::Part;
use zeroize::Zeroizing;

/// A code that is one of several of one message.
pub(super) struct Piece {
    pub(super) payload: Zeroizing<Vec<u8>>,
    pub(super) part: Part,
    /// Position of the input that it is in.
    pub(super) source: usize,
    /// The input in words.
    pub(super) file: String,
}

/// What became of the pieces of one message; they are given by their positions.
pub(super) enum Joined {
    /// All are there and fit together: first one of each in order, then those seen again.
    Message { payload: Zeroizing<Vec<u8>>, pieces: Vec<usize> },
    /// Some are missing: their 0-based numbers, and those that are there.
    Missing { numbers: Vec<u8>, pieces: Vec<usize> },
    /// They say that they belong together and do not.
    Contradiction { pieces: Vec<usize> },
}

/// Puts messages together. A message that is complete in one input is made of that input alone, so
/// that two messages with the same number of codes and the same parity stay apart.
pub(super) fn join(pieces: &[Piece]) -> Vec<Joined> {
    let mut by_input: BTreeMap<(u8, u8, usize), Vec<usize>> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        by_input.entry((piece.part.count, piece.part.parity, piece.source)).or_default().push(at);
    }
    let mut joined = Vec::new();
    let mut open: BTreeMap<(u8, u8), Vec<usize>> = BTreeMap::new();
    for ((count, parity, _), members) in by_input {
        match assemble(pieces, count, parity, members) {
            message @ Joined::Message { .. } => joined.push(message),
            Joined::Missing { pieces, .. } | Joined::Contradiction { pieces } => {
                open.entry((count, parity)).or_default().extend(pieces);
            }
        }
    }
    for ((count, parity), mut members) in open {
        members.retain(|at| !is_seen_again(pieces, *at, &mut joined));
        if !members.is_empty() {
            joined.push(assemble(pieces, count, parity, members));
        }
    }
    joined
}

/// Whether a message that is whole holds the same piece already; it is noted there then.
fn is_seen_again(pieces: &[Piece], at: usize, joined: &mut [Joined]) -> bool {
    let Some(piece) = pieces.get(at) else { return false };
    let same = |other: &usize| {
        pieces.get(*other).is_some_and(|other| other.part == piece.part && other.payload == piece.payload)
    };
    let home = joined.iter_mut().find_map(|joined| match joined {
        Joined::Message { pieces, .. } if pieces.iter().any(same) => Some(pieces),
        _ => None,
    });
    home.map(|pieces| pieces.push(at)).is_some()
}

fn assemble(pieces: &[Piece], count: u8, parity: u8, members: Vec<usize>) -> Joined {
    let mut by_number: BTreeMap<u8, usize> = BTreeMap::new();
    for at in &members {
        let Some(piece) = pieces.get(*at) else { continue };
        let first = *by_number.entry(piece.part.index).or_insert(*at);
        // The same code seen twice is no trouble.
        if pieces.get(first).is_some_and(|first| first.payload != piece.payload) {
            return Joined::Contradiction { pieces: members };
        }
    }
    let numbers: Vec<u8> = (0..count).filter(|number| !by_number.contains_key(number)).collect();
    if !numbers.is_empty() {
        return Joined::Missing { numbers, pieces: members };
    }
    let ordered: Vec<usize> = by_number.into_values().collect();
    let parts = || ordered.iter().filter_map(|at| pieces.get(*at)).map(|piece| piece.payload.as_slice());
    if parts().flatten().fold(0, |sum, byte| sum ^ byte) != parity {
        return Joined::Contradiction { pieces: members };
    }
    let mut payload = Zeroizing::new(Vec::with_capacity(parts().map(<[u8]>::len).sum()));
    parts().for_each(|part| payload.extend_from_slice(part));
    let again: Vec<usize> = members.into_iter().filter(|at| !ordered.contains(at)).collect();
    Joined::Message { payload, pieces: [ordered, again].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exclusive or of the bytes of `otpauth://totp/x`, computed in Python.
    const PARITY: u8 = 0x11;

    fn piece(source: usize, index: u8, count: u8, parity: u8, payload: &str) -> Piece {
        Piece {
            payload: Zeroizing::new(payload.as_bytes().to_vec()),
            part: Part { index, count, parity },
            source,
            file: format!("{source}.png"),
        }
    }

    fn said(joined: &[Joined]) -> Vec<String> {
        let one = |joined: &Joined| match joined {
            Joined::Message { payload, pieces } => {
                format!("{} of {pieces:?}", String::from_utf8(payload.to_vec()).unwrap())
            }
            Joined::Missing { numbers, pieces } => format!("without {numbers:?} of {pieces:?}"),
            Joined::Contradiction { pieces } => format!("contradiction of {pieces:?}"),
        };
        joined.iter().map(one).collect()
    }

    #[test]
    fn parts_are_joined_in_their_order_from_any_inputs() {
        let one = [piece(0, 1, 2, PARITY, "://totp/x"), piece(0, 0, 2, PARITY, "otpauth")];
        assert_eq!(said(&join(&one)), ["otpauth://totp/x of [1, 0]"]);
        let two = [
            piece(0, 1, 2, PARITY, "://totp/x"),
            piece(4, 0, 2, PARITY, "otpauth"),
            piece(5, 0, 2, PARITY, "otpauth"),
        ];
        assert_eq!(said(&join(&two)), ["otpauth://totp/x of [1, 0, 2]"]);
        let whole_and_again = [&one[..], &[piece(3, 1, 2, PARITY, "://totp/x")]];
        let whole_and_again: Vec<Piece> = whole_and_again.into_iter().flatten().map(again).collect();
        assert_eq!(said(&join(&whole_and_again)), ["otpauth://totp/x of [1, 0, 2]"]);
    }

    fn again(piece: &Piece) -> Piece {
        Piece { payload: piece.payload.clone(), file: piece.file.clone(), ..*piece }
    }

    #[test]
    fn missing_and_contradicting_parts_are_told() {
        assert_eq!(
            said(&join(&[piece(0, 1, 3, 9, "b"), piece(1, 1, 3, 9, "b")])),
            ["without [0, 2] of [0, 1]"]
        );
        assert_eq!(
            said(&join(&[piece(0, 0, 2, 9, "a"), piece(1, 0, 2, 9, "b"), piece(2, 1, 2, 9, "c")])),
            ["contradiction of [0, 1, 2]"]
        );
        // `a` xor `b` is 3.
        assert_eq!(
            said(&join(&[piece(0, 0, 2, 9, "a"), piece(1, 1, 2, 9, "b")])),
            ["contradiction of [0, 1]"]
        );
        assert_eq!(said(&join(&[piece(0, 0, 2, 3, "a"), piece(1, 1, 2, 3, "b")])), ["ab of [0, 1]"]);
    }

    #[test]
    fn messages_that_are_whole_in_one_picture_stay_apart() {
        let pieces = [
            piece(0, 0, 2, 3, "a"),
            piece(0, 1, 2, 3, "b"),
            piece(1, 0, 2, 3, "p"),
            piece(1, 1, 2, 3, "s"),
            piece(2, 0, 2, 3, "A"),
            piece(3, 1, 2, 3, "B"),
        ];
        assert_eq!(said(&join(&pieces)), ["ab of [0, 1]", "ps of [2, 3]", "AB of [4, 5]"]);
    }
}
