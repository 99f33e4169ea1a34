//! Text rules that several formats share.

pub mod base32;
pub(crate) mod csv;
pub mod encoding;
pub(crate) mod html;
pub(crate) mod json;
pub mod percent;
pub(crate) mod shell;
pub(crate) mod time;
pub(crate) mod uuid;
pub(crate) mod xml;
