//! Which apps show right codes for an account, as the table of targets has it.

use otpferry_formats::model::Account;
use otpferry_formats::targets::{self, Effect, Means, Target, Verdict};

/// Apps that people have or can get, the best known first.
const KNOWN: &[&str] = &[
    "google-authenticator",
    "microsoft-authenticator",
    "2fas",
    "aegis",
    "ente",
    "bitwarden-authenticator",
    "proton",
    "freeotp",
    "authy",
    "duo-mobile",
    "okta-verify",
];
/// Of those that fit, so many are named.
const NAMED: usize = 6;

/// What to say about apps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Apps {
    /// Those that show the right number.
    pub(super) fit: Vec<String>,
    /// Those of which only newer versions do, or of which it is not sure.
    pub(super) careful: Vec<String>,
    /// Those that show a wrong number or none.
    pub(super) unfit: Vec<String>,
}

/// How one row of the table judges.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    Fit,
    Careful,
    Unfit,
}

impl Apps {
    /// What holds for accounts like this one.
    pub(super) fn of(account: &Account) -> Self {
        let mut apps = Self::default();
        for id in KNOWN {
            let rows: Vec<(&Target, Grade)> = targets::all()
                .iter()
                .filter(|row| row.id == *id && row.avoid.is_none())
                .filter_map(|row| Some((row, grade(row, account)?)))
                .collect();
            let alike = rows.windows(2).all(|pair| matches!(pair, [(_, one), (_, other)] if one == other));
            for (row, grade) in rows.iter().take(if alike { 1 } else { rows.len() }) {
                let name = if alike && rows.len() > 1 { row.title.clone() } else { full_title(row) };
                apps.list(*grade).push(name);
            }
        }
        apps.fit.truncate(NAMED);
        apps
    }

    fn list(&mut self, grade: Grade) -> &mut Vec<String> {
        match grade {
            Grade::Fit => &mut self.fit,
            Grade::Careful => &mut self.careful,
            Grade::Unfit => &mut self.unfit,
        }
    }
}

/// With the platform where the app is for one only.
fn full_title(row: &Target) -> String {
    match row.platforms.as_slice() {
        [only] => format!("{} ({})", row.title, only.title()),
        _ => row.title.clone(),
    }
}

/// `None` where it scans no code of a single account.
fn grade(row: &Target, account: &Account) -> Option<Grade> {
    let route = row.route(Means::Qr)?;
    let judged = row.judge_all(&[account], Some(route.import(false))).pop()?;
    let is_doubtful = || judged.remarks.iter().any(|remark| remark.effect == Effect::Remark);
    Some(match judged.verdict {
        Verdict::Holds if is_doubtful() => Grade::Careful,
        Verdict::Holds => Grade::Fit,
        Verdict::Unknown { .. } | Verdict::NoSecret => Grade::Careful,
        Verdict::CannotHold { .. } => Grade::Unfit,
    })
}
