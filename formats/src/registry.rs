//! The list of formats, and finding the right one.

use crate::error::{Error, ErrorKind};
use crate::format::{Confidence, Form, Format};
use crate::probe::Probe;
use crate::{admin, apps, ledger, managers, open, phone};

/// Every format, one line each, in order of id.
pub static ALL: &[&dyn Format] = &[
    &managers::one_password::OnePassword,
    &apps::two_fas::TwoFas,
    &managers::two_fauth::TwoFAuth,
    &apps::aegis::Aegis,
    &apps::andotp::AndOtp,
    &phone::AndroidBackup,
    &managers::tables::APPLE,
    &managers::authenticator_ext::AuthenticatorExt,
    &apps::authenticator_plus::AuthenticatorPlus,
    &apps::authy::Authy,
    &apps::battlenet::BattleNet,
    &managers::bitwarden::Bitwarden,
    &managers::bitwarden_authenticator::BitwardenAuthenticator,
    &managers::tables::BROWSERS,
    &managers::cotp::Cotp,
    &open::table::AnyTable,
    &managers::cxf::Cxf,
    &managers::tables::DASHLANE,
    &admin::delimited::Delimited,
    &apps::duo::Duo,
    &admin::seeds::DUO,
    &managers::enpass::Enpass,
    &apps::ente::Ente,
    &admin::entra::Entra,
    &admin::freeipa::FreeIpa,
    &apps::freeotp::FreeOtp,
    &apps::freeotpplus::FreeOtpPlus,
    &admin::freeradius::FreeRadius,
    &apps::gnome_authenticator::GnomeAuthenticator,
    &admin::libpam::Libpam,
    &open::google_migration::GoogleMigration,
    &apps::google_sqlite::GoogleSqlite,
    &phone::IosBackup,
    &managers::keepass::KeePass,
    &managers::keeper::Keeper,
    &admin::keycloak::Keycloak,
    &apps::lastpass::LastPass,
    &managers::tables::LASTPASS,
    &admin::linotp::LinOtp,
    &apps::microsoft::Microsoft,
    &managers::tables::NORDPASS,
    &admin::oath_usersfile::UsersFile,
    &admin::okta::Okta,
    &admin::openvpn_otp::OpenVpnOtp,
    &apps::otp_auth::OtpAuth,
    &open::otpauth::Otpauth,
    &managers::otpclient::OtpClient,
    &admin::otpd::Otpd,
    &open::otpferry::Otpferry,
    &ledger::LedgerFormat,
    &managers::pass_otp::PassOtp,
    &admin::seeds::PINGID,
    &admin::privacyidea::PrivacyIdea,
    &apps::proton::Proton,
    &managers::proton_pass::ProtonPass,
    &admin::pskc::Pskc,
    &apps::raivo::Raivo,
    &managers::tables::ROBOFORM,
    &apps::steam::Steam,
    &apps::stratum::Stratum,
    &apps::totp_authenticator::TotpAuthenticator,
    &admin::vault_totp::VaultTotp,
    &apps::winauth::WinAuth,
    &admin::yubikey::YubiKey,
];

/// The format of that id or alias, in any case.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    ALL.iter().copied().find(|format| format.info().is_called(name))
}

/// Every form that can be written.
pub fn forms() -> impl Iterator<Item = Form> {
    ALL.iter().flat_map(|format| Form::all_of(*format))
}

/// Finds the format of a file: all are asked, the surest wins, the file name's extension breaks a
/// tie, and a tie that remains is an error that lists the candidates.
pub fn detect(probe: &Probe<'_>) -> Result<&'static dyn Format, Error> {
    let scored: Vec<_> = ALL.iter().map(|format| (*format, format.detect(probe))).collect();
    let best = scored.iter().map(|(_, score)| *score).max().unwrap_or(Confidence::No);
    if best == Confidence::No {
        return Err(Error::new(ErrorKind::NotRecognised, "no known format in this file")
            .next_step("`otpferry formats` lists what can be read; -f FORMAT forces one"));
    }
    let candidates: Vec<_> =
        scored.into_iter().filter(|(_, score)| *score == best).map(|(format, _)| format).collect();
    match candidates.as_slice() {
        [one] => Ok(*one),
        several => by_extension(several, probe).ok_or_else(|| ambiguous(several)),
    }
}

fn by_extension(candidates: &[&'static dyn Format], probe: &Probe<'_>) -> Option<&'static dyn Format> {
    let extension = probe.extension()?;
    let mut matching = candidates
        .iter()
        .copied()
        .filter(|format| format.info().extensions.iter().any(|e| e.eq_ignore_ascii_case(extension)));
    matching.next().filter(|_| matching.next().is_none())
}

fn ambiguous(candidates: &[&'static dyn Format]) -> Error {
    let ids: Vec<_> = candidates.iter().map(|format| format.info().id).collect();
    let list = ids.join(", ");
    let mut error = Error::new(ErrorKind::Ambiguous, format!("this could be any of: {list}"))
        .next_step("Say which with -f FORMAT");
    error.candidates = ids.into();
    error
}
