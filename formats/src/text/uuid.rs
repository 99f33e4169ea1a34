//! Ids that have to be unique in one file.

use std::collections::HashSet;

use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};

/// How often a new id is drawn before the random source is called broken.
const DRAWS: usize = 4;

/// The UUIDs of one file, none twice.
#[derive(Debug, Default)]
pub(crate) struct Uuids {
    taken: HashSet<String>,
}

impl Uuids {
    /// The known id when it is a UUID that is still free, otherwise a new one.
    pub(crate) fn take(&mut self, known: Option<&str>, ctx: &mut Ctx<'_>) -> Result<String, Error> {
        if let Some(id) = known
            && is_uuid(id)
            && self.claim(id)
        {
            return Ok(id.to_owned());
        }
        for _ in 0..DRAWS {
            let id = ctx.uuid()?;
            if self.claim(&id) {
                return Ok(id);
            }
        }
        Err(Error::new(ErrorKind::Internal, "the random source repeats itself"))
    }

    /// Whether nobody had the id before; the case of its letters does not matter.
    fn claim(&mut self, id: &str) -> bool {
        self.taken.insert(id.to_ascii_lowercase())
    }
}

/// Whether the text has the form of a UUID (RFC 9562), in any case.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::testing;

    const ID: &str = "3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d";

    #[test]
    fn form_of_a_uuid() {
        assert!(is_uuid(ID));
        assert!(is_uuid(&ID.to_uppercase()));
        for text in ["", "3ae6f1ad2e654ed2a9531ec0dff2386d", "3ae6f1ad-2e65-4ed2-a953-1ec0dff2386g"] {
            assert!(!is_uuid(text), "{text}");
        }
    }

    #[test]
    fn no_id_is_given_twice() {
        testing::with_ctx(&mut NoPasswords, |ctx| {
            let mut uuids = Uuids::default();
            assert_eq!(uuids.take(Some(ID), ctx).unwrap(), ID);
            let upper = ID.to_uppercase();
            for known in [Some(ID), Some(&upper), Some("no uuid"), None] {
                let id = uuids.take(known, ctx).unwrap();
                assert!(is_uuid(&id) && !id.eq_ignore_ascii_case(ID));
            }
        });
    }

    #[test]
    fn a_random_source_that_repeats_is_an_error() {
        let limits = crate::ctx::Limits::default();
        let mut random = |buffer: &mut [u8]| {
            buffer.fill(7);
            Ok(())
        };
        let mut ctx = Ctx {
            passwords: &mut NoPasswords,
            key_files: &[],
            new_password: None,
            random: &mut random,
            now: jiff::Timestamp::UNIX_EPOCH,
            limits: &limits,
            per_qr: 1,
            read_codes: None,
            table: &crate::TableOptions::default(),
            tokens: &crate::TokenOptions::default(),
        };
        let mut uuids = Uuids::default();
        assert!(uuids.take(None, &mut ctx).is_ok());
        assert_eq!(uuids.take(None, &mut ctx).unwrap_err().kind, ErrorKind::Internal);
    }
}
