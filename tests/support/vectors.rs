//! Accounts at every edge of the model, written down.

use jiff::Timestamp;
use otpferry_formats::model::{
    Account, Algorithm, Credential, Device, Digits, Icon, Otp, Period, SecretText,
};
use serde_json::json;

use crate::random::Random;

pub(crate) const PERIODS: &[u64] =
    &[1, 10, 15, 20, 30, 45, 60, 90, 3600, 2_147_483, 2_147_484, 2_147_483_647];
pub(crate) const COUNTERS: &[u64] = &[
    0,
    1,
    (1 << 31) - 1,
    1 << 31,
    u32::MAX as u64,
    1 << 32,
    (1 << 53) + 1,
    (1 << 63) - 1,
    1 << 63,
    u64::MAX,
];
pub(crate) const LENGTHS: &[usize] = &[1, 2, 3, 5, 10, 16, 20, 32, 64, 200, 320, 321, 1024, 1025];
pub(crate) const PINS: &[Option<&str>] = &[None, Some("1234"), Some("Пин 🔑"), Some("0")];
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("", ""),
    ("Acme", ""),
    ("", "alice"),
    ("Acme", "alice"),
    ("A: B", "c:d"),
    ("", "a:b"),
    ("", ":b"),
    ("", "b:"),
    (":", ":"),
    ("A:", "b"),
    ("A", ":b"),
    ("Acme", "Acme:alice"),
    ("Acme", "Acme: alice"),
    ("Acme", "acme:alice"),
    (" Acme ", " alice "),
    ("  ", "alice"),
    ("Acme", "  "),
    ("  ", "  "),
    ("C++", "a+b c"),
    ("A+B", "A+B:c"),
    ("#1", "a#EXT#@b"),
    ("100%", "%41%zz"),
    ("A&B", "x&y=z"),
    ("A&amp;B", "&amp;secret=AA"),
    ("Who?", "me?secret=AAAA"),
    ("a/b", "c//d"),
    ("a@b", "c@d.example"),
    ("say \"hi\"", "\\back\\slash"),
    ("'<a>'", ">"),
    ("Schlüssel 🔑", "👩‍👩‍👧‍👦"),
    ("日本語", "東京:駅"),
    ("שלום", "مرحبا"),
    ("e\u{301}", "é"),
    ("tab\there", "line\nbreak\r\n"),
    ("nul\0inside", "esc\u{1b}[31m"),
    ("\u{feff}mark", "\u{200b}zero width"),
    ("\u{a0}no-break\u{a0}", "\u{2028}separator"),
    ("period=60", "issuer=x&secret=AAAA"),
    ("otpauth://totp/x?secret=AA", "otpauth-migration://offline?data=AA"),
    ("a, otpauth://totp/b?secret=AA", "steam://AAAA;motp://x"),
    ("Steam", "gamer"),
    ("Yandex", "ines"),
];

/// Every account that is worth a look.
pub(crate) fn edges() -> Vec<Account> {
    let mut vectors = Vectors { list: Vec::new(), random: Random(0x9E37_79B9_7F4A_7C15) };
    vectors.parameters();
    vectors.names();
    vectors.pins();
    vectors.details();
    vectors.kept_of_apps();
    vectors.same_secrets();
    vectors.name_only();
    vectors.list
}

struct Vectors {
    list: Vec<Account>,
    random: Random,
}

impl Vectors {
    fn add(&mut self, otp: Otp) -> &mut Account {
        let name = format!("vector {}", self.list.len());
        self.list.push(Account::new(Credential::Otp(otp), "Acme", name));
        self.list.last_mut().unwrap()
    }

    fn totp(&mut self, algorithm: Algorithm, digits: u64, period: u64, length: usize) -> Otp {
        Otp::Totp {
            secret: self.random.secret(length),
            algorithm,
            digits: Digits::new(digits).unwrap(),
            period: Period::new(period).unwrap(),
        }
    }

    fn hotp(&mut self, algorithm: Algorithm, digits: u64, counter: u64, length: usize) -> Otp {
        let secret = self.random.secret(length);
        Otp::Hotp { secret, algorithm, digits: Digits::new(digits).unwrap(), counter }
    }

    fn plain(&mut self) -> &mut Account {
        let otp = self.totp(Algorithm::Sha1, 6, 30, 20);
        self.add(otp)
    }

    fn parameters(&mut self) {
        for algorithm in Algorithm::ALL {
            for (digits, period) in [(6, 30), (8, 30), (6, 60)] {
                let otp = self.totp(algorithm, digits, period, 20);
                self.add(otp);
                let otp = self.hotp(algorithm, digits, period, 20);
                self.add(otp);
            }
        }
        for digits in 1..=10 {
            let otp = self.totp(Algorithm::Sha1, digits, 30, 20);
            self.add(otp);
            let otp = self.hotp(Algorithm::Sha1, digits, 7, 20);
            self.add(otp);
        }
        for period in PERIODS {
            let otp = self.totp(Algorithm::Sha1, 6, *period, 20);
            self.add(otp);
        }
        for counter in COUNTERS {
            let otp = self.hotp(Algorithm::Sha1, 6, *counter, 20);
            self.add(otp);
        }
        for length in LENGTHS {
            let otp = self.totp(Algorithm::Sha1, 6, 30, *length);
            self.add(otp);
            let otp = self.hotp(Algorithm::Sha1, 6, 0, *length);
            self.add(otp);
            let secret = self.random.secret(*length);
            self.add(Otp::Steam { secret });
            let secret = self.random.secret(*length);
            self.add(Otp::Motp { secret, pin: Some(SecretText::new("1234")) });
        }
    }

    fn names(&mut self) {
        let long = ("x".repeat(200), "ü🔑".repeat(100));
        let names = NAMES.iter().map(|(issuer, name)| ((*issuer).to_owned(), (*name).to_owned()));
        for (issuer, name) in names.chain([long]) {
            let secret = self.random.secret(20);
            let otps = [
                self.totp(Algorithm::Sha1, 6, 30, 20),
                self.totp(Algorithm::Sha256, 5, 30, 20),
                self.totp(Algorithm::Sha1, 5, 30, 20),
                self.hotp(Algorithm::Sha1, 6, 1, 20),
                Otp::Steam { secret },
            ];
            for otp in otps {
                let account = self.add(otp);
                account.issuer.clone_from(&issuer);
                account.name.clone_from(&name);
            }
        }
        for issuer in ["steam", "STEAM", " Steam "] {
            let otp = self.totp(Algorithm::Sha1, 5, 30, 20);
            self.add(otp).issuer = issuer.to_owned();
        }
    }

    fn pins(&mut self) {
        for pin in PINS {
            let pin = pin.map(SecretText::new);
            let secret = self.random.secret(8);
            self.add(Otp::Motp { secret, pin: pin.clone() });
            let secret = self.random.secret(16);
            self.add(Otp::Yandex { secret, pin });
        }
    }

    fn details(&mut self) {
        for groups in groups() {
            self.plain().groups = groups;
        }
        for note in ["one line", "two\nlines ", " ", "\0", "🔑"] {
            self.plain().note = note.to_owned();
        }
        self.plain().favorite = true;
        self.plain().trashed = true;
        for icon in icons() {
            self.plain().icon = Some(icon);
        }
        for urls in [vec!["https://acme.example/?a=b"], vec!["https://a.example", "", "not a url"], vec![""]]
        {
            self.plain().urls = urls.into_iter().map(str::to_owned).collect();
        }
        for time in times() {
            self.plain().created = Some(time);
            self.plain().modified = Some(time);
            self.plain().last_used = Some(time);
        }
        for uses in [0, 1, u64::MAX] {
            self.plain().uses = Some(uses);
        }
        self.plain().device = Some(Device::default());
        self.plain().device = Some(device());
        self.plain().user = Some(String::new());
        self.plain().user = Some("maria".to_owned());
        let account = self.plain();
        everything(account);
        let otp = self.hotp(Algorithm::Sha512, 8, 3, 64);
        everything(self.add(otp));
    }

    /// What an app told about its account must not change an account in another app, nor in its
    /// own when the account was edited since.
    fn kept_of_apps(&mut self) {
        let kept = [
            ("aegis", json!({ "uuid": "3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d", "later": [1] })),
            ("aegis", json!({ "uuid": "3AE6F1AD-2e65-4ed2-a953-1ec0dff2386d", "name": "other" })),
            ("aegis", json!({ "uuid": 7, "info": { "secret": "AAAAAAAA", "later": true }, "type": "hotp" })),
            ("aegis", json!("no object")),
            ("2fas", json!({ "otp": { "issuer": "Other", "digits": 8, "source": "link" } })),
            ("2fas", json!({ "secret": "AAAAAAAA", "otp": 1, "badge": { "color": "Red" }, "icon": {} })),
            ("otpauth", json!({ "image": "https://a.example/?b=c&d=e", "label issuer": "Or:g" })),
            ("otpauth", json!({ "secret": "AAAAAAAA", "Digits": "8", "x&digits": "8", "period": "60" })),
            ("otpauth", json!({ "label issuer": "" , "lock": 1 })),
            ("otpferry", json!({ "later": { "a": [null] }, "origin": { "file": "x" } })),
            ("google-migration", json!({ "unique_id": "abc" })),
        ];
        for (id, value) in kept {
            self.plain().extra.insert(id.to_owned(), value);
        }
    }

    fn same_secrets(&mut self) {
        let secret = self.random.secret(20);
        let totp = Otp::Totp {
            secret: secret.clone(),
            algorithm: Algorithm::Sha1,
            digits: Digits::SIX,
            period: Period::THIRTY,
        };
        let hotp =
            Otp::Hotp { secret: secret.clone(), algorithm: Algorithm::Sha1, digits: Digits::SIX, counter: 0 };
        for otp in [totp.clone(), totp.clone(), hotp, Otp::Steam { secret }] {
            self.add(otp);
        }
        self.add(totp.clone()).name = "same".to_owned();
        self.add(totp).name = "same".to_owned();
    }

    fn name_only(&mut self) {
        for reason in ["approved by push", "passwordless", "ключ 🔑"] {
            let credential = Credential::NameOnly { reason: reason.to_owned() };
            self.list.push(Account::new(credential, "Contoso", "maria@contoso.example"));
        }
        everything(self.list.last_mut().unwrap());
    }
}

pub(crate) fn groups() -> Vec<Vec<String>> {
    let lists: &[&[&str]] = &[
        &["Work"],
        &["Work", "Home"],
        &["Work", "Work"],
        &["Work", "work"],
        &[""],
        &["", "Work"],
        &["Work", ""],
        &[" "],
        &["Ünïcode 🔑", "a", "b", "c", "Work"],
    ];
    lists.iter().map(|list| list.iter().map(|name| (*name).to_owned()).collect()).collect()
}

pub(crate) fn icons() -> Vec<Icon> {
    let icon = |mime: &str, data: &[u8]| Icon { mime: mime.to_owned(), data: data.to_vec() };
    vec![
        icon("image/png", b"\x89PNG\r\n\x1a\n and so on"),
        icon("image/jpeg", b"\xff\xd8\xff\xe0"),
        icon("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        icon("image/gif", b"GIF89a"),
        icon("IMAGE/PNG", b"\x89PNG"),
        icon("image/png", b""),
        icon("", b"x"),
    ]
}

pub(crate) fn times() -> Vec<Timestamp> {
    let times = [
        "2024-05-01T10:00:00Z",
        "2024-05-01T10:00:00.123Z",
        "2024-05-01T10:00:00.1Z",
        "2024-05-01T10:00:00.123456Z",
        "2024-05-01T10:00:00.000000001Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59.9995Z",
        "1900-01-01T00:00:00.5Z",
    ];
    times.iter().map(|time| time.parse().unwrap()).chain([Timestamp::MIN, Timestamp::MAX]).collect()
}

pub(crate) fn device() -> Device {
    let text = str::to_owned;
    Device { serial: text("CN-0001"), manufacturer: text("Acme"), model: text("T1 \"blue\"") }
}

fn everything(account: &mut Account) {
    account.groups = vec!["Work".to_owned(), "Home".to_owned()];
    account.note = "a note".to_owned();
    account.favorite = true;
    account.trashed = true;
    account.icon = icons().into_iter().next();
    account.urls = vec!["https://acme.example".to_owned()];
    account.created = times().first().copied();
    account.modified = times().get(1).copied();
    account.last_used = times().get(2).copied();
    account.uses = Some(3);
    account.device = Some(device());
    account.user = Some("maria".to_owned());
}
