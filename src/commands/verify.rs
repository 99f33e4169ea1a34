//! `verify`: whether the new accounts show the codes of the old ones.

use crate::cli::VerifyArgs;
use crate::failure::{Exit, Failure};
use crate::output::{self, Pending};
use crate::show::Terminal;
use crate::side::Side;
use crate::verify::{Certificate, text};

pub(super) fn run(args: &VerifyArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    if let Some(output) = &args.output {
        output::check_free(output, false)?;
    }
    let Some(new) = &args.new else {
        return Ok(Exit::Done);
    };
    let (old, new) = Side::read_both((&args.old, new), args.from_new.as_deref(), &args.read, terminal)?;
    let certificate = Certificate::of(&old, &new, args.at, &salt()?);
    let exit = certificate.exit(args.read.partial);
    let document = if terminal.wants_json() { Terminal::json(&certificate)? } else { text::of(&certificate) };
    if !(terminal.is_quiet() && exit == Exit::Done) {
        terminal.print(&document);
    }
    if let Some(output) = &args.output {
        Pending::write(output, document.as_bytes(), false)?.publish()?;
    }
    Ok(exit)
}

/// It is kept nowhere: see [`otpferry_formats::model::Fingerprint::salted`].
fn salt() -> Result<[u8; 32], Failure> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt)
        .map_err(|_| Failure::new(Exit::Internal, "the system gives no random numbers"))?;
    Ok(salt)
}
