//! New users with their codes, or the codes alone for users that are there.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::read::{self, KEPT};
use super::{APP, CAPS, ID, UPDATE};
use crate::admin::token;
use crate::caps::{Field, Fit};
use crate::ctx::Limits;
use crate::error::Error;
use crate::format::Writing;
use crate::model::{Account, Otp};
use crate::text::json;

/// Characters of a user name and of a label that the database holds.
const LONGEST: usize = 255;

/// The name that the server knows a user by: it makes it small.
pub(super) fn username(account: &Account) -> String {
    token::user(account).trim().to_lowercase()
}

/// Whether Keycloak lets a user have it: what its user profile prohibits by default is never accepted later.
fn is_username(name: &str) -> bool {
    let is_prohibited =
        |c: char| c.is_whitespace() || c.is_control() || "<>&\"'$%!#?§,;:*~/\\|^=[]{}()`".contains(c);
    !name.is_empty() && name.chars().count() <= LONGEST && !name.contains(is_prohibited)
}

/// What the user sees a credential called; the databases hold no NUL.
fn label(account: &Account) -> Option<&str> {
    let note = account.note.as_str();
    let fits = !note.trim().is_empty() && note.chars().count() <= LONGEST && !note.contains('\0');
    fits.then_some(note)
}

/// Labels that are taken. The server refuses a second one of a user, whatever its capitals, and with it
/// the whole import.
#[derive(Default)]
struct Labels(HashSet<(String, String)>);

impl Labels {
    fn take<'a>(&mut self, username: &str, account: &'a Account) -> Option<&'a str> {
        let label = label(account)?;
        self.0.insert((username.to_owned(), label.trim().to_lowercase())).then_some(label)
    }
}

pub(super) fn fit(writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
    let mut labels = Labels::default();
    let fit_one = |account: &Account| {
        let mut fit = token::fit(&CAPS, account, || {
            let bytes = encode(writing, std::slice::from_ref(account))?;
            read::decode(&String::from_utf8_lossy(&bytes), &Limits::default())
        });
        let username = username(account);
        if fit.refused.is_some() {
            return fit;
        }
        if !is_username(&username) {
            return token::bad_login(format!(
                "{APP} knows an account by the login name of its user, and this one has none that it takes"
            ));
        }
        let is_lost = label(account).is_some() && labels.take(&username, account).is_none();
        if is_lost && !fit.changes.iter().any(|change| change.field == Field::Note) {
            fit.change(Field::Note, "its note is left behind: the user has another code of that name");
        }
        fit
    };
    accounts.iter().map(fit_one).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Import<'a> {
    if_resource_exists: &'static str,
    users: Vec<NewUser<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewUser<'a> {
    username: String,
    #[serde(flatten)]
    more: Option<More<'a>>,
    credentials: Vec<NewCredential<'a>>,
}

/// What only a new user is given: of one that is there, it would overwrite what the server knows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct More<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    enabled: bool,
    /// With CONFIGURE_TOTP in it the user would have to set up another code.
    required_actions: [&'static str; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewCredential<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date: Option<i64>,
    #[serde(serialize_with = "json::exposed")]
    secret_data: Zeroizing<String>,
    credential_data: String,
}

pub(super) fn encode(writing: &Writing, accounts: &[Account]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let is_update = writing.form == UPDATE;
    let users = users(accounts, !is_update);
    if !is_update {
        return json::pretty(&Import { if_resource_exists: "SKIP", users }, b"  ");
    }
    let lines = users.iter().map(json::compact).collect::<Result<Vec<_>, _>>()?;
    let length = lines.iter().map(|line| line.len().saturating_add(1)).fold(0, usize::saturating_add);
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    for line in lines {
        out.extend_from_slice(&line);
        out.push(b'\n');
    }
    Ok(out)
}

/// Each user once, with all codes.
fn users(accounts: &[Account], are_new: bool) -> Vec<NewUser<'_>> {
    let mut users: Vec<NewUser<'_>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let (mut labels, mut emails) = (Labels::default(), HashSet::new());
    for (account, otp) in accounts.iter().filter_map(|account| Some((account, account.otp()?))) {
        let username = username(account);
        let credential = credential(account, otp, labels.take(&username, account));
        match places.get(&username).and_then(|place| users.get_mut(*place)) {
            Some(user) => user.credentials.push(credential),
            None => {
                places.insert(username.clone(), users.len());
                let more = are_new.then(|| More::of(account, &mut emails));
                users.push(NewUser { username, more, credentials: vec![credential] });
            }
        }
    }
    users
}

impl<'a> More<'a> {
    fn of(account: &'a Account, emails: &mut HashSet<String>) -> Self {
        let kept = |name: &str| {
            let known = KEPT.contains(&name).then(|| account.extra.get(ID)?.get(name));
            known.flatten()
        };
        let text = |name: &str| kept(name).and_then(Value::as_str);
        let names = [text("email"), account.user.as_deref(), Some(account.name.as_str())];
        // The server takes an address only once.
        let email = names.into_iter().flatten().find(|name| is_email(name));
        let email = email.filter(|email| emails.insert(email.to_lowercase()));
        Self {
            email,
            email_verified: email.and_then(|_| kept("emailVerified")).and_then(Value::as_bool),
            first_name: text("firstName"),
            last_name: text("lastName"),
            enabled: true,
            required_actions: [],
        }
    }
}

/// Roughly: a name at a domain.
fn is_email(text: &str) -> bool {
    let is_plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    let (name, domain) = text.split_once('@').unwrap_or_default();
    is_plain(name) && is_plain(domain) && domain.contains('.') && !domain.contains('@') && text.is_ascii()
}

fn credential<'a>(account: &'a Account, otp: &Otp, label: Option<&'a str>) -> NewCredential<'a> {
    let sub_type = if otp.counter().is_some() { "hotp" } else { "totp" };
    let (digits, counter) = (otp.digits(), otp.counter().unwrap_or(0));
    let (period, hash) = (otp.period().unwrap_or(0), otp.algorithm());
    NewCredential {
        kind: "otp",
        user_label: label,
        created_date: account.created.map(|time| time.as_millisecond()),
        secret_data: Zeroizing::new(format!(r#"{{"value":"{}"}}"#, otp.secret().to_base32().as_str())),
        // Nothing in it needs an escape.
        credential_data: format!(
            r#"{{"subType":"{sub_type}","digits":{digits},"counter":{counter},"period":{period},"algorithm":"Hmac{hash}","secretEncoding":"BASE32"}}"#
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::format::Form;
    use crate::testing;

    fn account(name: &str, note: &str) -> Account {
        let link = "otpauth://totp/x?secret=MFRGGZDFMZTWQ2LK&digits=8&algorithm=SHA256";
        let account = crate::open::otpauth::parse(link).ok().unwrap();
        Account { name: name.to_owned(), note: note.to_owned(), ..account }
    }

    fn write(form: &str, accounts: Vec<Account>) -> String {
        let form = Form::named(&super::super::Keycloak, form).unwrap();
        let vault = crate::model::Vault { accounts, ..Default::default() };
        let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).unwrap();
        String::from_utf8(parts[0].0.to_vec()).unwrap()
    }

    #[test]
    fn a_user_is_written_once_with_all_codes() {
        let accounts =
            ["phone", "Phone ", "tablet"].map(|note| account("Maria@contoso.example", note)).to_vec();
        let written: Value = serde_json::from_str(&write("", accounts)).unwrap();
        let credential = |label: Option<&str>| {
            let mut credential = serde_json::json!({
                "type": "otp",
                "secretData": "{\"value\":\"MFRGGZDFMZTWQ2LK\"}",
                "credentialData": "{\"subType\":\"totp\",\"digits\":8,\"counter\":0,\"period\":30,\"algorithm\":\"HmacSHA256\",\"secretEncoding\":\"BASE32\"}",
            });
            if let Some(label) = label {
                credential["userLabel"] = label.into();
            }
            credential
        };
        assert_eq!(
            written,
            serde_json::json!({ "ifResourceExists": "SKIP", "users": [{
                "username": "maria@contoso.example", "email": "Maria@contoso.example", "enabled": true,
                "requiredActions": [],
                "credentials": [credential(Some("phone")), credential(None), credential(Some("tablet"))],
            }] })
        );
    }

    #[test]
    fn an_update_changes_nothing_but_the_codes() {
        let text = write(UPDATE, vec![account("ann", ""), account("bob@b.example", "x")]);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let keys = |line: &Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(lines.iter().map(keys).collect::<Vec<_>>(), vec![vec!["username", "credentials"]; 2]);
    }

    #[test]
    fn what_the_server_changes_is_announced() {
        let accounts = [
            account("ann", "x"),
            account("ann", "X"),
            account("Ann", "y"),
            account("a b", ""),
            account("", ""),
        ];
        let fits = testing::form(&super::super::Keycloak).fit(&accounts);
        let fields = |fit: &Fit| fit.changes.iter().map(|change| change.field).collect::<Vec<_>>();
        let fields: Vec<_> = fits.iter().map(fields).collect();
        assert_eq!(fields[1], [Field::User, Field::Note]);
        assert_eq!(fields[2], [Field::Account, Field::User]);
        let refused: Vec<_> =
            fits.iter().map(|fit| fit.refused.as_ref().map(|refusal| refusal.code)).collect();
        assert_eq!(refused, [None, None, None, Some("bad-login"), Some("bad-login")]);
    }

    #[test]
    fn an_address_is_given_to_one_user_only() {
        let with_user =
            |user: &str| Account { user: Some(user.to_owned()), ..account("team@contoso.example", "") };
        let text = write("", vec![with_user("ann"), with_user("bob")]);
        assert_eq!(text.matches("\"email\"").count(), 1);
        for (text, wanted) in
            [("a@b.c", true), ("a@b", false), ("@b.c", false), ("a b@c.d", false), ("a@b@c.d", false)]
        {
            assert_eq!(is_email(text), wanted, "{text}");
        }
    }
}
