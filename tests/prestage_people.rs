//! `prestage`: who is who, from one roster to the next.

#![cfg(test)]

mod support;

#[path = "prestage/staff.rs"]
mod staff;

use std::collections::BTreeSet;

use serde_json::json;

use staff::{Staff, outcomes, roster, row};

/// Three people whose key is a number of the firm.
const NUMBERED: [&str; 2] = ["--column", "id=emp"];

#[test]
fn people_are_known_by_their_key_and_not_by_their_name() {
    let staff = Staff::new();
    staff
        .sandbox
        .put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT"), row("dan", '5', "IT")]));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    let first = staff.secrets();
    // Ann married; Bob left, and somebody else has his address now; Dan is on no list.
    let renamed = row("ann", '1', "Sales").replace("ann@", "ann.lee@");
    staff.sandbox.put("roster.csv", roster(&[renamed, row("bob", '3', "IT")]));
    let report = staff.stage("two", &["-t", "entra-oath", "--sheets", "none"], 1);
    let rows = report["people"].as_array().unwrap();
    let outcomes: Vec<_> =
        rows.iter().map(|row| (row["outcome"].as_str().unwrap(), row["account"].as_str().unwrap())).collect();
    assert_eq!(
        outcomes,
        [
            ("renamed", "ann.lee@acme.example"),
            ("name-of-other", "bob@acme.example"),
            ("gone", "bob@acme.example"),
            ("gone", "dan@acme.example")
        ]
    );
    let ledger = staff.ledger();
    let ann = ledger.iter().find(|entry| entry["account"] == "ann.lee@acme.example").unwrap();
    assert_eq!(ann["earlier_accounts"], json!(["ann@acme.example"]));
    assert_eq!(ann["secret"].as_str().unwrap(), first["ann@acme.example"]);
    let bobs: Vec<_> = ledger.iter().filter(|entry| entry["account"] == "bob@acme.example").collect();
    assert!(bobs.len() == 2 && bobs[0]["secret"] != bobs[1]["secret"] && bobs[0]["key"] != bobs[1]["key"]);
}

#[test]
fn a_list_of_names_and_a_directory_mean_the_same_people() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "username;email\nann@acme.example;\nBOB@acme.example;\n");
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    let first = staff.secrets();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT")]));
    staff.stage("two", &["-t", "entra-oath", "--sheets", "none"], 0);
    assert_eq!(staff.secrets().values().collect::<BTreeSet<_>>(), first.values().collect());
    assert_eq!(staff.ledger()[0]["directory_id"], "11111111-1111-4111-8111-111111111111");
}

#[test]
fn some_of_the_people() {
    let staff = Staff::new();
    staff
        .sandbox
        .put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT"), row("cid", '3', "IT")]));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none", "--where", "department=it"], 0);
    assert_eq!(staff.secrets().keys().collect::<Vec<_>>(), ["bob@acme.example", "cid@acme.example"]);
    staff.sandbox.put("some.txt", "ANN@acme.example\n");
    staff.stage("two", &["-t", "entra-oath", "--sheets", "none", "--only-file", "some.txt"], 0);
    assert_eq!(staff.text("two/entra-tokens.csv").lines().count(), 2);
    assert_eq!(staff.secrets().len(), 3);
    staff.stage("three", &["-t", "oath-usersfile", "--sheets", "none", "--only", "cid*"], 0);
    assert_eq!(staff.text("three/users.oath").lines().count(), 1);
}

#[test]
fn a_secret_never_goes_to_two_people() {
    let staff = Staff::new();
    let options = ["-t", "oath-usersfile", "--sheets", "none", NUMBERED[0], NUMBERED[1]];
    staff.sandbox.put("roster.csv", "emp,login\n1,ann\n2,bob\n");
    staff.stage("one", &options, 0);
    let first = staff.secrets();
    // Ann is called otherwise now; a new Ann has no number yet.
    staff.sandbox.put("roster.csv", "emp,login\n,ann\n1,ann.lee\n2,bob\n");
    let report = staff.stage("two", &options, 1);
    assert_eq!(
        outcomes(&report),
        [("ann", "name-of-other"), ("ann.lee", "renamed"), ("bob", "kept")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .into()
    );
    let second = staff.secrets();
    assert_eq!(second["ann.lee"], first["ann"]);
    assert_ne!(second["ann"], first["ann"]);
    let reason =
        report["people"].as_array().unwrap().iter().find(|row| row["account"] == "ann").unwrap()["reason"]
            .clone();
    assert!(
        reason.as_str().unwrap().contains("who is ann.lee now")
            && !reason.as_str().unwrap().contains("remove"),
        "{reason}"
    );
    // The server is told of the new name, with the secret that it had.
    let lines = staff.text("two/users.oath");
    assert_eq!(
        lines.lines().map(|line| line.split('\t').nth(1).unwrap()).collect::<BTreeSet<_>>(),
        BTreeSet::from(["ann", "ann.lee"])
    );
}

#[test]
fn another_directory_is_no_reason_for_new_secrets() {
    let staff = Staff::new();
    let people: Vec<String> = ('a'..='l').map(|letter| format!("{letter}@acme.example")).collect();
    let rows = |of: &dyn Fn(usize, &String) -> String| {
        people.iter().enumerate().map(|(at, name)| of(at, name)).collect::<String>()
    };
    let directory = rows(&|at, name| format!("{at},{name},aaaaaaaa-0000-4000-8000-{at:012}\n"));
    staff.sandbox.put("roster.csv", format!("SamAccountName,UserPrincipalName,ObjectGUID\n{directory}"));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    let first = staff.secrets();
    let cloud = rows(&|at, name| format!("{name},x,bbbbbbbb-0000-4000-8000-{at:012},Member,True\n"));
    staff
        .sandbox
        .put("roster.csv", format!("userPrincipalName,displayName,id,userType,accountEnabled\n{cloud}"));
    let report = staff.stage("two", &["-t", "entra-oath", "--sheets", "none"], 0);
    assert!(outcomes(&report).values().all(|outcome| outcome == "kept"));
    assert_eq!(staff.secrets(), first);
    // Both directories know everybody by their own keys from now on.
    let renamed = directory.replace("a@acme.example", "anna@acme.example");
    staff.sandbox.put("roster.csv", format!("SamAccountName,UserPrincipalName,ObjectGUID\n{renamed}"));
    let report = staff.stage("back", &["-t", "entra-oath", "--sheets", "none"], 1);
    assert_eq!(outcomes(&report)["anna@acme.example"], "renamed");
    assert_eq!(staff.secrets()["anna@acme.example"], first["a@acme.example"]);
    let cloud = cloud.replace("a@acme.example", "anna.b@acme.example");
    staff
        .sandbox
        .put("roster.csv", format!("userPrincipalName,displayName,id,userType,accountEnabled\n{cloud}"));
    let report = staff.stage("again", &["-t", "entra-oath", "--sheets", "none"], 1);
    assert_eq!(outcomes(&report)["anna.b@acme.example"], "renamed");
    assert_eq!(staff.secrets().values().collect::<BTreeSet<_>>(), first.values().collect());
    let first = staff.secrets();
    // Keys of the same directory that have all changed are a mistake.
    staff.sandbox.put(
        "roster.csv",
        format!(
            "userPrincipalName,displayName,id,userType,accountEnabled\n{}",
            cloud.replace("bbbbbbbb", "cccccccc")
        ),
    );
    staff
        .run("three", &["-t", "entra-oath", "--sheets", "none"])
        .exits(2)
        .says(&["the keys seem to have changed"])
        .explains();
    assert_eq!(staff.secrets(), first);
}

#[test]
fn who_was_withdrawn_stays_so_under_a_key_of_another_kind() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT")]));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    staff.stage("two", &["-t", "entra-oath", "--sheets", "none", "--withdraw", "bob@acme.example"], 1);
    staff.sandbox.put("roster.csv", "login\nann@acme.example\nBob@acme.example\nbo\u{200b}b@acme.example\n");
    let report = staff.stage("three", &["-t", "entra-oath", "--sheets", "none"], 1);
    let wanted = [
        ("ann@acme.example", "kept"),
        ("Bob@acme.example", "left-out"),
        ("bo\u{200b}b@acme.example", "left-out"),
    ];
    assert_eq!(outcomes(&report), wanted.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    assert_eq!(staff.secrets().len(), 1);
}

#[test]
fn a_login_name_has_one_owner_also_when_few_people_are_meant() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales")]));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    let first = staff.secrets();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '2', "IT"), row("ann", '1', "Sales")]));
    let report = staff.stage("two", &["-t", "entra-oath", "--sheets", "none", "--all"], 1);
    let rows: Vec<_> =
        report["people"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(rows, ["left-out", "kept"]);
    staff.stage("three", &["-t", "entra-oath", "--sheets", "none", "--where", "department=IT"], 1);
    staff
        .sandbox
        .put("some.txt", "00000000-0000-4000-8000-000000000000\n22222222-2222-4222-8222-222222222222\n");
    staff.stage("four", &["-t", "entra-oath", "--sheets", "none", "--only-file", "some.txt"], 1);
    assert_eq!(staff.secrets(), first);
}

#[test]
fn keys_that_change_hands_move_no_secret() {
    let staff = Staff::new();
    let options = ["-t", "otpauth", "--sheets", "none", NUMBERED[0], NUMBERED[1]];
    staff.sandbox.put("roster.csv", "login,emp\nann,1\nbob,2\ncat,3\n");
    staff.stage("one", &options, 0);
    let first = staff.secrets();
    staff.sandbox.put("roster.csv", "login,emp\naaron,1\nann,2\nbob,3\ncat,4\n");
    let shifted = staff.run("two", &options).exits(2);
    shifted.says(&["the keys seem to have changed hands"]).explains();
    assert_eq!(staff.secrets(), first);
    assert!(!staff.sandbox.path("two").exists());
}
