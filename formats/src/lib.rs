//! Reads and writes the files of authenticator apps: bytes in, accounts out, and back.
//!
//! Everything meets in one model, [`model::Account`]. A format is one module that implements
//! [`Format`] and one line in [`registry::ALL`]; detection, the loss report, the tables in the
//! documentation and the tests are driven by that list.
//!
//! The library touches no file, clock, random source, thread, terminal or environment: whatever a
//! format needs of the world comes in through [`Ctx`]. Any bytes are safe input: a reader answers
//! with accounts or with an [`Error`] that says what is wrong, where, and what to do.
//!
//! ```
//! use otpferry_formats::{Input, NoPasswords, Probe, registry, testing};
//!
//! let bytes = b"otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP&issuer=Example";
//! let format = registry::detect(&Probe::new(bytes, None)).unwrap();
//! assert_eq!(format.info().id, "otpauth");
//!
//! let vault = testing::with_ctx(&mut NoPasswords, |ctx| format.decode(&Input::new(bytes), ctx)).unwrap();
//! assert_eq!(vault.accounts[0].issuer, "Example");
//! assert_eq!(vault.accounts[0].name, "alice");
//! ```

mod admin;
mod apps;
mod caps;
pub mod closed;
pub mod container;
mod crypt;
mod ctx;
mod error;
mod format;
pub mod ledger;
mod managers;
pub mod model;
mod open;
pub mod otp;
pub mod phone;
mod probe;
pub mod registry;
pub mod report;
pub mod roster;
mod source;
pub mod targets;
pub mod testing;
pub mod text;

pub use admin::delimited::{Layout, LineEnding, Quoting};
pub use admin::freeipa::owner_lines as freeipa_owner_lines;
pub use admin::options::{OktaEncoding, TokenOptions, TokenType};
pub use admin::seeds::is_seed_list;
pub use caps::{Caps, Change, Field, Fit, Groups, Periods, Refusal};
pub use ctx::{Ask, Ctx, KeyFile, Limits, NoPasswords, Passwords, ReadCodes};
pub use error::{Error, ErrorKind, Place};
pub use format::{Carrier, Confidence, Encryption, Form, Format, Info, Input, Manifest, Part, Writing};
pub use open::foreign::{self, Foreign};
pub use open::table::{SecretEncoding, TableOptions};
pub use probe::{Node, Probe};
pub use source::{Bytes, Folder};
