//! `prestage --check`: who would be locked out, by what the servers know.

#![cfg(test)]

mod support;

#[path = "prestage/staff.rs"]
mod staff;

use serde_json::{Value, json};

use staff::Staff;

/// Five people, staged for Entra ID.
fn staged() -> Staff {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\ncid\ndan\neve\n");
    staff.stage("out", &["-t", "entra-oath", "--sheets", "none"], 0);
    staff
}

/// Rows of the file for the server, the first one of ann.
fn rows(staff: &Staff) -> Vec<String> {
    staff.text("out/entra-tokens.csv").lines().skip(1).map(str::to_owned).collect()
}

fn export(staff: &Staff, rows: &[String]) {
    let header = "upn,serial number,secret key,time interval,manufacturer,model";
    staff.sandbox.put("export.csv", format!("{header}\n{}\n", rows.join("\n")));
}

/// Problem and account of each finding, and the number of accounts that are right.
fn check(staff: &Staff, exit: i32) -> (Vec<(String, String)>, Value) {
    let args = ["prestage", "--check", "ledger.age", "--against", "export.csv", "-i", "key", "--json"];
    let drill = staff.sandbox.run(&args).exits(exit).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = drill["findings"].as_array().unwrap().iter();
    (findings.map(|finding| (text(&finding["problem"]), text(&finding["account"]))).collect(), drill)
}

fn found(problems: &[(&str, &str)]) -> Vec<(String, String)> {
    problems.iter().map(|(problem, account)| ((*problem).to_owned(), (*account).to_owned())).collect()
}

#[test]
fn a_server_that_knows_everybody_is_right() {
    let staff = staged();
    let mut all = rows(&staff);
    all.reverse();
    export(&staff, &all);
    let (findings, drill) = check(&staff, 0);
    assert_eq!((findings, &drill["right"], &drill["strangers"]), (Vec::new(), &json!(5), &json!(0)));
}

#[test]
fn every_kind_of_trouble_is_named() {
    let staff = staged();
    let all = rows(&staff);
    let secret = |row: &str| row.split(',').nth(2).unwrap().to_owned();
    // ann is missing; bob has cid's secret; cid's token takes other periods; dan's is eve's; eve's is there twice.
    let bob = all[1].replace(&secret(&all[1]), "CANARYALPHACANARYALPHACANARYALPH");
    let cid = all[2].replace(",30,", ",60,");
    let dan = all[3].replace("dan,", "mallory,");
    let stranger = "zoe,X0001,CANARYBRAVOCANARYBRAVOCANARYBRAV,30,m,m".to_owned();
    export(&staff, &[bob, cid, dan, all[4].clone(), all[4].clone(), stranger]);
    let (findings, drill) = check(&staff, 8);
    assert_eq!(
        findings,
        found(&[
            ("missing", "ann"),
            ("secret-differs", "bob"),
            ("parameters-differ", "cid"),
            ("other-person", "dan"),
            ("serial-twice", "eve"),
        ])
    );
    assert_eq!((&drill["right"], &drill["strangers"]), (&json!(0), &json!(1)));
    let run = staff
        .sandbox
        .run(&["prestage", "--check", "ledger.age", "--against", "export.csv", "-i", "key"])
        .exits(8);
    assert!(run.out.contains("Would be locked out: 5\n  ann ["), "{}", run.out);
}

#[test]
fn more_tokens_than_the_server_takes_of_one_person() {
    let staff = staged();
    let mut all = rows(&staff);
    all.extend((0..5).map(|number| {
        format!("ann,X{number},CANARYALPHACANARYALPHACANARYALP{},30,m,m", ["A", "B", "C", "D", "E"][number])
    }));
    export(&staff, &all);
    let (findings, _) = check(&staff, 8);
    assert_eq!(findings, found(&[("too-many", "ann")]));
}

#[test]
fn accounts_out_of_use_are_to_be_removed() {
    let staff = staged();
    let all = rows(&staff);
    staff.stage("two", &["-t", "entra-oath", "--sheets", "none", "--reissue", "bob", "--withdraw", "cid"], 1);
    let new = staff.text("two/entra-tokens.csv").lines().nth(1).unwrap().to_owned();
    export(&staff, &[&all[..], std::slice::from_ref(&new)].concat());
    assert_eq!(check(&staff, 1).0, found(&[("still-there", "bob"), ("still-there", "cid")]));
    export(&staff, &[all[0].clone(), all[3].clone(), all[4].clone(), new]);
    assert_eq!(check(&staff, 0).0, []);
}

#[test]
fn a_server_without_secrets_is_not_taken_for_right() {
    let staff = staged();
    let token = |row: &String| {
        let cells: Vec<&str> = row.split(',').collect();
        json!({ "serialNumber": cells[1], "secretKey": null, "timeIntervalInSeconds": 30, "manufacturer": "m",
            "model": "m", "assignedTo": { "id": "11111111-1111-4111-8111-111111111111" } })
    };
    let tokens: Vec<Value> = rows(&staff).iter().take(4).map(token).collect();
    staff.sandbox.put("export.csv", json!({ "value": tokens }).to_string());
    let (findings, drill) = check(&staff, 8);
    assert_eq!(drill["right"], 0);
    let missing: Vec<_> = findings.iter().filter(|(problem, _)| problem == "missing").collect();
    assert_eq!(missing, [&("missing".to_owned(), "eve".to_owned())], "{findings:?}");
}

#[test]
fn a_ledger_that_is_none_is_told() {
    let staff = staged();
    export(&staff, &rows(&staff));
    let run = |ledger: &str| {
        staff.sandbox.run(&["prestage", "--check", ledger, "--against", "export.csv", "-i", "key"])
    };
    run("nothing.age").exits(3).explains();
    run("export.csv").exits(9).says(&["this is no ledger"]).explains();
}

#[test]
fn names_decide_in_files_without_numbers() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\n");
    staff.stage("out", &["-t", "entra-oath,oath-usersfile", "--sheets", "none"], 0);
    let users = staff.text("out/users.oath");
    staff.sandbox.put("export.csv", &users);
    assert_eq!(check(&staff, 0).0, []);
    // Two names exchanged; a secret of before.
    staff.sandbox.put(
        "export.csv",
        users.replace("\tann\t", "\tx\t").replace("\tbob\t", "\tann\t").replace("\tx\t", "\tbob\t"),
    );
    assert_eq!(check(&staff, 8).0, found(&[("other-person", "ann"), ("other-person", "bob")]));
    let line = users.lines().next().unwrap();
    let key = line.rsplit('\t').next().unwrap();
    staff.sandbox.put("export.csv", users.replace(key, "00112233445566778899aabbccddeeff00112233"));
    let name = line.split('\t').nth(1).unwrap().to_owned();
    assert_eq!(check(&staff, 8).0, found(&[("secret-differs", &name)]));
}

#[test]
fn every_server_is_compared_by_itself() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\n");
    staff.stage("one", &["-t", "entra-oath,oath-usersfile", "--sheets", "none"], 0);
    staff.sandbox.put("roster.csv", "login\nann\nbob\ncid\n");
    staff.stage("two", &["-t", "oath-usersfile", "--sheets", "none"], 0);
    let both = |entra: &str, liboath: &str, exit: i32| {
        staff.sandbox.put("entra.csv", entra);
        staff.sandbox.put("users.oath", liboath);
        let args = [
            "prestage",
            "--check",
            "ledger.age",
            "--against",
            "entra.csv",
            "users.oath",
            "-i",
            "key",
            "--json",
        ];
        staff.sandbox.run(&args).exits(exit).json()
    };
    let (entra, liboath) =
        (staff.text("one/entra-tokens.csv"), staff.text("one/users.oath") + &staff.text("two/users.oath"));
    // Cid never went to Entra ID.
    let drill = both(&entra, &liboath, 0);
    assert_eq!((&drill["right"], &drill["findings"]), (&json!(5), &json!([])));
    let without = |text: &str, name: &str| {
        text.lines().filter(|line| !line.contains(name)).map(|line| format!("{line}\n")).collect::<String>()
    };
    let drill = both(&without(&entra, "ann,"), &without(&liboath, "\tbob\t"), 8);
    let findings: Vec<_> = drill["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["account"].as_str().unwrap(), finding["file"].as_str().unwrap()))
        .collect();
    assert_eq!(findings, [("ann", "entra.csv"), ("bob", "users.oath")]);
    // Nobody's tokens lock out as well.
    let drill = both(&entra.replace("ann,", ",").replace("bob,", ","), &liboath, 8);
    assert!(drill["findings"].as_array().unwrap().iter().all(|finding| finding["problem"] == "unassigned"));
    staff
        .sandbox
        .run(&["prestage", "--check", "ledger.age", "--against", "entra.csv", "-i", "key", "--only", "ann"])
        .exits(2)
        .explains();
}

#[test]
fn a_list_in_several_files_is_one() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\n");
    staff.stage("out", &["-t", "entra-oath", "--sheets", "none", "--per-file", "1"], 0);
    let drill = staff
        .sandbox
        .run(&["prestage", "--check", "ledger.age", "--against", "out", "-i", "key", "--json"])
        .exits(0)
        .json();
    assert_eq!(drill["right"], 2);
}
