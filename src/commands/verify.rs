//! `verify`: whether the new accounts show the codes of the old ones.

use std::io::{self, IsTerminal};
use std::path::Path;

use serde::Serialize;

use crate::cli::VerifyArgs;
use crate::failure::{Exit, Failure};
use crate::output::{self, Pending};
use crate::random;
use crate::show::Terminal;
use crate::side::Side;
use crate::verify::ask::{Answers, Conversation};
use crate::verify::{Certificate, text};

pub(super) fn run(args: &VerifyArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    if let Some(output) = &args.output {
        output::check_free(output, false)?;
    }
    let (exit, document) = match &args.new {
        Some(new) => {
            let certificate = compare(args, new, terminal)?;
            let document = document(terminal, &certificate, text::of)?;
            (certificate.exit(args.read.partial), document)
        }
        None => {
            let answers = ask(args, terminal)?;
            let document = document(terminal, &answers, Answers::text)?;
            (answers.exit(args.read.partial), document)
        }
    };
    if !(terminal.is_quiet() && exit == Exit::Done) {
        terminal.print(&document);
    }
    if let Some(output) = &args.output {
        Pending::write(output, document.as_bytes(), false)?.publish()?;
    }
    Ok(exit)
}

fn document<T: Serialize>(
    terminal: &Terminal,
    value: &T,
    text: impl Fn(&T) -> String,
) -> Result<String, Failure> {
    if terminal.wants_json() { Terminal::json(value) } else { Ok(text(value)) }
}

fn compare(args: &VerifyArgs, new: &Path, terminal: &Terminal) -> Result<Certificate, Failure> {
    let (old, new) = Side::read_both((&args.old, new), args.from_new.as_deref(), &args.read, terminal)?;
    Ok(Certificate::of(&old, &new, args.at, &salt()?))
}

fn ask(args: &VerifyArgs, terminal: &Terminal) -> Result<Answers, Failure> {
    let old = Side::read(&args.old, &args.read, terminal)?;
    let is_stdin_taken = args.old == Path::new("-");
    let conversation = Conversation {
        input: Terminal::keyboard(is_stdin_taken)?,
        say: Box::new(|text| terminal.tell(text)),
        is_echoed: is_stdin_taken || io::stdin().is_terminal(),
        at: args.at,
    };
    Ok(conversation.hold(&old))
}

/// It is kept nowhere: see [`otpferry_formats::model::Fingerprint::salted`].
fn salt() -> Result<[u8; 32], Failure> {
    let mut salt = [0; 32];
    random::fill(&mut salt)?;
    Ok(salt)
}
