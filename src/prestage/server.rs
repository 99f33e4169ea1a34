//! The servers that files are written for, and what they refuse.

use otpferry_formats::ledger::Entry;
use otpferry_formats::model::{Account, Credential, Device, Otp, SecretText, Vault};
use otpferry_formats::{Carrier, Encryption, Field, Fit, Form, Limits, Refusal, TokenOptions, registry};

use super::token::Blueprint;
use crate::convert;
use crate::encode;
use crate::failure::{Exit, Failure};

/// One form that is written.
#[derive(Clone, Copy)]
pub(super) struct Server {
    pub(super) form: Form,
}

/// By what a server knows a person.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Person {
    Login,
    /// The id that the directory has given.
    DirectoryId,
}

/// Forms whose person is an id: Microsoft Graph assigns tokens to object ids.
const BY_DIRECTORY_ID: &[&str] = &["entra-oath:graph", "okta-tokens"];

/// Formats whose forms are versions of a server: none stands in for another.
const VERSIONS: &[&str] = &["freeradius"];

/// Most live tokens of one person. Source: Microsoft's "Manage OATH tokens" (five, apps included); Okta's "Custom TOTP
/// factor" (one).
const MOST_PER_PERSON: &[(&str, usize)] = &[("entra-oath", 5), ("okta-tokens", 1)];

impl Server {
    /// What `-t` names, in the first form that takes such accounts.
    ///
    /// # Errors
    /// [`Exit::Usage`] when it is none, or takes no such accounts whatever they are called.
    pub(super) fn named(name: &str, blueprint: &Blueprint, tokens: &TokenOptions) -> Result<Self, Failure> {
        let named = convert::form(name)?;
        let usual = Self { form: named };
        if named.writing.carrier != Carrier::File && named.format.info().id != "otpauth" {
            return Err(Failure::new(
                Exit::Usage,
                format!("{} is not a file of a server", named.writing.caps.app),
            ));
        }
        let Some(refusal) = usual.refuses(blueprint, tokens) else { return Ok(usual) };
        let is_free = !name.contains(':') && !VERSIONS.contains(&named.format.info().id);
        let others = Form::all_of(named.format).filter(|_| is_free).map(|form| Self { form });
        if let Some(other) = others.into_iter().find(|other| other.refuses(blueprint, tokens).is_none()) {
            return Ok(other);
        }
        let app = named.writing.caps.app;
        let step = match refusal.code {
            // What the user says about the server decides.
            "other-settings" | "no-column" | "has-delimiter" => refusal.next_step,
            _ => "Give other parameters: --kind, --algorithm, --digits, --period, --secret-bytes".to_owned(),
        };
        let message = format!("{app} takes no such accounts: {}", refusal.message);
        Err(Failure::new(Exit::Usage, message).next_step(step))
    }

    /// Why it takes no account of this kind.
    fn refuses(self, blueprint: &Blueprint, tokens: &TokenOptions) -> Option<Refusal> {
        self.fit(&[self.sample(blueprint)?], tokens).pop().and_then(|fit| fit.refused)
    }

    /// Something like a new account, of nobody.
    fn sample(self, blueprint: &Blueprint) -> Option<Account> {
        let (otp, device) = blueprint.sample(0)?;
        Some(self.account("user@example.com", Some(SAMPLE_ID), "Example", otp, device, &[]))
    }

    /// Whether everything is there that its file needs; asked before anything is made.
    ///
    /// # Errors
    /// [`Exit::Usage`] when an option is missing.
    pub(super) fn check_options(self, blueprint: &Blueprint, tokens: &TokenOptions) -> Result<(), Failure> {
        let vault = Vault { accounts: self.sample(blueprint).into_iter().collect(), ..Vault::default() };
        let rehearsal = SecretText::new("a rehearsal for nobody");
        let password = (self.form.writing.encryption == Encryption::Always).then_some(&rehearsal);
        encode::encode(self.form, &vault, password, &Limits::default(), 10, tokens)?;
        Ok(())
    }

    /// The name of the form: `entra-oath:csv`.
    pub(super) fn name(self) -> String {
        self.form.name()
    }

    /// Whether an export went to this server, in whatever form.
    pub(super) fn is_named_in(self, target: &str) -> bool {
        target.split([':', '#']).next() == Some(self.form.format.info().id)
    }

    /// Most live tokens that one person may have there.
    pub(super) fn most_per_person(self) -> Option<usize> {
        most_per_person(self.form.format.info().id)
    }

    /// Whether its file is encrypted.
    pub(super) fn encrypts(self, plain: bool) -> bool {
        match self.form.writing.encryption {
            Encryption::Always => true,
            Encryption::Optional => !plain,
            Encryption::Never | Encryption::Weak => false,
        }
    }

    pub(super) fn fit(self, accounts: &[Account], tokens: &TokenOptions) -> Vec<Fit> {
        self.form.fit_given(accounts, tokens)
    }

    /// The account of a ledger as this server is told; `None` when its secret was wiped.
    pub(super) fn account_of(self, entry: &Entry) -> Option<Account> {
        let otp = entry.otp.clone()?;
        let id = entry.directory_id.as_deref();
        Some(self.account(&entry.account, id, &entry.issuer, otp, entry.device.clone(), &entry.groups))
    }

    /// An account as this server is told.
    pub(super) fn account(
        self,
        login: &str,
        id: Option<&str>,
        issuer: &str,
        otp: Otp,
        device: Device,
        groups: &[String],
    ) -> Account {
        let mut account = Account::new(Credential::Otp(otp), issuer, login);
        account.device = Some(device);
        account.groups = groups.to_vec();
        account.user = match self.person() {
            Person::Login => Some(login.to_owned()),
            Person::DirectoryId => id.map(str::to_owned),
        };
        account
    }

    fn person(self) -> Person {
        let name = self.name();
        if BY_DIRECTORY_ID.contains(&name.as_str()) { Person::DirectoryId } else { Person::Login }
    }
}

/// Most live tokens that one person may have at the server of that format.
pub(super) fn most_per_person(format: &str) -> Option<usize> {
    MOST_PER_PERSON.iter().find(|(server, _)| *server == format).map(|(_, most)| *most)
}

/// Whether the entries of a file say whose they are.
pub(super) fn has_people(format: &str) -> bool {
    let forms = registry::by_name(format).into_iter().flat_map(Form::all_of);
    forms.into_iter().any(|form| form.writing.caps.fields.contains(&Field::User))
}

/// An id of nobody.
const SAMPLE_ID: &str = "00000000-0000-4000-8000-000000000000";
