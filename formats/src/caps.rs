//! What a target can hold, and what would happen to an account there.
//!
//! Loss is computed, not remembered: [`Caps::check`] is asked before anything is written. A field
//! that decides the codes is never rounded to what the target can do: the account is refused.

use crate::model::{Account, Algorithm, Kind, Otp};

/// A field of an account that a target may not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Name of the service.
    Issuer,
    /// Name of the user there.
    Account,
    /// Groups, folders, tags.
    Groups,
    /// Free text.
    Note,
    /// Pinned or starred.
    Favorite,
    /// Picture.
    Icon,
    /// Web addresses.
    Urls,
    /// Hardware token.
    Device,
    /// Assigned person.
    User,
    /// In the recycle bin.
    Trashed,
    /// When added.
    Created,
    /// When edited.
    Modified,
    /// When used last.
    LastUsed,
    /// How often used.
    Uses,
}

impl Field {
    /// Every field, in report order.
    pub const ALL: [Self; 14] = [
        Self::Issuer,
        Self::Account,
        Self::Groups,
        Self::Note,
        Self::Favorite,
        Self::Icon,
        Self::Urls,
        Self::Device,
        Self::User,
        Self::Trashed,
        Self::Created,
        Self::Modified,
        Self::LastUsed,
        Self::Uses,
    ];

    /// The name in the canonical file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Account => "account",
            Self::Groups => "groups",
            Self::Note => "note",
            Self::Favorite => "favorite",
            Self::Icon => "icon",
            Self::Urls => "urls",
            Self::Device => "device",
            Self::User => "user",
            Self::Trashed => "trashed",
            Self::Created => "created",
            Self::Modified => "modified",
            Self::LastUsed => "last_used",
            Self::Uses => "uses",
        }
    }

    /// Whether the app keeps it for itself (times, counts): its loss is a remark, not a change of
    /// the account.
    pub fn is_bookkeeping(self) -> bool {
        matches!(self, Self::Created | Self::Modified | Self::LastUsed | Self::Uses)
    }

    /// Whether the two accounts have the same value here.
    pub fn same(self, a: &Account, b: &Account) -> bool {
        match self {
            Self::Issuer => a.issuer == b.issuer,
            Self::Account => a.name == b.name,
            Self::Groups => a.groups == b.groups,
            Self::Note => a.note == b.note,
            Self::Favorite => a.favorite == b.favorite,
            Self::Icon => a.icon == b.icon,
            Self::Urls => a.urls == b.urls,
            Self::Device => a.device == b.device,
            Self::User => a.user == b.user,
            Self::Trashed => a.trashed == b.trashed,
            Self::Created => a.created == b.created,
            Self::Modified => a.modified == b.modified,
            Self::LastUsed => a.last_used == b.last_used,
            Self::Uses => a.uses == b.uses,
        }
    }

    /// Whether the account has anything here.
    pub fn is_used(self, account: &Account) -> bool {
        match self {
            Self::Issuer => !account.issuer.is_empty(),
            Self::Account => !account.name.is_empty(),
            Self::Groups => !account.groups.is_empty(),
            Self::Note => !account.note.is_empty(),
            Self::Favorite => account.favorite,
            Self::Icon => account.icon.is_some(),
            Self::Urls => !account.urls.is_empty(),
            Self::Device => account.device.is_some(),
            Self::User => account.user.is_some(),
            Self::Trashed => account.trashed,
            Self::Created => account.created.is_some(),
            Self::Modified => account.modified.is_some(),
            Self::LastUsed => account.last_used.is_some(),
            Self::Uses => account.uses.is_some(),
        }
    }
}

/// How many groups an account may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// None at all.
    None,
    /// One: the first is kept.
    One,
    /// Any number.
    Many,
}

/// Which TOTP periods a target takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Periods {
    /// Any, up to this many seconds.
    UpTo(u32),
    /// From the first to the second, in seconds.
    Between(u32, u32),
    /// Only these.
    OneOf(&'static [u32]),
}

impl Periods {
    fn contain(self, period: u32) -> bool {
        match self {
            Self::UpTo(most) => period <= most,
            Self::Between(fewest, most) => (fewest..=most).contains(&period),
            Self::OneOf(list) => list.contains(&period),
        }
    }
}

/// What a target can hold.
#[derive(Debug)]
pub struct Caps {
    /// Name of the app in sentences: `2FAS`.
    pub app: &'static str,
    /// Kinds of account.
    pub kinds: &'static [Kind],
    /// Hashes of TOTP and HOTP accounts.
    pub algorithms: &'static [Algorithm],
    /// Lengths of TOTP and HOTP codes.
    pub digits: &'static [u8],
    /// TOTP periods.
    pub periods: Periods,
    /// Largest HOTP counter.
    pub max_counter: u64,
    /// Fewest and most bytes of a secret.
    pub secret_bytes: (usize, usize),
    /// Whether mOTP and Yandex accounts need their PIN in the file.
    pub needs_pin: bool,
    /// Groups of an account.
    pub groups: Groups,
    /// Further fields that are held.
    pub fields: &'static [Field],
}

/// A field that the target drops or alters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field.
    pub field: Field,
    /// What happens to it, as a clause: `the note is left behind`.
    pub message: String,
}

/// Why the target gets nothing of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable kebab-case reason.
    pub code: &'static str,
    /// The reason, as a sentence without a final stop.
    pub message: String,
    /// What to do, as a sentence without a final stop.
    pub next_step: String,
}

/// What would happen to one account in a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// The account is left out.
    pub refused: Option<Refusal>,
    /// The account is written, but these fields differ.
    pub changes: Vec<Change>,
    /// What some versions of the app do to it later, as sentences without a final stop.
    pub remarks: Vec<String>,
}

impl Fit {
    /// A fit that leaves the account out.
    pub fn refuse(code: &'static str, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            refused: Some(Refusal { code, message: message.into(), next_step: next_step.into() }),
            ..Self::default()
        }
    }

    /// Records that a field differs.
    pub fn change(&mut self, field: Field, message: impl Into<String>) {
        self.changes.push(Change { field, message: message.into() });
    }
}

impl Caps {
    /// What would happen to this account.
    pub fn check(&self, account: &Account) -> Fit {
        match account.otp() {
            _ if !self.kinds.contains(&account.kind()) => self.refuse_kind(account),
            Some(otp) => self.refuse_parameters(otp).unwrap_or_else(|| self.dropped_fields(account)),
            None => self.dropped_fields(account),
        }
    }

    fn refuse_kind(&self, account: &Account) -> Fit {
        let app = self.app;
        match &account.credential {
            crate::model::Credential::NameOnly { reason } => {
                Fit::refuse("name-only", reason.clone(), NAME_ONLY_STEP)
            }
            crate::model::Credential::Otp(otp) => {
                let what = match otp.kind() {
                    Kind::Steam => "Steam Guard codes",
                    Kind::Motp => "mOTP codes",
                    Kind::Yandex => "Yandex codes",
                    Kind::Hotp => "counter-based (HOTP) codes",
                    Kind::Totp | Kind::NameOnly => "codes of this kind",
                };
                Fit::refuse("unsupported-kind", format!("{app} cannot show {what}"), ELSEWHERE)
            }
        }
    }

    fn refuse_parameters(&self, otp: &Otp) -> Option<Fit> {
        self.refuse_algorithm(otp)
            .or_else(|| self.refuse_digits(otp))
            .or_else(|| self.refuse_period(otp))
            .or_else(|| self.refuse_counter(otp))
            .or_else(|| self.refuse_secret(otp))
            .or_else(|| self.refuse_missing_pin(otp))
    }

    fn refuse_algorithm(&self, otp: &Otp) -> Option<Fit> {
        let free = matches!(otp, Otp::Totp { .. } | Otp::Hotp { .. });
        let algorithm = otp.algorithm();
        (free && !self.algorithms.contains(&algorithm)).then(|| {
            let message = format!("{} does not know the algorithm {algorithm}", self.app);
            Fit::refuse("unsupported-algorithm", message, ELSEWHERE)
        })
    }

    fn refuse_digits(&self, otp: &Otp) -> Option<Fit> {
        let free = matches!(otp, Otp::Totp { .. } | Otp::Hotp { .. });
        let digits = otp.digits();
        (free && !self.digits.contains(&digits)).then(|| {
            let message = format!("{} cannot show {digits}-digit codes", self.app);
            Fit::refuse("unsupported-digits", message, ELSEWHERE)
        })
    }

    fn refuse_period(&self, otp: &Otp) -> Option<Fit> {
        let Otp::Totp { period, .. } = otp else { return None };
        (!self.periods.contain(period.get())).then(|| {
            let message = format!("{} cannot change codes every {} seconds", self.app, period.get());
            Fit::refuse("unsupported-period", message, ELSEWHERE)
        })
    }

    fn refuse_counter(&self, otp: &Otp) -> Option<Fit> {
        let counter = otp.counter()?;
        (counter > self.max_counter).then(|| {
            let message = format!("{} cannot hold a counter as high as {counter}", self.app);
            Fit::refuse("unsupported-counter", message, ELSEWHERE)
        })
    }

    fn refuse_secret(&self, otp: &Otp) -> Option<Fit> {
        let (fewest, most) = self.secret_bytes;
        let length = otp.secret().expose().len();
        (!(fewest..=most).contains(&length)).then(|| {
            let message = format!("{} does not take a secret of {length} bytes", self.app);
            Fit::refuse("unsupported-secret", message, ELSEWHERE)
        })
    }

    fn refuse_missing_pin(&self, otp: &Otp) -> Option<Fit> {
        let wanted = matches!(otp, Otp::Motp { .. } | Otp::Yandex { .. });
        // An empty PIN makes no valid code either.
        let known = otp.pin().is_some_and(|pin| !pin.expose().is_empty());
        (self.needs_pin && wanted && !known).then(|| {
            let message = format!("{} needs the PIN in the file, and it is not known", self.app);
            Fit::refuse("missing-pin", message, "Add this account in the app by hand, with its PIN")
        })
    }

    fn dropped_fields(&self, account: &Account) -> Fit {
        let mut fit = Fit::default();
        for field in Field::ALL {
            // Names are always held; targets with rules about them say so in `Format::fit`.
            let held = self.fields.contains(&field) || matches!(field, Field::Issuer | Field::Account);
            if held || !field.is_used(account) {
                continue;
            }
            match (field, self.groups, account.groups.as_slice()) {
                (Field::Groups, Groups::Many, _) | (Field::Groups, Groups::One, [_]) => {}
                (Field::Groups, Groups::One, [first, ..]) => {
                    fit.change(field, format!("only the group \"{first}\" is kept"));
                }
                _ => fit.change(field, dropped_message(field)),
            }
        }
        fit
    }
}

/// What to do with an account that the target cannot hold.
const ELSEWHERE: &str =
    "Move this account to another app, or keep it in the old one until it is set up again";

/// What to do with an account that has no secret.
const NAME_ONLY_STEP: &str =
    "Sign in at this service and set up the new phone there; keep the old phone until that works";

fn dropped_message(field: Field) -> &'static str {
    match field {
        Field::Issuer => "the issuer is left behind",
        Field::Account => "the account name is left behind",
        Field::Groups => "its groups are left behind",
        Field::Note => "its note is left behind",
        Field::Favorite => "its favourite mark is left behind",
        Field::Icon => "its picture is left behind",
        Field::Urls => "its web addresses are left behind",
        Field::Device => "the token's serial number, maker and model are left behind",
        Field::User => "the assigned person is left behind",
        Field::Trashed => "it was in the recycle bin and becomes a normal account",
        Field::Created => "the time of creation is not kept",
        Field::Modified => "the time of the last change is not kept",
        Field::LastUsed => "the time of last use is not kept",
        Field::Uses => "the count of uses is not kept",
    }
}
