//! `prestage`: one secret for everybody, once, whatever happens between two runs.

#![cfg(test)]

mod support;

#[path = "prestage/staff.rs"]
mod staff;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

use staff::{Staff, outcomes, roster, row};

const ROSTER: &str = "userPrincipalName,displayName,id,accountEnabled,userType,department\r\n\
    maria@acme.example,María López,11111111-1111-4111-8111-111111111111,True,Member,Sales\r\n\
    ole@acme.example,\"Stone, \"\"Ole\"\"\",22222222-2222-4222-8222-222222222222,True,Member,IT\r\n\
    eve@acme.example,<script>alert(1)</script>,33333333-3333-4333-8333-333333333333,False,Member,IT\r\n\
    guest_x#EXT#@acme.example,=1+3,44444444-4444-4444-8444-444444444444,True,Guest,\r\n";

#[test]
fn everybody_gets_one_secret_and_it_is_the_same_everywhere() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", ROSTER);
    let report = staff.stage("out", &["-t", "entra-oath,oath-usersfile", "--sheets", "none"], 1);
    let wanted = [
        ("maria@acme.example", "staged"),
        ("ole@acme.example", "staged"),
        ("eve@acme.example", "left-out"),
        ("guest_x#EXT#@acme.example", "left-out"),
    ];
    assert_eq!(outcomes(&report), wanted.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())).into());
    let secrets = staff.secrets();
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["maria@acme.example", "ole@acme.example"]);
    let distinct: BTreeSet<_> = secrets.values().collect();
    assert!(distinct.len() == 2 && distinct.iter().all(|secret| secret.len() == 32), "20 bytes each");
    // Read without our own readers.
    let entra = staff.text("out/entra-tokens.csv");
    let of_entra: BTreeMap<String, String> = entra
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|cells| (cells[0].to_owned(), cells[2].to_owned()))
        .collect();
    assert_eq!(of_entra, secrets);
    assert!(entra.lines().skip(1).all(|line| line.ends_with(",30,otpferry,TOTP-SHA1-6-30")), "{entra}");
    let hex =
        |secret: &String| HEXLOWER.encode(&data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
    let wanted: BTreeSet<String> =
        secrets.iter().map(|(name, secret)| format!("HOTP/T30/6\t{name}\t-\t{}", hex(secret))).collect();
    assert_eq!(staff.text("out/users.oath").lines().map(str::to_owned).collect::<BTreeSet<_>>(), wanted);
    // For people, with what a spreadsheet would compute marked as text.
    let table = staff.text("out/report.csv");
    assert!(table.contains(",'=1+3,,"), "{table}");
    assert!(table.starts_with("outcome,person,account,display,serial,reason\n"), "{table}");
}

#[test]
fn a_second_run_makes_nothing_and_writes_what_is_new_for_a_server() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT")]));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    let first = staff.secrets();
    let report = staff.stage("two", &["-t", "entra-oath", "--sheets", "none"], 0);
    assert_eq!(outcomes(&report).values().collect::<BTreeSet<_>>(), BTreeSet::from([&"kept".to_owned()]));
    assert_eq!(staff.names("two"), ["report.csv"]);
    // A third person comes: only that one is in the file.
    staff
        .sandbox
        .put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT"), row("cid", '3', "IT")]));
    staff.stage("three", &["-t", "entra-oath", "--sheets", "none"], 0);
    let third = staff.secrets();
    assert!(first.iter().all(|(name, secret)| third[name] == *secret) && third.len() == 3);
    assert_eq!(staff.text("three/entra-tokens.csv").lines().count(), 2);
    assert!(staff.text("three/entra-tokens.csv").contains(&third["cid@acme.example"]));
    // All of them again, and for another server: the same secrets.
    staff.stage("four", &["-t", "entra-oath,oath-usersfile", "--all", "--sheets", "none"], 0);
    assert_eq!(staff.text("four/entra-tokens.csv").lines().count(), 4);
    assert_eq!(staff.secrets(), third);
    let report = staff.stage("five", &["-t", "privacyidea", "--sheets", "none"], 0);
    assert_eq!(report["files"][0]["accounts"], 3);
    assert_eq!(staff.secrets(), third);
}

#[test]
fn a_new_secret_needs_a_word() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT")]));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    let first = staff.secrets();
    let options =
        ["-t", "entra-oath", "--sheets", "none", "--reissue", "Ann@acme.example", "--wipe-replaced"];
    let report = staff.stage("two", &options, 1);
    assert_eq!(outcomes(&report)["ann@acme.example"], "reissued");
    let second = staff.secrets();
    assert!(second["ann@acme.example"] != first["ann@acme.example"]);
    assert_eq!(second["bob@acme.example"], first["bob@acme.example"]);
    let ledger = staff.ledger();
    assert_eq!((&ledger[0]["state"], &ledger[0]["secret"]), (&json!("replaced"), &Value::Null));
    assert_eq!(ledger[0]["replaced_by"], ledger[2]["serial"]);
    assert_ne!(ledger[0]["serial"], ledger[2]["serial"]);
    // Only the new one is written.
    assert_eq!(staff.text("two/entra-tokens.csv").lines().count(), 2);
    staff.run("three", &["-t", "entra-oath", "--reissue", "nobody"]).exits(2).says(&["nobody of the roster"]);
    // Withdrawn people get no new account by themselves.
    staff.stage("four", &["-t", "entra-oath", "--sheets", "none", "--withdraw", "bob@acme.example"], 1);
    let report = staff.stage("five", &["-t", "entra-oath", "--sheets", "none"], 1);
    assert_eq!(outcomes(&report)["bob@acme.example"], "left-out");
    let report =
        staff.stage("six", &["-t", "entra-oath", "--sheets", "none", "--reissue", "bob@acme.example"], 1);
    assert_eq!(outcomes(&report)["bob@acme.example"], "reissued");
    assert_ne!(staff.secrets()["bob@acme.example"], first["bob@acme.example"]);
}

#[test]
fn what_a_server_cannot_take_is_refused_before_anything_is_made() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob lee\n");
    let refused: &[(&[&str], &str)] = &[
        (&["-t", "entra-oath:csv", "--digits", "8"], "takes no such accounts"),
        (&["-t", "entra-oath", "--kind", "hotp"], "takes no such accounts"),
        (&["-t", "entra-oath:csv", "--algorithm", "SHA256"], "takes no such accounts"),
        (&["-t", "oath-usersfile:liboath", "--period", "45"], "takes no such accounts"),
        (&["-t", "oath-usersfile:liboath", "--secret-bytes", "40"], "takes no such accounts"),
        (&["-t", "steam"], "can be read but not written"),
        (&["-t", "entra-oath", "--serial-prefix", "1ABC"], "four letters or digits"),
        (&["-t", "entra-oath", "--manufacturer", "a,b"], "without commas"),
    ];
    for (options, message) in refused {
        let failed = staff.run("out", options);
        assert!(matches!(failed.exit, Some(2 | 4)), "{options:?}: {}", failed.err);
        failed.says(&[message]);
    }
    staff.run_as("Acme: VPN", "out", &["-t", "entra-oath"]).exits(2).says(&["without a colon"]);
    assert_eq!(staff.sandbox.names(), ["key", "roster.csv"]);
    // One person alone is left out, and no secret is made for them.
    let report = staff.stage("out", &["-t", "oath-usersfile", "--sheets", "none"], 1);
    assert_eq!(outcomes(&report)["bob lee"], "left-out");
    assert_eq!(staff.secrets().keys().collect::<Vec<_>>(), ["ann"]);
}

#[test]
fn other_parameters_and_issuers_are_no_slip_of_the_pen() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\n");
    staff.stage("one", &["-t", "oath-usersfile", "--sheets", "none"], 0);
    let before = staff.sandbox.bytes("ledger.age");
    staff.run("two", &["-t", "oath-usersfile", "--digits", "8"]).exits(2).says(&["other parameters"]);
    staff.run_as("Other", "two", &["-t", "oath-usersfile"]).exits(2).says(&["of the issuer Acme"]);
    assert_eq!(staff.sandbox.bytes("ledger.age"), before);
    assert!(!staff.sandbox.path("two").exists());
    let options = ["-t", "oath-usersfile", "--sheets", "none", "--additional-issuer"];
    staff.run_as("Other", "two", &options).exits(0);
    assert_eq!(staff.ledger().len(), 2);
}

#[test]
fn a_rehearsal_makes_and_writes_nothing() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", ROSTER);
    let report = staff.stage("out", &["-t", "entra-oath", "--dry-run"], 1);
    assert_eq!((&report["dry_run"], report["people"].as_array().unwrap().len()), (&json!(true), 4));
    assert_eq!(staff.sandbox.names(), ["key", "roster.csv"]);
}

#[test]
fn what_is_there_is_not_touched() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\n");
    staff.sandbox.put("full/other.txt", "mine");
    staff.run("full", &["-t", "oath-usersfile"]).exits(9).says(&["is not empty"]).explains();
    staff.sandbox.put("ledger.age", "no ledger");
    staff.run("out", &["-t", "oath-usersfile"]).exits(9).says(&["this is no ledger"]).explains();
    std::fs::remove_file(staff.sandbox.path("ledger.age")).unwrap();
    // Another run has the lock.
    let lock: File = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(staff.sandbox.path("ledger.age.lock"))
        .unwrap();
    lock.lock().unwrap();
    staff.run("out", &["-t", "oath-usersfile"]).exits(9).says(&["another run"]).explains();
    drop(lock);
    staff.stage("out", &["-t", "oath-usersfile", "--sheets", "none"], 0);
}

#[test]
fn nothing_that_stays_holds_a_secret() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT")]));
    let one = staff.run("one", &["-t", "entra-oath,oath-usersfile,otpauth", "-v"]);
    let two = staff.run("two", &["-t", "entra-oath", "--reissue", "ann@acme.example", "--json"]);
    let three = staff.run("three", &["-t", "nothing"]);
    let texts = [
        one.out,
        one.err,
        two.out,
        two.err,
        three.out,
        three.err,
        staff.text("ledger.age.log.jsonl"),
        staff.text("one/report.csv"),
    ];
    let sealed = staff.sandbox.bytes("ledger.age");
    for entry in staff.ledger() {
        let base32 = entry["secret"].as_str().unwrap().to_owned();
        let bytes = data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
        let grouped: Vec<&str> =
            (0..base32.len()).step_by(4).map(|at| &base32[at..(at + 4).min(base32.len())]).collect();
        for needle in [base32.clone(), HEXLOWER.encode(&bytes), BASE64.encode(&bytes), grouped.join(" ")] {
            let needle = needle.trim_end_matches('=').to_lowercase();
            for text in &texts {
                assert!(!text.to_lowercase().contains(&needle), "a secret is in:\n{text}");
            }
        }
        assert!(!sealed.windows(bytes.len()).any(|window| window == bytes));
    }
}

#[test]
fn files_are_no_longer_than_asked() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\ncid\n");
    staff.stage("out", &["-t", "oath-usersfile", "--sheets", "none", "--per-file", "2"], 0);
    assert_eq!(staff.names("out"), ["report.csv", "users-1-of-2.oath", "users-2-of-2.oath"]);
    let lines = |name: &str| staff.text(name).lines().count();
    assert_eq!((lines("out/users-1-of-2.oath"), lines("out/users-2-of-2.oath")), (2, 1));
}

#[test]
fn codes_of_a_folder_as_a_table() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\n");
    // The sheets hold the same accounts and are not asked.
    staff.stage("out", &["-t", "entra-oath", "--sheets", "html,png"], 0);
    let at = "2026-01-31T12:00:10Z";
    let run = staff.sandbox.run(&["codes", "out", "--csv", "--at", at]).exits(0);
    let mut wanted = vec!["serial,user,issuer,account,kind,code,from,until,counter".to_owned()];
    for entry in staff.ledger() {
        let secret = entry["secret"].as_str().unwrap();
        let code = staff::totp(secret, 1_769_860_810);
        let (serial, account) = (entry["serial"].as_str().unwrap(), entry["account"].as_str().unwrap());
        wanted.push(format!(
            "{serial},{account},,{account},totp,{code},2026-01-31T12:00:00Z,2026-01-31T12:00:30Z,"
        ));
    }
    assert_eq!(run.out.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn everybody_gets_a_sheet_called_by_the_serial_number() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT")]));
    staff.stage(
        "out",
        &["-t", "entra-oath", "--sheets", "html,png,page", "--help-contact", "Help desk <4711>"],
        0,
    );
    let ledger = staff.ledger();
    for (own, other) in [(&ledger[0], &ledger[1]), (&ledger[1], &ledger[0])] {
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
        let serial = text(own, "serial");
        let page = staff.text(&format!("out/sheets/{serial}.html"));
        let grouped = |entry: &Value| {
            let secret = text(entry, "secret");
            (0..32).step_by(4).map(|at| secret[at..at + 4].to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert!(
            page.contains(&serial) && page.contains(&text(own, "account")) && page.contains(&grouped(own))
        );
        assert!(page.contains("Help desk &lt;4711&gt;"));
        for field in ["serial", "account", "secret"] {
            assert!(!page.contains(&text(other, field)), "{field} of somebody else");
        }
        assert!(!page.contains(&grouped(other)));
        // The picture, as any reader finds it.
        let picture =
            image::load_from_memory(&staff.sandbox.bytes(&format!("out/sheets/{serial}.png"))).unwrap();
        let picture = picture.to_luma8();
        let (width, height) =
            (usize::try_from(picture.width()).unwrap(), usize::try_from(picture.height()).unwrap());
        let light = |x: usize, y: usize| picture.as_raw()[y * width + x];
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, light);
        let (_, payload) = picture.detect_grids()[0].decode().unwrap();
        let login = text(own, "account").replace('@', "%40");
        assert!(
            payload.starts_with(&format!("otpauth://totp/Acme:{login}?secret={}&", text(own, "secret"))),
            "{}",
            payload.len()
        );
    }
    // Sheets are for who has none yet.
    staff
        .sandbox
        .put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT"), row("cid", '3', "IT")]));
    staff.stage("two", &["-t", "entra-oath", "--sheets", "html"], 0);
    let new = staff.ledger()[2]["serial"].as_str().unwrap().to_owned();
    assert_eq!(
        staff.names("two"),
        ["entra-tokens.csv", "report.csv", "sheets/", &format!("sheets/{new}.html")]
    );
}

#[test]
fn a_run_that_is_gone_on_with_does_nothing_twice() {
    let staff = Staff::new();
    staff
        .sandbox
        .put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT"), row("cid", '3', "IT")]));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    let first = staff.secrets();
    // As if a run into another folder had been killed before it had made anything.
    let options = [
        "-t",
        "entra-oath",
        "--sheets",
        "none",
        "--resume",
        "--reissue",
        "ann@acme.example",
        "--withdraw",
        "bob@acme.example",
    ];
    staff.stage("two", &options, 1);
    let second = staff.secrets();
    assert_ne!(second["ann@acme.example"], first["ann@acme.example"]);
    assert_eq!(second.keys().collect::<Vec<_>>(), ["ann@acme.example", "cid@acme.example"]);
    let file = staff.text("two/entra-tokens.csv");
    assert_eq!(file.lines().count(), 2);
    // As if it had been killed at its very end.
    staff.stage("two", &options, 1);
    assert_eq!((staff.secrets(), staff.text("two/entra-tokens.csv")), (second, file));
    assert_eq!(staff.ledger().len(), 4);
    let runs = staff.runs();
    assert_eq!(runs.len(), 2);
    assert!(runs[1]["folder"].as_str().unwrap().ends_with("/two") && runs[1]["finished"].is_string());
}

#[test]
fn a_run_that_is_gone_on_with_leaves_no_old_files() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\ncid\n");
    staff.stage("out", &["-t", "oath-usersfile", "--sheets", "html", "--per-file", "1"], 0);
    staff.stage("out", &["-t", "oath-usersfile", "--sheets", "html", "--resume", "--withdraw", "bob"], 1);
    let ledger = staff.ledger();
    let sheet = |at: usize| format!("sheets/{}.html", ledger[at]["serial"].as_str().unwrap());
    let mut wanted =
        vec!["report.csv".to_owned(), "sheets/".to_owned(), sheet(0), sheet(2), "users.oath".to_owned()];
    wanted.sort();
    assert_eq!(staff.names("out"), wanted);
    assert_eq!(staff.text("out/users.oath").lines().count(), 2);
}

#[test]
fn options_that_mean_nothing_are_told() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\n");
    let run =
        |more: &[&str]| staff.run("out", &[&["-t", "oath-usersfile", "--sheets", "none"], more].concat());
    run(&["--columns", "account=login"]).exits(2).says(&["--columns means nothing for a roster"]).explains();
    run(&["--partial"]).exits(2).explains();
    run(&["--kind", "hotp", "--all"]).exits(2).says(&["counters that have moved on"]).explains();
    staff.sandbox.put("some.txt", "nobody\nann\n");
    let report =
        staff.stage("out", &["-t", "oath-usersfile", "--sheets", "none", "--only-file", "some.txt"], 1);
    assert_eq!(report["warnings"][0]["code"], "not-on-the-roster");
}

#[test]
fn pskc_is_encrypted_and_freeipa_is_told_of_the_owners() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\no'neil\n");
    staff.sandbox.put("password", "canary-password-of-tokens\n");
    staff.run("out", &["-t", "pskc"]).exits(6).says(&["no new password was given"]).explains();
    assert!(!staff.sandbox.path("ledger.age").exists(), "asked before anything is made");
    for bad in ["short", "contraseña-larga"] {
        staff.sandbox.put("bad", bad);
        staff
            .run("out", &["-t", "pskc", "--new-password-file", "bad"])
            .exits(2)
            .says(&["not every server"])
            .explains();
    }
    let options = ["-t", "pskc", "--new-password-file", "password", "--freeipa-owners", "--sheets", "none"];
    staff.stage("out", &options, 0);
    let ledger = staff.ledger();
    let serial = |at: usize| ledger[at]["serial"].as_str().unwrap();
    let wanted = format!(
        "ipa otptoken-mod {} --owner=ann\nipa otptoken-mod {} '--owner=o'\\''neil'\n",
        serial(0),
        serial(1)
    );
    assert_eq!(staff.text("out/freeipa-owners.sh"), wanted);
    let name =
        staff.names("out").into_iter().find(|name| name.contains("pskc") || name.ends_with(".xml")).unwrap();
    let file = staff.text(&format!("out/{name}"));
    assert_eq!(file.matches("</pskc:EncryptedValue>").count(), 2);
    for entry in &ledger {
        let key = data_encoding::BASE32_NOPAD.decode(entry["secret"].as_str().unwrap().as_bytes()).unwrap();
        assert!(!file.contains(&BASE64.encode(&key)));
    }
    let args = [
        "prestage",
        "--check",
        "ledger.age",
        "--against",
        &format!("out/{name}"),
        "-i",
        "key",
        "--password-file",
        "password",
        "--json",
    ];
    let drill = staff.sandbox.run(&args).exits(0).json();
    assert_eq!(drill["right"], 2);
    staff.run("two", &["-t", "oath-usersfile", "--freeipa-owners"]).exits(2).explains();
    // What a server asks for is asked for first.
    let run = staff.run("two", &["-t", "okta-tokens"]);
    assert_eq!(run.exit, Some(2), "{}", run.err);
    assert!(run.err.contains("--okta-profile") && !staff.sandbox.path("two").exists(), "{}", run.err);
}

#[test]
fn a_server_gets_the_columns_that_are_said() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann@acme.example\nbob\n");
    let columns =
        ["-t", "delimited", "--sheets", "none", "--columns", "Serial=serial,upn,Seed=secret:base32"];
    staff
        .run("one", &[&columns[..], &["--digits", "8"]].concat())
        .exits(2)
        .says(&["no column says"])
        .explains();
    let report = staff.stage("out", &columns, 1);
    let entry = staff.ledger().remove(0);
    let text = |key: &str| entry[key].as_str().unwrap().to_owned();
    let wanted = format!("Serial,upn,Seed\n{},ann@acme.example,{}\n", text("serial"), text("secret"));
    assert_eq!(staff.text("out/tokens.csv"), wanted);
    assert_eq!(outcomes(&report)["bob"], "left-out");
    let check =
        ["prestage", "--check", "ledger.age", "--against", "out/tokens.csv", "-i", "key", "-f", "delimited"];
    let drill = staff.sandbox.run(&[&check[..], &columns[4..], &["--json"]].concat()).exits(0).json();
    assert_eq!(drill["right"], 1);
}

#[test]
fn who_is_not_written_again_is_due_in_the_next_run() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\n");
    staff.stage("one", &["-t", "oath-usersfile", "--sheets", "none"], 0);
    staff.sandbox.put("one/users-mine.oath.txt", "mine");
    staff.stage("one", &["-t", "oath-usersfile", "--sheets", "none", "--resume", "--only", "ann"], 0);
    assert_eq!(staff.names("one"), ["report.csv", "users-mine.oath.txt", "users.oath"]);
    assert_eq!(staff.text("one/users.oath").lines().count(), 1);
    staff.stage("two", &["-t", "oath-usersfile", "--sheets", "none"], 0);
    assert!(staff.text("two/users.oath").contains("\tbob\t"));
    // The folder of an earlier run is not gone on with; a wrong option takes nothing away.
    staff
        .run("one", &["-t", "oath-usersfile", "--resume"])
        .exits(9)
        .says(&["another run has followed"])
        .explains();
    staff.run_as("Typo", "two", &["-t", "oath-usersfile", "--resume"]).exits(2).explains();
    assert_eq!(staff.names("two"), ["report.csv", "users.oath"]);
}

#[test]
fn a_folder_behind_a_link_is_gone_on_with() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\n");
    staff.sandbox.put("real/empty", "");
    staff.stage("real/../out", &["-t", "oath-usersfile", "--sheets", "none"], 0);
    staff.stage("real/../out", &["-t", "oath-usersfile", "--sheets", "none", "--resume"], 0);
    staff.stage("out", &["-t", "oath-usersfile", "--sheets", "none", "--resume"], 0);
    let counted = ["-t", "oath-usersfile", "--sheets", "none", "--kind", "hotp"];
    let other = Staff::new();
    other.sandbox.put("roster.csv", "login\nann\n");
    other.stage("out", &counted, 1);
    other
        .run("out", &[&counted[..], &["--resume"]].concat())
        .exits(9)
        .says(&["counters have moved on"])
        .explains();
}

#[test]
fn other_columns_are_for_another_server() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales")]));
    staff.stage("one", &["-t", "delimited", "--columns", "user,secret:hex", "--sheets", "none"], 0);
    staff.stage("two", &["-t", "delimited", "--columns", "user,secret:hex", "--sheets", "none"], 0);
    assert_eq!(staff.names("two"), ["report.csv"]);
    staff.stage("three", &["-t", "delimited", "--columns", "secret:base32,user", "--sheets", "none"], 0);
    assert_eq!(staff.names("three").len(), 2);
}
