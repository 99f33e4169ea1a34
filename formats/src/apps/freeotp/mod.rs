//! FreeOTP (Android).

pub(super) mod token;
