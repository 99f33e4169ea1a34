#![cfg(test)]

use super::*;
use crate::error::Place;

fn people(text: &str) -> Vec<Person> {
    read(text.as_bytes(), &Options::default(), &Limits::default()).unwrap().people
}

fn source(header: &str) -> Option<Source> {
    read(header.as_bytes(), &Options::default(), &Limits::default()).ok().map(|roster| roster.source)
}

#[test]
fn accounts_are_compared_without_case_and_composed() {
    for (a, b) in
        [("Alice", "aLICE"), ("ZOË", "zoe\u{308}"), ("\u{212b}ngström", "ångstro\u{308}m"), ("", "")]
    {
        assert!(same_account(a, b), "{a} {b}");
        assert_eq!(fold(&fold(a)), fold(b));
    }
    for (a, b) in [("alice", "alice "), ("zoe", "zoë"), ("straße", "strasse"), ("а", "a")] {
        assert!(!same_account(a, b), "{a} {b}");
    }
}

#[test]
fn the_header_tells_the_source() {
    use Source::{ActiveDirectory, Entra, Generic, GoogleWorkspace, Okta};
    for (header, wanted) in [
        ("userPrincipalName,accountEnabled", Some(Entra)),
        ("User Principal Name;User_Type", Some(Entra)),
        ("objectId\tuserPrincipalName", Some(Entra)),
        ("UserPrincipalName,ObjectGUID,UserType", Some(ActiveDirectory)),
        ("\"samaccountname\"", Some(ActiveDirectory)),
        ("email address [required],ORG UNIT PATH", Some(GoogleWorkspace)),
        ("Login,First Name,Last Name,Email", Some(Okta)),
        ("Login,First Name,Email", Some(Generic)),
        ("userPrincipalName", Some(Generic)),
        ("E-Mail", None),
        ("id,displayName", None),
    ] {
        assert_eq!(source(header), wanted, "{header}");
    }
}

#[test]
fn the_key_is_the_id_where_it_lasts() {
    let id = "{5F0C1D2E-AAAA-4BBB-8CCC-000000000001}";
    let list = format!("SamAccountName,ObjectGUID\nMaria,{id}\nOle,\n");
    let keys: Vec<_> = people(&list).into_iter().map(|person| (person.key, person.directory_id)).collect();
    let bare = "5f0c1d2e-aaaa-4bbb-8ccc-000000000001".to_owned();
    assert_eq!(keys, [(bare.clone(), Some(bare)), ("ole".to_owned(), None)]);
    let okta = people("login,firstName,lastName,email,id\na,,,,00uXy\nb,,,,00uxY\n");
    assert_eq!((okta[0].key.as_str(), okta[1].key.as_str()), ("00uXy", "00uxY"));
}

#[test]
fn a_generic_list_has_one_column_of_accounts() {
    let list = "email,username,name,first name,surname\nm@x.example,maria,,Maria,Ng\no@x.example,,Ole,,\n";
    let roster = read(list.as_bytes(), &Options::default(), &Limits::default()).unwrap();
    assert_eq!(roster.people.len(), 1);
    assert_eq!((roster.people[0].account.as_str(), roster.people[0].display.as_str()), ("maria", "Maria Ng"));
    assert_eq!(roster.warnings[0].message, "line 3: no account");
}

#[test]
fn words_say_whether_an_account_is_enabled() {
    let enabled = |word: &str| people(&format!("upn,status\na,{word}\n"))[0].enabled;
    for word in ["", " TRUE ", "yes", "1", "Active", "Wahr"] {
        assert!(enabled(word), "{word}");
    }
    for word in ["False", "NO", "0", "suspended", "Falsch", "on leave", "2"] {
        assert!(!enabled(word), "{word}");
    }
}

#[test]
fn the_lines_above_the_header_are_passed() {
    for above in
        ["", "#TYPE X.Y\r\n", "\n\n", "sep=,\r\n", "#type X\nsep=,\n", "\"sep=,\"\n", "#TYPE a,b,c\r"]
    {
        let people = people(&format!("{above}upn,mail\nmaria,m;n\n"));
        let lines = csv::line_ends(above.as_bytes()) + 2;
        assert_eq!((people[0].line, people[0].email.as_str()), (lines, "m;n"), "{above:?}");
    }
    assert_eq!(people("sep=;\nupn;name\nmaria;a,b,c\n")[0].display, "a,b,c");
}

#[test]
fn a_tab_or_line_break_before_a_name_is_a_formula_too() {
    let list = "upn,name\na,\"\t=1\"\nb,\"\r\nB\"\nc,C\nd, -D\n";
    let roster = read(list.as_bytes(), &Options::default(), &Limits::default()).unwrap();
    let told: Vec<_> =
        roster.warnings.iter().map(|item| (item.account.as_str(), item.code.as_str())).collect();
    assert_eq!(told, [("a", "formula"), ("b", "formula"), ("d", "formula")]);
    assert_eq!(roster.warnings[0].field.as_deref(), Some("display"));
    assert_eq!(roster.people[1].display, "B");
}

#[test]
fn the_admin_has_the_last_word() {
    let read = |columns: &[&str], conditions: &[&str], list: &str| {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let options = Options::parse(&own(columns), &own(conditions)).unwrap();
        super::read(list.as_bytes(), &options, &Limits::default())
    };
    let list = "login,no,alias,enabled\nmaria,1,,no\n,2,ole,\n";
    let roster = read(&["account=alias", "account= Login ", "enabled="], &[], list).unwrap();
    let accounts: Vec<_> =
        roster.people.iter().map(|person| (person.account.as_str(), person.enabled)).collect();
    assert_eq!(accounts, [("maria", true), ("ole", true)]);
    assert!(read(&["account=2"], &["enabled=NO"], list).unwrap().people[0].account == "1");
    assert_eq!(read(&[], &["alias="], list).unwrap().unmatched, 1);
    for columns in ["account=x", "id=0", "id=5"] {
        assert_eq!(read(&[columns], &[], list).unwrap_err().at, Some(Place::Line(1)), "{columns}");
    }
    let error = read(&["account="], &[], list).unwrap_err();
    assert!(error.next_step.unwrap().contains("--column account="), "{}", error.message);
}

#[test]
fn options_that_say_nothing_are_refused() {
    let parse = |column: &str, condition: &str| Options::parse(&[column.to_owned()], &[condition.to_owned()]);
    assert!(parse("group=Team", "a=b=c").is_ok_and(|options| options.conditions[0].pattern == "b=c"));
    assert!(parse("account", "a=b").unwrap_err().contains("account=Login"));
    assert!(parse("login=Login", "a=b").unwrap_err().contains("display"));
    assert!(parse("id=Id", "a").unwrap_err().contains("department=Sales"));
    assert!(parse("id=Id", " =x").unwrap_err().contains("before the ="));
}
