use super::*;
use crate::admin::token;
use crate::ctx::{Limits, NoPasswords};
use crate::error::Place;
use crate::model::{Credential, Digits, Otp, Period};
use crate::report::Skip;
use crate::testing;

const HEX: &str = "48656c6c6f";

fn otp(kind: Kind, digits: u64, period: u64, counter: u64) -> Otp {
    let secret = token::hex_secret(HEX).unwrap();
    let (algorithm, digits) = (Algorithm::Sha1, Digits::new(digits).unwrap());
    match kind {
        Kind::Hotp => Otp::Hotp { secret, algorithm, digits, counter },
        _ => Otp::Totp { secret, algorithm, digits, period: Period::new(period).unwrap() },
    }
}

fn account(otp: Otp) -> Account {
    let mut account = Account::new(Credential::Otp(otp), "Contoso", "maria");
    account.user = Some("maria@contoso.example".to_owned());
    account.device = token::device("T1", "Acme", "A; 1");
    account
}

fn said(columns: &str) -> TokenOptions {
    let layout = Layout::default().with_columns(columns).unwrap().checked().unwrap();
    TokenOptions { layout, ..TokenOptions::default() }
}

fn written(account: &Account, given: &TokenOptions) -> String {
    write::encode(std::slice::from_ref(account), given).to_string()
}

fn read(text: &str, given: &TokenOptions) -> Vault {
    read::decode(text, given, &Limits::default()).unwrap()
}

fn refused(account: &Account, given: &TokenOptions) -> Option<&'static str> {
    let fit = Delimited.fit_given(&INFO.write[0], std::slice::from_ref(account), given).remove(0);
    fit.refused.map(|refusal| refusal.code)
}

#[test]
fn columns_without_a_word_hold_everything() {
    let account = account(otp(Kind::Hotp, 8, 30, 7));
    let given = TokenOptions::default();
    let text = written(&account, &given);
    assert_eq!(
        text,
        "user,serial,secret:base32,type,algorithm,digits,period,counter,issuer,label,manufacturer,model\n\
         maria@contoso.example,T1,JBSWY3DP,hotp,SHA1,8,,7,Contoso,maria,Acme,A; 1\n"
    );
    let again = read(&text, &given).accounts.remove(0);
    assert_eq!((again.otp(), &again.user, &again.device), (account.otp(), &account.user, &account.device));
    assert_eq!((again.name.as_str(), again.issuer.as_str()), ("maria", "Contoso"));
}

#[test]
fn columns_are_named_and_quoted_as_said() {
    let account = account(otp(Kind::Totp, 6, 30, 0));
    let mut given =
        said("Serial Number=serial,Seed=secret:hex,'a, b','fixed=1',Kind='TOTP',Model=model?,upn");
    let row = "T1,48656c6c6f,\"a, b\",fixed=1,TOTP,A; 1,maria@contoso.example\n";
    assert!(written(&account, &given).ends_with(row));
    given.layout = given.layout.without_header();
    assert_eq!(written(&account, &given), row);
    given.layout = given.layout.with_quoting(Quoting::Always).with_line_ending(LineEnding::Crlf);
    assert_eq!(
        written(&account, &given),
        "\"T1\",\"48656c6c6f\",\"a, b\",\"fixed=1\",\"TOTP\",\"A; 1\",\"maria@contoso.example\"\r\n"
    );
    let again = read(&written(&account, &given), &given).accounts.remove(0);
    assert_eq!((again.otp(), again.name.as_str()), (account.otp(), "maria@contoso.example"));
    given.layout = given.layout.with_delimiter("tab").unwrap().with_quoting(Quoting::Never);
    assert!(written(&account, &given).starts_with("T1\t48656c6c6f\ta, b\t"));
    assert_eq!(refused(&account, &given), None);
    given.layout = given.layout.with_delimiter(";").unwrap();
    assert_eq!(refused(&account, &given), Some("has-delimiter"));
}

/// As in the example of its maker.
#[test]
fn counters_of_nexus_are_bytes_in_base64() {
    let mut given = said("serial,secret:base64,counter:base64");
    given.layout = given.layout.with_delimiter(":").unwrap().without_header();
    given.token_type = "hotp-6".parse().ok();
    for (counter, bytes) in
        [(0, "AA=="), (1, "AQ=="), (127, "fw=="), (128, "AIA="), (65_535, "AP//"), (u64::MAX, "AP//////////")]
    {
        let account = account(otp(Kind::Hotp, 6, 30, counter));
        let line = format!("T1:SGVsbG8=:{bytes}\n");
        assert_eq!(written(&account, &given), line);
        assert_eq!(read(&line, &given).accounts[0].otp(), account.otp());
        assert_eq!(refused(&account, &given), None);
    }
    let bad = |code: &str| Err(code.to_owned());
    for (counter, wanted) in [
        ("/w==", Ok(255)),
        ("", bad(Skip::MISSING_FIELD)),
        ("!", bad(Skip::BAD_COUNTER)),
        ("AQAAAAAAAAAA", bad(Skip::BAD_COUNTER)),
    ] {
        let vault = read(&format!("T1:SGVsbG8=:{counter}"), &given);
        let counter = vault.accounts.first().map(|account| account.otp().unwrap().counter().unwrap());
        assert_eq!(counter.ok_or_else(|| vault.skipped[0].code.clone()), wanted);
    }
}

#[test]
fn what_no_column_says_has_to_be_usual_or_said() {
    let given = said("user,secret:base32");
    let cases = [
        (otp(Kind::Totp, 6, 30, 0), None),
        (otp(Kind::Totp, 8, 30, 0), Some("no-column")),
        (otp(Kind::Totp, 6, 60, 0), Some("no-column")),
        (otp(Kind::Hotp, 6, 30, 0), Some("no-column")),
    ];
    for (otp, wanted) in cases {
        assert_eq!(refused(&account(otp), &given), wanted);
    }
    let eight = TokenOptions {
        token_type: "totp-8".parse().ok(),
        period: Some(Period::SIXTY),
        algorithm: Some(Algorithm::Sha256),
        ..given.clone()
    };
    let secret = token::hex_secret(HEX).unwrap();
    let special =
        Otp::Totp { secret, algorithm: Algorithm::Sha256, digits: Digits::EIGHT, period: Period::SIXTY };
    assert_eq!(refused(&account(special.clone()), &eight), None);
    assert_eq!(read(&written(&account(special.clone()), &eight), &eight).accounts[0].otp(), Some(&special));
    assert_eq!(refused(&account(otp(Kind::Totp, 6, 30, 0)), &eight), Some("no-column"));
    let hotp = TokenOptions { token_type: "hotp-6".parse().ok(), ..given };
    assert_eq!(refused(&account(otp(Kind::Hotp, 6, 30, 0)), &hotp), None);
    assert_eq!(refused(&account(otp(Kind::Hotp, 6, 30, 1)), &hotp), Some("no-column"));
    let vault = read(&written(&account(otp(Kind::Hotp, 6, 30, 0)), &hotp), &hotp);
    assert_eq!(vault.warnings[0].code, "counter-unknown");
}

#[test]
fn what_a_column_demands_has_to_be_there() {
    let whole = account(otp(Kind::Totp, 6, 30, 0));
    let bare = Account { device: None, user: None, name: String::new(), ..whole.clone() };
    for (columns, code) in [
        ("serial,secret:hex", Some("missing-device")),
        ("serial?,secret:hex", None),
        ("user,secret:hex", Some("missing-user")),
        ("upn,secret:hex", Some("missing-user")),
        ("email?,secret:hex", None),
        ("label,model,secret:hex", Some("missing-text")),
        ("label?,model?,secret:hex", None),
    ] {
        assert_eq!(refused(&bare, &said(columns)), code, "{columns}");
        assert_eq!(refused(&whole, &said(columns)), None, "{columns}");
    }
    let local = Account { user: Some("maria".to_owned()), ..whole };
    assert_eq!(refused(&local, &said("upn,secret:hex")), Some("missing-user"));
    let twice = [local.clone(), local];
    let fits = Delimited.fit_given(&INFO.write[0], &twice, &said("serial,secret:hex"));
    assert_eq!(fits[1].refused.as_ref().unwrap().code, "same-serial");
}

#[test]
fn a_link_says_everything_and_columns_beside_it_agree() {
    let given = said("uri,digits,user?");
    let eight = account(otp(Kind::Totp, 8, 60, 0));
    let text = written(&eight, &given);
    let again = read(&text, &given).accounts.remove(0);
    assert_eq!((again.otp(), again.name.as_str(), again.issuer.as_str()), (eight.otp(), "maria", "Contoso"));
    assert_eq!(refused(&eight, &given), None);
    let code = |text: &str| read(text, &given).skipped.first().map(|item| item.code.clone());
    assert_eq!(code(&text.replace(",8,", ",6,")), Some(Skip::MISSING_FIELD.to_owned()));
    assert_eq!(code("uri,digits,user\nmotp://a:b?secret=0aff,6,\n"), Some(Skip::UNKNOWN_KIND.to_owned()));
    assert_eq!(code("uri,digits,user\n,6,maria\n"), Some(Skip::NO_SECRET.to_owned()));
}

#[test]
fn columns_are_found_by_their_names() {
    let given = said("Seed=secret:hex,user");
    let vault = read(&format!("Note,USER,\"seed\"\nx,ann,{HEX}\n\n,bob,\n"), &given);
    assert_eq!((vault.accounts[0].name.as_str(), vault.skipped[0].code.as_str()), ("ann", Skip::NO_SECRET));
    let error = read::decode("Key,user\n", &given, &Limits::default()).unwrap_err();
    assert!(error.message.contains("\"Seed\"") && error.next_step.unwrap().contains("--no-header"));
    let fixed = said("user,secret:hex,Kind='TOTP'");
    let vault = read(&format!("user,secret:hex,Kind\nann,{HEX},TOTP\nbob,{HEX},HOTP\n"), &fixed);
    assert_eq!((vault.accounts.len(), vault.skipped[0].code.as_str()), (1, Skip::NOT_AN_ACCOUNT));
}

#[test]
fn columns_that_make_no_sense_are_explained() {
    let wrong = |columns: &str| Layout::default().with_columns(columns).unwrap_err();
    for columns in ["", "user", "user,seed", "secret,user", "secret:hex,'a", "Serial="] {
        assert!(wrong(columns).contains("secret:base32") || wrong(columns).contains("'text'"), "{columns}");
    }
    assert_eq!(wrong("secret:hex,secret:base32"), "secret:base32 is given twice");
    assert_eq!(wrong("counter,counter:base64,secret:hex"), "counter:base64 is given twice");
    assert_eq!(wrong("uri,uri"), "uri is given twice");
    let layout = Layout::default();
    for delimiter in ["", ";;", "a", "1", "\"", "\n", "ß"] {
        assert!(layout.clone().with_delimiter(delimiter).is_err(), "{delimiter}");
    }
    let same = layout.clone().with_columns("A=user,a=secret:hex").unwrap();
    assert!(same.clone().checked().is_err() && same.without_header().checked().is_ok());
    let split = layout.with_columns("'a,b',secret:hex").unwrap().with_quoting(Quoting::Never);
    assert!(split.clone().checked().is_err() && split.with_delimiter(";").unwrap().checked().is_ok());
    assert!("utf8".parse::<Quoting>().is_err() && "cr".parse::<LineEnding>().is_err());
}

/// What became of each row: the name of the account, or why it is none.
fn rows(text: &str, given: &TokenOptions) -> Vec<String> {
    let vault = read(text, given);
    let skipped = vault.skipped.iter().map(|item| (item.index.unwrap(), item.code.clone()));
    let accounts = vault.accounts.iter().map(|account| (account.origin.index, account.name.clone()));
    let mut rows: Vec<_> = accounts.chain(skipped).collect();
    rows.sort();
    rows.into_iter().map(|(_, row)| row).collect()
}

fn refuses(text: &str, given: &TokenOptions) -> Error {
    read::decode(text, given, &Limits::default()).unwrap_err()
}

#[test]
fn a_stray_quotation_mark_merges_no_rows() {
    let given = said("user,secret:hex");
    let error = refuses(&format!("user,secret:hex\nann,{HEX}\n\"bob,{HEX}\neve,{HEX}\n"), &given);
    assert_eq!(error.at, Some(Place::Line(3)));
    let merged = format!("user,secret:hex\n\"ann,{HEX}\nbob\",{HEX}\neve,{HEX}\n");
    assert_eq!(rows(&merged, &given), ["damaged", "eve"]);
    assert_eq!(read(&merged, &given).skipped[0].account, "");
    let behind = format!("user,secret:hex\n\"ann\"x,{HEX}\n\"bob\" ,{HEX}\n\"eve \"\"e\"\"\",{HEX}\n");
    assert_eq!(rows(&behind, &given), ["damaged", "bob", "eve \"e\""]);
    let notes = format!("user,secret:hex,Note\nann,{HEX},\"5 inch\nbob,{HEX},\"\neve,{HEX},\"a,\nb\"\n");
    assert_eq!(rows(&notes, &given), ["damaged", "eve"]);
    let keys = "user,secret:base32\nann,\"JBSWY3DP\nJBSWY3DP\"\nbob,JBSWY3DP\n";
    assert_eq!(rows(keys, &said("user,secret:base32")), ["damaged", "bob"]);
    assert!(refuses(&format!("\"user\"x,secret:hex\nann,{HEX}\n"), &given).at == Some(Place::Row(1)));
}

#[test]
fn cells_beyond_the_columns_are_not_dropped() {
    let given = said("user,secret:hex");
    let text = format!("ann,{HEX},\nbob,{HEX},8\neve,{HEX}\n");
    let bare = TokenOptions { layout: given.layout.clone().without_header(), ..given.clone() };
    assert_eq!(rows(&text, &bare), ["ann", "damaged", "eve"]);
    assert_eq!(rows(&format!("user,secret:hex\n{text}"), &given), ["ann", "damaged", "eve"]);
}

#[test]
fn columns_that_decide_codes_are_not_left_out() {
    let given = said("user,secret:hex");
    for (name, field) in [
        ("Digits", "digits"),
        ("Time Step", "period"),
        ("timeInterval", "period"),
        ("otp_type", "type"),
        ("HashAlgorithm", "algorithm"),
        ("counter", "counter"),
    ] {
        let text = format!("user,secret:hex,{name}\nann,{HEX},x\n");
        let error = refuses(&text, &given);
        assert!(error.message.contains(&format!("\"{name}\"")), "{name}: {}", error.message);
        assert!(error.next_step.unwrap().contains(&format!("NAME={field}?")), "{name}");
        assert_eq!(read(&format!("uri,{name}\n"), &said("uri")).warnings.len(), 1);
    }
    let named = said("user,secret:hex,Length=digits");
    let vault = read(&format!("user,secret:hex,Length,Digits,Key id,Note,\nann,{HEX},8,6,7,x,\n"), &named);
    assert_eq!((vault.accounts[0].otp().unwrap().digits(), vault.warnings.len()), (8, 1));
    assert_eq!(vault.warnings[0].code, "columns-left-out");
    assert_eq!(vault.warnings[0].message, "columns are not read: \"Digits\", \"Key id\", \"Note\"");
}

#[test]
fn a_name_that_two_columns_have_is_refused() {
    let error = refuses(&format!("user,secret:hex,USER\nann,{HEX},bob\n"), &said("user,secret:hex"));
    assert_eq!(
        (error.at, error.message.as_str()),
        (Some(Place::Row(1)), "the first row has two columns \"user\"")
    );
}

#[test]
fn a_column_that_may_not_be_empty_is_not_empty() {
    let given = said("user,secret:hex,type,digits,period,counter");
    let head = "user,secret:hex,type,digits,period,counter\n";
    let lines = [
        format!("ann,{HEX},totp,6,30,"),
        format!(",{HEX},totp,6,30,"),
        format!("bob,{HEX},,6,30,"),
        format!("bob,{HEX},totp,,30,"),
        format!("bob,{HEX},totp,6,,"),
        format!("bob,{HEX},totp,6,30,0"),
        format!("bob,{HEX},hotp,6,,"),
        format!("eve,{HEX},hotp,6,,7"),
    ];
    let wanted = [
        "ann",
        "missing-field",
        "missing-field",
        "missing-field",
        "missing-field",
        "bad-counter",
        "missing-field",
        "eve",
    ];
    assert_eq!(rows(&format!("{head}{}", lines.join("\n")), &given), wanted);
    let open = said("user,secret:hex,type,counter?");
    let vault = read(
        &format!("user,secret:hex,type,counter\nann,{HEX},hotp,\nbob,{HEX},hotp,0\neve,{HEX},totp,\n"),
        &open,
    );
    let warned: Vec<_> =
        vault.warnings.iter().map(|item| (item.code.as_str(), item.account.as_str())).collect();
    assert_eq!((vault.accounts.len(), warned), (3, vec![("counter-unknown", "ann")]));
}

#[test]
fn a_row_of_names_is_no_account() {
    let bare =
        |columns: &str| TokenOptions { layout: said(columns).layout.without_header(), ..said(columns) };
    let given = bare("Login=user,secret:base32");
    for names in ["user,secret", "LOGIN,Secret:Base32"] {
        assert_eq!(rows(&format!("{names}\nann,JBSWY3DP\n"), &given), ["not-an-account", "ann"], "{names}");
    }
    assert_eq!(rows("user,JBSWY3DP\nuser,secret\n", &given), ["user", "user"]);
}

#[test]
fn texts_with_control_characters_are_refused() {
    let whole = account(otp(Kind::Totp, 6, 30, 0));
    let given = TokenOptions::default();
    for text in ["a\u{1}", "a\nb", "a\tb", "a\u{85}b"] {
        let user = Account { user: Some(text.to_owned()), ..whole.clone() };
        let label = Account { name: text.to_owned(), ..whole.clone() };
        let serial = Account { device: token::device(text, "", ""), ..whole.clone() };
        for account in [user, label, serial] {
            assert_eq!(refused(&account, &given), Some("has-control-characters"), "{text:?}");
        }
    }
}

#[test]
fn an_empty_label_leaves_the_name() {
    let given = said("uri,label?,issuer?");
    let link = "otpauth://totp/Contoso:maria?secret=JBSWY3DP&issuer=Contoso";
    let vault = read(&format!("uri,label,issuer\n{link},,\n{link},ole,Acme\n"), &given);
    let names: Vec<_> =
        vault.accounts.iter().map(|account| (account.issuer.as_str(), account.name.as_str())).collect();
    assert_eq!(names, [("Contoso", "maria"), ("Acme", "ole")]);
    assert_eq!(
        rows(&format!("user,label,secret:hex\nann,,{HEX}\n"), &said("user,label?,secret:hex")),
        ["ann"]
    );
}

#[test]
fn a_name_like_a_key_is_not_shown() {
    let given = said("user,secret:hex,digits");
    let vault = read(
        &format!("user,secret:hex,digits\nJBSWY3DPEHPK3PXPJBSW,{HEX},99\nann@contoso.example,{HEX},99\n"),
        &given,
    );
    let shown: Vec<_> = vault.skipped.iter().map(|item| item.account.as_str()).collect();
    assert_eq!(shown, ["", "ann@contoso.example"]);
}

#[test]
fn guessed_characters_are_told() {
    let file = b"user,secret:base32\nj\xf6rg,JBSWY3DP\n";
    let given = said("user,secret:base32");
    let vault =
        testing::with_tokens(&mut NoPasswords, &[], &given, |ctx| Delimited.decode(&Input::new(file), ctx));
    let vault = vault.unwrap();
    assert_eq!(
        (vault.accounts[0].name.as_str(), vault.warnings[0].code.as_str()),
        ("jörg", "encoding-guessed")
    );
}

#[test]
fn names_of_columns_have_apostrophes_and_delimiters() {
    let given = said("User's name=user, Kind = 'it, =TOTP', secret:hex");
    let text = format!("User's name,Kind,secret:hex\nann,\"it, =TOTP\",{HEX}\n");
    assert_eq!(rows(&text, &given), ["ann"]);
    let columns = Layout::default().with_columns("Last; first=user,secret:hex").unwrap();
    let never = columns.with_quoting(Quoting::Never).with_delimiter(";").unwrap();
    assert!(never.clone().checked().is_err() && never.without_header().checked().is_ok());
}
