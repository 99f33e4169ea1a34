//! `prestage`, killed at any moment: after `--resume` everybody has exactly one secret, every file says what the ledger
//! says, and no secret is anywhere that is not in the ledger.

#![cfg(test)]

mod support;

#[path = "prestage/staff.rs"]
mod staff;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use staff::Staff;

const PEOPLE: usize = 1000;
const KILLS: u32 = 50;
/// A run that was faster than its kill does not count.
const MOST_ROUNDS: u32 = 4 * KILLS;

fn roster() -> String {
    let row = |number: usize| {
        format!(
            "user{number}@acme.example,User {number},{number:08x}-0000-4000-8000-000000000000,True,Member,IT\n"
        )
    };
    let rows: String = (0..PEOPLE).map(row).collect();
    format!("userPrincipalName,displayName,id,accountEnabled,userType,department\n{rows}")
}

const OPTIONS: [&str; 5] = ["-t", "entra-oath,oath-usersfile", "--sheets", "none", "--per-file=300"];

fn spawn(staff: &Staff, more: &[&str]) -> std::process::Child {
    let options: Vec<&str> = OPTIONS.iter().chain(more).copied().collect();
    Command::new(env!("CARGO_BIN_EXE_otpferry"))
        .args(staff.arguments("Acme", "out", &options))
        .current_dir(staff.sandbox.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Login name to secret, in base32, over all files of both servers that there are. Temporary files count as well.
fn written(staff: &Staff) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (mut entra, mut liboath) = (BTreeMap::new(), BTreeMap::new());
    for name in staff.names("out") {
        let text = staff.text(&format!("out/{name}"));
        for line in text.lines() {
            let cells: Vec<&str> = line.split([',', '\t']).collect();
            if line.starts_with("HOTP/T30/6\t") && cells.len() == 4 && cells[3].len() == 40 {
                let key = data_encoding::HEXLOWER.decode(cells[3].as_bytes()).unwrap();
                liboath.insert(cells[1].to_owned(), data_encoding::BASE32_NOPAD.encode(&key));
            } else if cells.len() == 6 && cells[2].len() == 32 {
                entra.insert(cells[0].to_owned(), cells[2].to_owned());
            }
        }
    }
    (entra, liboath)
}

/// What has to hold at every moment: what was written is in the ledger.
fn check_nothing_strange(staff: &Staff) {
    if !staff.sandbox.path("out").exists() {
        return;
    }
    let (entra, liboath) = written(staff);
    if entra.is_empty() && liboath.is_empty() {
        return;
    }
    let known: BTreeSet<String> = staff.secrets().into_values().collect();
    assert!(
        entra.values().chain(liboath.values()).all(|secret| known.contains(secret)),
        "a secret is not in the ledger"
    );
}

#[test]
fn killed_at_any_moment_and_gone_on_with() {
    // How long a run takes here, with everything that slows it down.
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster());
    let begin = Instant::now();
    assert_eq!(spawn(&staff, &[]).wait().unwrap().code(), Some(0));
    let whole = begin.elapsed();
    let mut cut_short = 0;
    let mut before_ledger = 0;
    for round in 0..MOST_ROUNDS {
        if cut_short == KILLS {
            break;
        }
        let staff = Staff::new();
        staff.sandbox.put("roster.csv", roster());
        // Evenly over the time of a run, in an order that goes to and fro.
        let share = f64::from(round * 37 % 97) / 100.0;
        let mut child = spawn(&staff, &[]);
        sleep(whole.mul_f64(share));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        cut_short += u32::from(ended.code().is_none());
        check_nothing_strange(&staff);
        let early = staff.sandbox.path("ledger.age").exists().then(|| staff.secrets());
        before_ledger += usize::from(early.is_none());

        assert_eq!(
            spawn(&staff, &["--resume"]).wait().unwrap().code(),
            Some(0),
            "killed after {share} of the run"
        );
        let secrets = staff.secrets();
        assert_eq!(secrets.len(), PEOPLE);
        assert_eq!(staff.ledger().len(), PEOPLE, "one entry for everybody");
        assert_eq!(secrets.values().collect::<BTreeSet<_>>().len(), PEOPLE);
        if let Some(early) = early {
            assert_eq!(early, secrets, "what was in the ledger stays");
        }
        let (entra, liboath) = written(&staff);
        assert!(entra == secrets && liboath == secrets, "killed after {share} of the run");
        let mut names = vec!["report.csv".to_owned()];
        for (stem, end) in [("entra-tokens", "csv"), ("users", "oath")] {
            names.extend((1..=4).map(|part| format!("{stem}-{part}-of-4.{end}")));
        }
        names.sort();
        assert_eq!(staff.names("out"), names, "no unfinished file stays");
        let staged: BTreeSet<String> = staff
            .text("ledger.age.log.jsonl")
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|line| line["action"] == "stage")
            .map(|line| line["account"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(staged.len(), PEOPLE, "the log tells of everybody");
    }
    assert_eq!(cut_short, KILLS, "too few runs were cut short");
    println!(
        "{cut_short} runs were killed, {before_ledger} of them before there was a ledger; a run takes {whole:?}"
    );
}
